"""The dataset depends only on its settings, and is replaced as a whole."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pydantic import ValidationError

from emotion.data.face_regions import LEVELS
from emotion.data.labels import RECIPE_CLASSES
from emotion.datasets.drawn_faces import dataset
from emotion.datasets.drawn_faces.dataset import PROPORTIONS, DrawFacesParams, draw_dataset

pytestmark = pytest.mark.slow

SMALL = DrawFacesParams(subjects=4, images_per_subject=3, size=64)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "faces"
    draw_dataset(SMALL, folder)
    return folder


def test_the_same_settings_give_the_same_bytes(drawn, tmp_path):
    draw_dataset(SMALL, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(drawn)
    assert len(contents(drawn)) == 3 * 12 + 1


def test_a_larger_dataset_contains_the_smaller_one(drawn, tmp_path):
    larger = DrawFacesParams(subjects=5, images_per_subject=4, size=64)
    draw_dataset(larger, tmp_path / "larger")
    small, large = contents(drawn), contents(tmp_path / "larger")
    del small["labels.csv"]
    assert small.items() <= large.items()


def test_another_seed_draws_different_images(drawn, tmp_path):
    draw_dataset(DrawFacesParams(subjects=4, images_per_subject=3, size=64, seed=1), tmp_path / "b")
    first, second = contents(drawn), contents(tmp_path / "b")
    assert all(first[name] != second[name] for name in first if name.startswith("images"))


def test_labels_csv_lists_every_file_and_reads_back_as_text(drawn):
    rows = pd.read_csv(drawn / "labels.csv", dtype=str, keep_default_na=False)
    assert list(rows.columns) == [
        "path", "label", "subject", "skin_tone", "glasses", "beard", "age", "evidence",
        "face_regions", "evidence_units", "synthetic",
    ]  # fmt: skip
    files = {*rows["path"], *rows["evidence"], *rows["face_regions"], "labels.csv"}
    assert files == set(contents(drawn))
    assert set(rows["label"]) <= set(RECIPE_CLASSES)
    assert set(rows["synthetic"]) == {"1"}
    assert rows["subject"].value_counts().tolist() == [3, 3, 3, 3]
    assert (rows.groupby("subject")[["skin_tone", "glasses", "beard", "age"]].nunique() == 1).all(
        axis=None
    )


def test_masks_have_the_size_of_their_images_and_are_black_for_neutral(tmp_path):
    rows = draw_dataset(DrawFacesParams(subjects=8, size=64), tmp_path / "faces")
    for row in rows.itertuples():
        image = Image.open(tmp_path / "faces" / row.path)
        mask = Image.open(tmp_path / "faces" / row.evidence)
        regions = Image.open(tmp_path / "faces" / row.face_regions)
        assert image.size == mask.size == regions.size == (64, 64)
        assert (image.mode, mask.mode, regions.mode) == ("RGB", "L", "L")
        assert (np.asarray(mask) > 127).any() == (row.label != "neutral")
        assert bool(row.evidence_units) == (row.label != "neutral")
        assert set(np.unique(regions)) == {0, *LEVELS.values()}
    assert "neutral" in set(rows["label"])


def test_class_shares_match_the_proportions(monkeypatch):
    monkeypatch.setattr(dataset, "draw_face", lambda *_: None)
    labels = [
        dataset.draw_sample(DrawFacesParams(), None, subject, number).label
        for subject in range(200)
        for number in range(8)
    ]
    shares = pd.Series(labels).value_counts(normalize=True)
    assert tuple(PROPORTIONS) == RECIPE_CLASSES
    assert sum(PROPORTIONS.values()) == pytest.approx(1.0)
    for label, share in PROPORTIONS.items():
        assert shares[label] == pytest.approx(share, abs=0.03)


def test_a_failure_keeps_the_old_dataset_complete(tmp_path, monkeypatch):
    folder = tmp_path / "faces"
    draw_dataset(SMALL, folder)
    before = contents(folder)

    def fail(*_, **__):
        raise RuntimeError("out of paint")

    monkeypatch.setattr(dataset, "tqdm", fail)  # fails in this process, while the workers draw
    with pytest.raises(RuntimeError, match="out of paint"):
        draw_dataset(DrawFacesParams(subjects=2, size=64), folder)
    assert contents(folder) == before


@pytest.mark.parametrize("bad", [{"subjects": 0}, {"difficulty": 1.5}, {"size": 8}, {"sizes": 64}])
def test_invalid_settings_are_rejected(bad):
    with pytest.raises(ValidationError):
        DrawFacesParams(**bad)
