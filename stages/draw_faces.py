"""Draw the dataset that ships with the repository: labeled, license-free, with known evidence.

Reads   the draw_faces section of params.yaml
Writes  data/drawn_faces/
"""

from emotion.datasets.drawn_faces.dataset import DrawFacesParams, draw_dataset
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params = settings_of(DrawFacesParams, "draw_faces")
    rows = draw_dataset(params, paths.DRAWN_FACES)
    counts = rows["label"].value_counts().sort_index()
    summary = ", ".join(f"{label} {count}" for label, count in counts.items())
    subjects = rows["subject"].nunique()
    print(f"{len(rows)} faces of {subjects} subjects in {paths.DRAWN_FACES}: {summary}")


if __name__ == "__main__":
    run(main)
