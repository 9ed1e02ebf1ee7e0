"""Compare faces found in scenes of several with the same faces cut out by hand.

`measure_parties` is a part of bench_faces. The scenes and the true squares of the faces are those
of benchmarks/scenes.py. Cut by hand is what the network sees of a face: the scene is rotated with
Pillow and cut at whole pixels, and given with `--cropped`. How far resampling alone changes a
prediction is measured with the same cut, its upper left corner moved by half a pixel, as far as
whole pixels can be off.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.scenes import SQUARE
from emotion.core import files
from emotion.data.images import read_image
from emotion.prediction import Prediction, Predictor
from emotion.prediction.loading import load_model


def measure_parties(run: Path, scenes: Path) -> dict[str, float]:
    """Predict all scenes with a network, and write parties.csv in its folder, one row per face.

    Args:
        run: folder of the network.
        scenes: written by benchmarks/scenes.py.

    Returns:
        Numbers of faces, of those found and of boxes elsewhere. Of the faces found, in percent, how
        many have the class of their label and the class of their cut; and the mean difference of
        the probability of that class. `resampled_` is the same for the cut and the moved one.
    """
    model = load_model(run / "best_model.pth")
    predictor, of_crops = Predictor(model), Predictor(model, cropped=True)
    truth = pd.read_csv(scenes / "parties.csv")
    rows, elsewhere = [], 0
    for path, squares in truth.groupby("path"):
        image = read_image(scenes / str(path))
        predictions = predictor.predict_faces(image)
        owners = [owner_of(one, squares) for one in predictions]
        elsewhere += owners.count(None)
        for one, owner in zip(predictions, owners, strict=True):
            if owner is not None:
                cells = squares.loc[owner].to_dict()
                rows.append(cells | compare_cuts(of_crops, image, one))
    found = pd.DataFrame(rows)
    files.write_csv(run / "parties.csv", found)
    percent = {
        "correct": (found["predicted"] == found["label"]).mean(),
        "same_class": (found["predicted"] == found["cut"]).mean(),
        "difference": found["difference"].mean(),
        "resampled_same_class": (found["cut"] == found["resampled"]).mean(),
        "resampled_difference": found["resampled_difference"].mean(),
    }
    counts = {"faces": len(truth), "found": len(found), "elsewhere": elsewhere}
    return counts | {name: round(100 * float(value), 2) for name, value in percent.items()}


def owner_of(prediction: Prediction, squares: pd.DataFrame) -> int | None:
    """The index of the true square in which the box has its middle."""
    assert prediction.face is not None
    left, top, right, bottom = prediction.face.box
    starts, stops = squares[list(SQUARE[:2])].to_numpy(), squares[list(SQUARE[2:])].to_numpy()
    middle = np.array([left + right, top + bottom]) / 2
    inside = ((middle >= starts) & (middle <= stops)).all(axis=1)
    return int(squares.index[inside.argmax()]) if inside.any() else None


def compare_cuts(
    of_crops: Predictor, image: Image.Image, prediction: Prediction
) -> dict[str, object]:
    """The prediction of a face found, next to those of its cut and of the moved cut."""
    assert prediction.face is not None
    cut = cut_by_hand(image, of_crops.model.preprocessing.view_map(image.size, prediction.face))
    moved = cut.resize(cut.size, Image.Resampling.BICUBIC, box=(0.5, 0.5, *cut.size))
    by_hand, resampled = (of_crops.predict(one) for one in (cut, moved))
    name = prediction.label
    return {
        "box": " ".join(f"{value:.0f}" for value in prediction.face.box),
        "predicted": name,
        "confidence": prediction.confidence,
        "cut": by_hand.label,
        "difference": abs(prediction.confidence - by_hand.probabilities[name]),
        "resampled": resampled.label,
        "resampled_difference": abs(resampled.probabilities[name] - by_hand.probabilities[name]),
    }


def cut_by_hand(image: Image.Image, view: np.ndarray) -> Image.Image:
    """Cut a square, given as its affine map to the image, at whole pixels, turned upright.

    The border of the image continues outside, as in the crops of the pipeline.
    """
    side = round(float(np.hypot(*view[:, 0])))
    angle = float(np.degrees(np.arctan2(view[1, 0], view[0, 0])))
    middle = view @ [0.5, 0.5, 1]
    around = 2 * side
    pixels = np.pad(np.asarray(image), ((around, around), (around, around), (0, 0)), mode="edge")
    center = (middle + around).tolist()
    turned = Image.fromarray(pixels).rotate(
        angle, Image.Resampling.BICUBIC, center=(center[0], center[1])
    )
    left, top = (round(value - side / 2) for value in center)
    return turned.crop((left, top, left + side, top + side))
