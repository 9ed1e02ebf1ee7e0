"""Evaluation of a tiny network, from the checkpoint and the manifests to the report."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from emotion.data import cache, manifest
from emotion.data.cache import CacheParams
from emotion.data.transforms import preprocess_batch
from emotion.evaluation.evaluator import evaluate_checkpoint
from emotion.evaluation.params import EvaluateParams
from emotion.models.checkpoint import load_checkpoint
from tests.conftest import make_checkpoint
from tests.user_errors import user_error

pytestmark = pytest.mark.slow

NAMES = ["angry", "happy"]
PARAMS = EvaluateParams(batch_size=5, bootstrap=100)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with a checkpoint, 24 images, val.csv and test.csv."""
    folder = tmp_path_factory.mktemp("project")
    checkpoint = make_checkpoint(img_size=32, head="linear", class_names=NAMES)
    checkpoint.save(folder / "best_model.pth")
    for split in ("val", "test"):
        manifest.write_manifest(folder / f"{split}.csv", make_rows(folder, split))
    return folder


def make_rows(folder, split: str) -> pd.DataFrame:
    random = np.random.default_rng(len(split))
    rows = []
    for i in range(12):
        path = folder / f"{split}_{i}.png"
        Image.fromarray(random.integers(0, 255, (40, 48, 3), dtype=np.uint8)).save(path)
        values = (path, NAMES[i % 2], split, str(i // 3), "toy", f"toy/{i // 3}", "0", 48, 40, True)
        rows.append(dict(zip(manifest.COLUMNS, values, strict=True)))
    return pd.DataFrame(rows)


def run(project, test_file="test.csv", params=PARAMS, cache=CacheParams()):  # noqa: B008
    return evaluate_checkpoint(
        project / "best_model.pth", project / "val.csv", project / test_file, params, cache
    )


def test_both_splits_are_predicted_and_the_calibration_is_that_of_the_model(project):
    result = run(project)
    assert len(result.val.rows) == len(result.test.rows) == 12
    assert (result.model.model_type, result.model.weights) == ("test_resnet", "random")
    assert result.model.temperature == result.calibration.temperature
    assert result.best_epoch == 3


def test_logits_are_those_of_the_network_on_the_center_of_each_image(project):
    result = run(project)
    checkpoint = load_checkpoint(project / "best_model.pth")
    preprocessing = checkpoint.preprocessing
    method = Image.Resampling[preprocessing.interpolation.upper()]
    expected = []
    for path in result.test.rows["path"]:
        # 40 x 48 pixels: the center square is resized to 36 = round(1.14 * 32), then cut to 32.
        image = Image.open(path).resize((36, 36), method, box=(4, 0, 44, 40))
        pixels = np.asarray(image)[2:34, 2:34] / 255
        pixels = (pixels - preprocessing.mean) / preprocessing.std
        batch = torch.tensor(pixels, dtype=torch.float32).permute(2, 0, 1)[None]
        with torch.no_grad():
            expected.append(checkpoint.build_model()(batch)[0].numpy())
    np.testing.assert_allclose(result.test.logits, expected, rtol=0, atol=2e-5)
    assert result.test.logits.std() > 1e-3


def test_with_flip_logits_are_averaged_and_the_calibration_records_it(project):
    result = run(project, params=EvaluateParams(batch_size=5, bootstrap=100, flip=True))
    checkpoint = load_checkpoint(project / "best_model.pth")
    files = manifest.face_images(result.test.rows)
    images = cache.open_images(files, checkpoint.preprocessing, CacheParams())
    views = preprocess_batch(next(images.batches([np.arange(12)])), checkpoint.preprocessing)
    network = checkpoint.build_model()
    with torch.no_grad():
        expected = (network(views) + network(views.flip(3))) / 2
    np.testing.assert_allclose(result.test.logits, expected, rtol=0, atol=2e-5)
    assert result.calibration.flip
    assert not run(project).calibration.flip


def test_batch_size_does_not_change_the_logits(project):
    other = EvaluateParams(batch_size=12, bootstrap=100)
    np.testing.assert_allclose(
        run(project).test.logits, run(project, params=other).test.logits, rtol=0, atol=2e-5
    )


@pytest.mark.parametrize(
    "settings",
    [CacheParams(cache="off", workers=0), CacheParams(cache_gb=1e-6)],
    ids=["no cache", "memory-mapped cache"],
)
def test_the_cache_settings_do_not_change_the_predictions(project, settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # of the memory-mapped file
    expected, result = run(project), run(project, cache=settings)
    np.testing.assert_array_equal(result.val.logits, expected.val.logits)
    np.testing.assert_array_equal(result.test.logits, expected.test.logits)


def test_without_a_cache_the_images_are_not_kept(project, monkeypatch):
    def fail(*_args, **_kwargs):
        raise AssertionError("the images were cached")

    monkeypatch.setattr(cache, "cache_images", fail)
    assert len(run(project, cache=CacheParams(cache="off", workers=0)).test.logits) == 12


def test_a_split_with_other_classes_is_rejected_before_any_image_is_read(project):
    rows = manifest.read_manifest(project / "test.csv").assign(label="disgust", path="nowhere.png")
    manifest.write_manifest(project / "wrong.csv", rows)
    with user_error("disgust", *NAMES, file="wrong.csv"):
        run(project, "wrong.csv")
