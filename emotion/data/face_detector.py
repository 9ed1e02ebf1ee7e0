"""Detect faces with YuNet, a network of 230 KB (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level
Face Detector", Machine Intelligence Research, 2023).

It has no anchors: at strides of 8, 16 and 32 pixels, each cell gives the probability of a face, an
objectness, a box and five landmarks. The weights are those of OpenCV Zoo (MIT). They are in this
folder because the packages that contain them require another version of OpenCV.
docs/detector.md compares YuNet with other detectors.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from emotion.data.face import Face

WEIGHTS = Path(__file__).with_name("yunet.onnx")
STRIDES = (8, 16, 32)
MIN_SCORE = 0.8  # most faces have 0.85 to 0.95
# Of an image without such a face, one that fills half of its side is enough: a crop, blurred or cut
# off at the border.
CLOSE_UP_SCORE, CLOSE_UP_SIDE = 0.6, 0.5
DECIMALS = 2  # of pixels and scores; further ones differ between machines
MIN_FACE = 20  # pixels, the longer side of the box
OVERLAP = 0.3  # intersection over union; of two boxes that overlap more, one is dropped
# The network is accurate for faces of 40 to 300 pixels, so it runs at two scales: one at which the
# smallest face to detect has GOOD_SIZE, and one at which the image has COARSE_SIDE, for faces that
# fill the image. Each is limited.
GOOD_SIZE, FINE_ZOOM, FINE_SIDE = 40, 2.0, 1920
COARSE_SIDE, COARSE_ZOOM = 320, 5.0
_MULTIPLE = STRIDES[-1]  # of the sides of the input
# Upright faces have 0.92 or more (95 % of 250 photographs); of upside-down faces, two thirds are
# found too, with landmarks that are wrong, and at most 0.9 (95 %).
SURE = 0.9
# Degrees clockwise by which an image is turned.
TURNS = {
    90: Image.Transpose.ROTATE_270,
    270: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
}


class FaceDetector:
    """The detector; it may be called from several threads.

    Args:
        threads: of the network for one image.
    """

    def __init__(self, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors only
        self._session = onnxruntime.InferenceSession(
            WEIGHTS, options, providers=["CPUExecutionProvider"]
        )
        self._outputs = [f"{kind}_{s}" for s in STRIDES for kind in ("cls", "obj", "bbox", "kps")]

    def detect(
        self, image: Image.Image, min_face: float = MIN_FACE, turn: bool = True
    ) -> list[Face]:
        """The faces of an image, from left to right.

        Photographs without EXIF data may lie on their side. Where no face is SURE, the image is
        also turned by quarter turns; if one is sure then, the faces of the best turn are returned.

        Args:
            image: RGB; some faces that are rotated by more than 30 degrees are missed.
            min_face: smallest longer side of a box, pixels.
            turn: whether the image may be turned, which takes three times as long again.

        Returns:
            The faces, in pixels of `image`; their `turn` says how it was turned.
        """
        upright = self._detect_upright(image, min_face)
        if not turn or _best_score(upright) >= SURE:
            return upright
        found = {
            angle: self._detect_upright(image.transpose(method), min_face)
            for angle, method in TURNS.items()
        }
        best = max(found, key=lambda angle: _best_score(found[angle]))
        if _best_score(found[best]) < SURE:
            return upright
        turned = [_turn_back(face, best, image.size) for face in found[best]]
        return sorted(turned, key=lambda face: face.box)

    def _detect_upright(self, image: Image.Image, min_face: float) -> list[Face]:
        longer = max(image.size)
        fine = min(GOOD_SIZE / min_face, FINE_ZOOM, FINE_SIDE / longer)
        coarse = min(COARSE_SIDE / longer, COARSE_ZOOM)
        found = [self._detect_at_scale(image, scale) for scale in sorted({fine, coarse})]
        rows = _select(np.concatenate(found), min_face, CLOSE_UP_SIDE * longer)
        faces = [
            Face(
                box=tuple(row[:4]),
                score=min(row[4], 1.0),
                landmarks=tuple(zip(row[5:15:2], row[6:15:2], strict=True)),
                zoom=_smallest_scale(rows, row),
            )
            for row in np.round(suppress(rows), DECIMALS).tolist()
        ]
        return sorted(faces, key=lambda face: face.box)

    def _detect_at_scale(self, image: Image.Image, scale: float) -> np.ndarray:
        """Faces of the resized image, in pixels of the original, float64 (n, 16).

        The columns are box, score, landmarks, and `scale`.
        """
        size = [max(1, round(side * scale)) for side in image.size]
        scaled = image.resize((size[0], size[1]), Image.Resampling.BILINEAR)
        width, height = (-(-side // _MULTIPLE) * _MULTIPLE for side in size)
        pixels = np.zeros((1, 3, height, width), np.float32)
        # BGR in 0..255; padded with black at the right and at the bottom.
        pixels[0, :, : size[1], : size[0]] = np.asarray(scaled)[..., ::-1].transpose(2, 0, 1)
        outputs = self._session.run(self._outputs, {"input": pixels})
        rows = []
        for number, stride in enumerate(STRIDES):
            kinds = [output[0] for output in outputs[4 * number : 4 * number + 4]]
            rows.append(_decode(kinds, stride, width // stride))
        found = np.concatenate(rows)
        factor = np.array(image.size) / size
        found[:, :4] *= np.tile(factor, 2)
        found[:, 5:] *= np.tile(factor, 5)
        return np.column_stack([found, np.full(len(found), scale)])


def _best_score(faces: list[Face]) -> float:
    return max((face.score for face in faces), default=0.0)


def suppress(rows: np.ndarray) -> np.ndarray:
    """Non-maximum suppression: of boxes that overlap, keep the one with the highest score.

    Args:
        rows: left, top, right, bottom, score, and any other columns, float (n, 5 or more).

    Returns:
        The rows that are kept, by descending score.
    """
    order = np.argsort(-rows[:, 4], kind="stable")
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        order = order[_overlap(rows[best, :4], rows[order, :4]) <= OVERLAP]
    return rows[kept]


def _select(rows: np.ndarray, min_face: float, close_up: float) -> np.ndarray:
    """The rows that are faces.

    Args:
        rows: of all scales, (n, 16).
        min_face: smallest longer side, pixels.
        close_up: that from which a score of CLOSE_UP_SCORE is enough, if no face has MIN_SCORE.
    """
    sides = (rows[:, 2:4] - rows[:, :2]).max(axis=1, initial=0)
    faces = rows[(sides >= min_face) & (rows[:, 4] >= MIN_SCORE)]
    if len(faces):
        return faces
    filling = rows[sides >= max(min_face, close_up)]
    return filling[np.argsort(-filling[:, 4], kind="stable")[:1]]


def _decode(outputs: list[np.ndarray], stride: int, columns: int) -> np.ndarray:
    """The cells with a face, (n, 15), from the outputs at one stride, (cells, 1, 1, 4 and 10)."""
    face, objectness, box, points = outputs
    score = np.sqrt(np.clip(face[:, 0], 0, 1) * np.clip(objectness[:, 0], 0, 1))
    found = np.flatnonzero(score >= CLOSE_UP_SCORE)
    cell = np.stack((found % columns, found // columns), axis=1)
    center = (cell + box[found, :2]) * stride
    half = np.exp(box[found, 2:]) * (stride / 2)
    landmarks = (points[found].reshape(-1, 5, 2) + cell[:, None]) * stride
    parts = center - half, center + half, score[found, None], landmarks.reshape(-1, 10)
    return np.concatenate(parts, axis=1).astype(np.float64)


def _smallest_scale(rows: np.ndarray, face: list[float]) -> float:
    """The smallest scale at which a face was found.

    Args:
        rows: of all scales, (n, 16).
        face: the row that was kept of those that overlap.
    """
    same = _overlap(np.array(face[:4]), rows[:, :4]) > OVERLAP
    return float(rows[same, 15].min(initial=face[15]))


def _turn_back(face: Face, turn: int, size: tuple[int, int]) -> Face:
    """A face of the turned image, in pixels of the image before it was turned.

    Args:
        face: found in the turned image.
        turn: degrees clockwise, a key of TURNS.
        size: width and height of the image before.
    """
    width, height = size

    def back(x: float, y: float) -> tuple[float, float]:
        return {90: (y, height - x), 180: (width - x, height - y), 270: (width - y, x)}[turn]

    left, top, right, bottom = face.box
    corners = np.array([back(left, top), back(right, bottom)])
    return replace(
        face,
        box=tuple(
            np.concatenate([corners.min(axis=0), corners.max(axis=0)]).round(DECIMALS).tolist()
        ),
        landmarks=tuple(tuple(np.round(back(x, y), DECIMALS).tolist()) for x, y in face.landmarks),
        turn=turn,
    )


def _overlap(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of a box (4,) with others (n, 4)."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.clip(sides, 0, None).prod(axis=1)
    areas = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1)
    return np.asarray(shared / (areas - shared))
