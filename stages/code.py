"""Fingerprint the code that each stage reaches; the head of dvc.yaml says what for.

Reads   emotion/, stages/
Writes  data/code/<stage>.txt, one line per file; data/code/sources.txt, one hash of all
"""

from emotion.core import files
from stages import paths
from stages.run import fingerprint_of, run, sources

NO_STAGES = {"__init__", "code", "paths", "run"}


def main() -> None:
    names = {path.stem for path in paths.STAGES.glob("*.py")} - NO_STAGES
    for name in sorted(names):
        files.write_text(paths.CODE / f"{name}.txt", fingerprint_of(name))
    files.write_text(paths.SOURCES, sources())
    print(f"code: fingerprints of {len(names)} stages in {paths.CODE}")


if __name__ == "__main__":
    run(main)
