"""FER+ and photographs become one dataset: on drawn faces in the formats of both."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmarks import photographs_dataset
from emotion.data.images import read_image
from emotion.data.labels import canonical_label
from emotion.datasets.drawn_faces.dataset import DrawFacesParams, draw_dataset
from emotion.datasets.formats.ferplus import WORDS
from emotion.datasets.params import DataParams
from emotion.datasets.reader import read_dataset
from tests.user_errors import user_error

CODES = ("angry", "disgust", "fearful", "happy", "sad", "surprised", "neutral")
SPLITS = ("Training", "Training", "Training", "PublicTest", "PrivateTest")
CLASS_OF = {word: canonical_label(word) for word in WORDS if canonical_label(word)}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """fer2013.csv with fer2013new.csv, 8 of 10 votes for the class, and photographs."""
    folder = tmp_path_factory.mktemp("sources")
    drawn = folder / "photographs"
    params = DrawFacesParams(subjects=30, images_per_subject=4, difficulty=0.1)
    table = draw_dataset(params, drawn)
    fer, photographs = table.iloc[:80], table.iloc[80:]
    (folder / "ferplus").mkdir()
    pixels = [
        " ".join(map(str, np.asarray(Image.open(drawn / path).convert("L").resize((48, 48))).flat))
        for path in fer["path"]
    ]
    usage = [SPLITS[number % len(SPLITS)] for number in range(len(fer))]
    codes = [CODES.index(label) for label in fer["label"]]
    pd.DataFrame({"emotion": codes, "pixels": pixels, "Usage": usage}).to_csv(
        folder / "ferplus/fer2013.csv", index=False
    )
    votes = {word: 8 * (fer["label"] == CLASS_OF.get(word)).astype(int) for word in WORDS}
    votes["neutral"] += 2
    names = {"Usage": usage, "Image name": "a.png"}
    pd.DataFrame({**names, **votes}).to_csv(folder / "ferplus/fer2013new.csv", index=False)
    splits = [("train", "val", "test")[int(name[1:]) % 3] for name in photographs["subject"]]
    columns = photographs[["path", "label", "subject"]].assign(split=splits)
    columns.to_csv(drawn / "labels.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def joined(sources):
    out = sources / "joined"
    parts = [sources / "ferplus", sources / "photographs"]
    photographs_dataset.main([*map(str, parts), str(out)])
    return out


def test_rows_that_other_networks_are_judged_on_are_left_out(sources, joined):
    table = pd.read_csv(joined / "labels.csv", dtype=str, keep_default_na=False)
    photographs = pd.read_csv(sources / "photographs/labels.csv")
    counted = table.groupby(["source", "split"]).size().to_dict()
    assert counted == {
        ("ferplus", "train"): 48,
        ("ferplus", "test"): 16,
        ("photographs", "train"): (photographs["split"] == "train").sum(),
        ("photographs", "test"): (photographs["split"] == "test").sum(),
    }
    val = set(photographs.loc[photographs["split"] == "val", "subject"])
    assert val
    assert not val & set(table["subject"])


def test_images_are_those_of_the_sources(sources, joined):
    table = pd.read_csv(joined / "labels.csv", dtype=str, keep_default_na=False)
    pixels = pd.read_csv(sources / "ferplus/fer2013.csv")["pixels"]
    first = np.asarray(Image.open(joined / table["path"][0])).ravel()
    assert " ".join(map(str, first)) == pixels[0]
    photograph = table[table["source"] == "photographs"].iloc[0]
    original = Path("photographs", Path(photograph["path"]).relative_to("images/photographs"))
    assert np.array_equal(read_image(joined / photograph["path"]), read_image(sources / original))


@pytest.mark.parametrize("path", ["../../../x.png", "/etc/hostname"])
def test_a_table_cannot_write_outside_of_the_new_dataset(tmp_path, path):
    row = {"source": "photographs", "path": path, "pixels": np.zeros((48, 48), np.uint8)}
    with user_error("outside", file="labels.csv"):
        photographs_dataset.write_image(row, tmp_path / "out")
    assert not list(tmp_path.rglob("*.png"))


def test_soft_labels_have_the_votes_and_the_label_of_fer2013_by_their_weights(sources, joined):
    weight = 0.3
    params = DataParams(root=str(joined), votes="soft", other_labels={"fer2013_label": weight})
    rows, _ = read_dataset(params)
    votes = pd.read_csv(sources / "ferplus/fer2013new.csv")
    chosen = votes["Usage"] != "PrivateTest"
    ferplus = rows[rows["source"] == "ferplus"]
    for word, label in CLASS_OF.items():
        shares = votes.loc[chosen, word].to_numpy() / 10
        own = (shares > 0.5).astype(float)
        mixed = (1 - weight) * shares + weight * own
        np.testing.assert_allclose(ferplus[f"share_{label}"], mixed, atol=1e-9)
    photographs = rows[rows["source"] == "photographs"]
    shares = [row[f"share_{row['label']}"] for row in photographs.to_dict("records")]
    np.testing.assert_allclose(shares, 1)
