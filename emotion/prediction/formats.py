"""Predictions as a table for people, or as JSON lines or CSV for programs, printed as they come."""

import csv
import json
import sys
from collections.abc import Sequence
from typing import Any, Protocol

from emotion.core.text import cell_of, printable, shorten
from emotion.data.face_detector import Face
from emotion.prediction.model import Model
from emotion.prediction.result import Prediction

SYNTHETIC_NOTE = (
    "* This model was trained on drawn faces only. Do not use it on photographs: on 537 of them\n"
    "  the shipped model had accuracy 0.34, as much as always predicting the most frequent class."
)
_NAME = 200  # characters of a path
_TIME = 12  # characters of the time of a frame
_GEOMETRY = len("1000x1000+1000+1000")


class Writer(Protocol):
    """Prints one prediction after another."""

    def write(self, prediction: Prediction) -> None:
        """Print one; an error that belongs to no row goes to stderr."""

    def end(self) -> None:
        """Print what follows the last one."""


class TableWriter:
    """Rows for people, and below them what their marks mean; errors go to stderr."""

    def __init__(self, model: Model, names: Sequence[str], faces: bool, times: bool) -> None:
        """Set the widths of the columns.

        Args:
            model: that predicts.
            names: of all sources.
            faces: whether there is a column for the place of the face.
            times: whether there is a column for the time of the frame.
        """
        self.model, self.faces, self.times = model, faces, times
        answers = [_answer(name, model.threshold is not None) for name in model.class_names]
        self.widths = (
            max(len(text) for text in ("image", *map(_shown, names))),
            max(len(text) for text in ("class", *answers)),
        )
        self.mark = "*" if model.synthetic_fraction == 1 else ""
        self.rows = self.uncertain = 0

    def write(self, prediction: Prediction) -> None:  # noqa: D102
        if prediction.error:
            _print_error(prediction)
            return
        if not self.rows:
            self._print("image", "time", "face", "class", "probability", "")
        self.rows += 1
        self.uncertain += prediction.uncertain
        self._print(
            _shown(prediction.image),
            _seconds(prediction),
            _geometry(prediction.face),
            _answer(prediction.label, prediction.uncertain),
            f"{prediction.confidence:.3f}",
            self.mark,
        )

    def end(self) -> None:  # noqa: D102
        if self.uncertain:
            print(_explain_uncertain(self.model))
        if self.rows and self.mark:
            print(SYNTHETIC_NOTE)

    def _print(
        self, image: str, time: str, face: str, label: str, probability: str, mark: str
    ) -> None:
        cells = [f"{image:<{self.widths[0]}}"]
        cells += [f"{time:>{_TIME}}"] if self.times else []
        cells += [f"{face:<{_GEOMETRY}}"] if self.faces else []
        cells += [f"{label:<{self.widths[1]}}", f"{probability:>11} {mark}"]
        print("  ".join(cells).rstrip(), flush=True)


class JsonWriter:
    """One object per line; an image that cannot be read has the key `error` instead of answers."""

    def write(self, prediction: Prediction) -> None:  # noqa: D102
        print(json.dumps(to_json(prediction), ensure_ascii=False), flush=True)

    def end(self) -> None:  # noqa: D102
        pass


class CsvWriter:
    """A table with one column per class; an image that cannot be read has an `error`."""

    def __init__(self, model: Model) -> None:
        self.class_names = model.class_names
        self.writer = csv.writer(sys.stdout, lineterminator="\n")
        box = ("left", "top", "right", "bottom")
        ends = ("label", "confidence", "uncertain", *model.class_names, "error")
        self.writer.writerow(["image", "time", *box, *map(cell_of, ends)])

    def write(self, prediction: Prediction) -> None:  # noqa: D102
        face, answered = prediction.face, not prediction.error
        cells: list[Any] = [cell_of(prediction.image)]
        cells.append("" if prediction.time is None else prediction.time)
        cells += [round(value, 1) for value in face.box] if face else [""] * 4
        cells += (
            [cell_of(prediction.label), round(prediction.confidence, 6)] if answered else ["", ""]
        )
        cells.append(str(prediction.uncertain).lower() if answered else "")
        cells += [
            round(prediction.probabilities.get(n, 0.0), 6) if answered else ""
            for n in self.class_names
        ]
        self.writer.writerow([*cells, cell_of(prediction.error)])
        sys.stdout.flush()

    def end(self) -> None:  # noqa: D102
        pass


def to_json(prediction: Prediction) -> dict[str, Any]:
    """A prediction as plain types; keys without a value are left out."""
    found: dict[str, Any] = {"image": prediction.image}
    if prediction.time is not None:
        found["time"] = prediction.time
    if prediction.error:
        return found | {"error": prediction.error}
    if prediction.face:
        found["box"] = [round(value, 1) for value in prediction.face.box]
        found["score"] = round(prediction.face.score, 4)
    return found | {
        "label": prediction.label,
        "confidence": round(prediction.confidence, 6),
        "uncertain": prediction.uncertain,
        "probabilities": {
            name: round(value, 6) for name, value in prediction.probabilities.items()
        },
    }


def _print_error(prediction: Prediction) -> None:
    print(f"error: {printable(prediction.error)}", file=sys.stderr, flush=True)


def _shown(name: str) -> str:
    return shorten(printable(name), _NAME)


def _seconds(prediction: Prediction) -> str:
    return "" if prediction.time is None else f"{prediction.time:.2f} s"


def _geometry(face: Face | None) -> str:
    """Width x height + left + top, as in X11."""
    if face is None:
        return ""
    left, top, right, bottom = (round(value) for value in face.box)
    return f"{right - left}x{bottom - top}{left:+d}{top:+d}"


def _answer(label: str, uncertain: bool) -> str:
    return f"uncertain ({label})" if uncertain else label


def _explain_uncertain(model: Model) -> str:
    note = f"uncertain: the probability is below {model.threshold:g}, the threshold chosen on"
    if model.target_error is None:
        return f"{note} validation."
    percent = 100 * model.target_error
    return f"{note}\n  validation so that at most {percent:g} % of the other answers are wrong."
