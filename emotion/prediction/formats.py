"""Print predictions as a table, as JSON lines or as CSV, each as soon as it is there."""

import csv
import json
import sys
from collections.abc import Sequence
from typing import Any

from emotion.core.text import cell_of, printable, shorten
from emotion.data.face import Face
from emotion.prediction.model import Model
from emotion.prediction.result import Prediction

SYNTHETIC_NOTE = (
    "* This model was trained on drawn faces only. Do not use it on photographs: on 537 of them\n"
    "  the shipped model had accuracy 0.26, and always predicting the most frequent class has 0.34."
)
_NAME = 200  # characters of a path
_TIME = 12  # characters of the time of a frame
_GEOMETRY = len("1000x1000+1000+1000")
NO_FACE = "no face"  # in the column of the class


class Writer:
    """Prints predictions one by one."""

    def write(self, prediction: Prediction) -> None:
        """Print one."""
        raise NotImplementedError

    def end(self) -> None:
        """Print the text after the last one, if any."""


class TableWriter(Writer):
    """A table for the terminal, with notes below on its marks; errors go to stderr."""

    def __init__(self, model: Model, names: Sequence[str], faces: bool, times: bool) -> None:
        """Set the widths of the columns.

        Args:
            model: of the predictions.
            names: of all sources.
            faces: whether faces are detected: there is a column for the box of each.
            times: whether there is a column for the time of the frame.
        """
        self.model, self.faces, self.times = model, faces, times
        labels = [_marked(name, model.threshold is not None) for name in model.class_names]
        labels += [NO_FACE] if faces else []
        columns = ("image", *map(_shown, names)), ("class", *labels)
        self.widths = [max(map(len, column)) for column in columns]
        self.mark = "*" if model.synthetic_fraction == 1 else ""
        self.classified = self.uncertain = self.without_face = 0

    def write(self, prediction: Prediction) -> None:  # noqa: D102
        if prediction.error and not prediction.no_face:
            print(f"error: {printable(prediction.error)}", file=sys.stderr, flush=True)
            return
        if not (self.classified or self.without_face):
            self._print("image", "time", "face", "class", "probability", "")
        image = _shown(prediction.image)
        if prediction.no_face:
            self.without_face += 1
            self._print(image, "", "", NO_FACE, "", "")
            return
        self.classified += 1
        self.uncertain += prediction.uncertain
        self._print(
            image,
            "" if prediction.time is None else f"{prediction.time:.2f} s",
            _geometry(prediction.face),
            _marked(prediction.label, prediction.uncertain),
            f"{prediction.confidence:.3f}",
            self.mark,
        )

    def end(self) -> None:  # noqa: D102
        if self.uncertain:
            print(_explain_uncertain(self.model))
        if self.without_face:
            print(_explain_no_face(self.model))
        if self.classified and self.mark:
            print(SYNTHETIC_NOTE)

    def _print(self, image: str, time: str, face: str, label: str, number: str, mark: str) -> None:
        cells = [f"{image:<{self.widths[0]}}"]
        cells += [f"{time:>{_TIME}}"] if self.times else []
        cells += [f"{face:<{_GEOMETRY}}"] if self.faces else []
        cells += [f"{label:<{self.widths[1]}}", f"{number:>11} {mark}"]
        print("  ".join(cells).rstrip(), flush=True)


class JsonWriter(Writer):
    """One object per line; an image that cannot be read has `error` in place of probabilities.

    So has an image without a face, and `no_face`, which is true.
    """

    def write(self, prediction: Prediction) -> None:  # noqa: D102
        found = {"image": _encodable(prediction.image, "utf-8")} | to_json(prediction)
        is_unicode = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
        print(json.dumps(found, ensure_ascii=not is_unicode), flush=True)


class CsvWriter(Writer):
    """A table with one column per class; an image that cannot be read has an `error`.

    So has an image without a face, and true in the column `no_face`.
    """

    def __init__(self, model: Model) -> None:
        self.class_names = model.class_names
        self.writer = csv.writer(sys.stdout, lineterminator="\n")
        face = ("left", "top", "right", "bottom", "turn")
        ends = ("label", "confidence", "uncertain", *model.class_names, "no_face", "error")
        self._print(["image", "time", *face, *map(cell_of, ends)])

    def write(self, prediction: Prediction) -> None:  # noqa: D102
        found, face = prediction, prediction.face
        cells: list[Any] = [cell_of(found.image), "" if found.time is None else found.time]
        cells += [*_round_box(face), face.turn or ""] if face else [""] * 5
        if found.error:
            cells += [""] * (3 + len(self.class_names))
        else:
            cells += [cell_of(found.label), round(found.confidence, 6)]
            cells.append(str(found.uncertain).lower())
            cells += [round(found.probabilities[name], 6) for name in self.class_names]
        self._print([*cells, str(found.no_face).lower(), cell_of(found.error)])

    def _print(self, cells: list[Any]) -> None:
        encoding = sys.stdout.encoding or "utf-8"
        self.writer.writerow([_encodable(str(cell), encoding) for cell in cells])
        sys.stdout.flush()


def to_json(prediction: Prediction) -> dict[str, Any]:
    """A prediction as an object of JSON, without its image; keys without a value are left out."""
    found: dict[str, Any] = {} if prediction.time is None else {"time": prediction.time}
    if prediction.no_face:
        found["no_face"] = True
    if prediction.error:
        return found | {"error": prediction.error}
    if face := prediction.face:
        found |= {"box": _round_box(face), "score": round(face.score, 4)}
        found |= {"turn": face.turn} if face.turn else {}
    return found | {
        "label": prediction.label,
        "confidence": round(prediction.confidence, 6),
        "uncertain": prediction.uncertain,
        "probabilities": {key: round(p, 6) for key, p in prediction.probabilities.items()},
    }


def _encodable(text: str, encoding: str) -> str:
    r"""The text with characters that an encoding lacks written out: \u6012.

    A file name that is not UTF-8 has lone surrogates, and two such names must stay two.
    """
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _shown(name: str) -> str:
    return shorten(printable(name), _NAME)


def _round_box(face: Face) -> list[float]:
    return [round(value, 1) for value in face.box]


def _geometry(face: Face | None) -> str:
    """Width x height + left + top, as in X11."""
    if face is None:
        return ""
    left, top, right, bottom = (round(value) for value in face.box)
    return f"{right - left}x{bottom - top}{left:+d}{top:+d}"


def _marked(label: str, uncertain: bool) -> str:
    return f"uncertain ({label})" if uncertain else label


def _explain_uncertain(model: Model) -> str:
    note = f"uncertain: the probability is below {model.threshold:g}, the threshold chosen on"
    if model.target_error is None:
        return f"{note} validation."
    percent = 100 * model.target_error
    return f"{note}\n  validation so that at most {percent:g} % of the other predictions are wrong."


def _explain_no_face(model: Model) -> str:
    if model.preprocessing.finds_faces:
        return f"{NO_FACE}: --cropped classifies images that are faces already."
    return f"{NO_FACE}: without --detect, the whole image is classified."
