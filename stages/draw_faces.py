"""Draw the dataset that ships with the repository: labeled, license-free, with known evidence.

Reads   params draw_faces and data.root
Writes  data/drawn_faces/, which has only a note if data.root is another folder
"""

from emotion.core import files
from emotion.datasets.drawn_faces.dataset import DataRootParams, DrawFacesParams, draw_dataset
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    data = settings_of(DataRootParams, "data", partial=True)
    if not data.uses(paths.DRAWN_FACES):
        note = f"no faces are drawn, because data.root is {data.root}"
        with files.replacing_folder(paths.DRAWN_FACES) as folder:
            files.write_text(folder / "README.txt", f"{note}\n")
        print(note)
        return
    rows = draw_dataset(settings_of(DrawFacesParams, "draw_faces"), paths.DRAWN_FACES)
    counts = rows["label"].value_counts().sort_index()
    summary = ", ".join(f"{label} {count}" for label, count in counts.items())
    subjects = rows["subject"].nunique()
    print(f"{len(rows)} faces of {subjects} subjects in {paths.DRAWN_FACES}: {summary}")


if __name__ == "__main__":
    run(main)
