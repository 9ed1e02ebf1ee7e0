"""The drawing surface: anti-aliased shapes with soft edges, projected under a head pose.

Shapes are given in face units. One projection rotates all of them with the head, so that the
features, the evidence mask and the occluders stay aligned.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

SUPERSAMPLING = 1.5  # the shapes are already anti-aliased; 2 looks the same but is slower
_SHIFT = 4  # fractional bits of the coordinates that OpenCV draws with
_MIN_ALPHA = 0.03  # paint up to this opacity is skipped
_IMAGE_HEIGHT = 2.2  # in face units, at zoom 1
# Half-axes of the ellipsoid that gives the face its depth; slightly larger than the head.
_HEAD = np.array([0.90, 1.22, 0.62])
_INVERSE_SQUARES = (_HEAD[:2] ** -2.0).tolist()


@dataclass(frozen=True)
class Projection:
    """Map face units to pixels: rotate the head by yaw, pitch and roll (radians), then place it."""

    size: int
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    @cached_property
    def unit(self) -> float:
        """Pixels per face unit."""
        return self.size / _IMAGE_HEIGHT * self.zoom

    @cached_property
    def _axes(self) -> list[list[float]]:
        # Rows: the pixel offsets of one unit of x, y and depth, in an orthographic projection.
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        roll = np.array([[cos, sin], [-sin, cos]])
        head = np.array([[np.cos(self.yaw), 0], [0, np.cos(self.pitch)]])
        depth = np.array([[np.sin(self.yaw), np.sin(self.pitch)]])
        return (np.concatenate([head, depth]) @ roll * self.unit).tolist()

    @cached_property
    def center(self) -> np.ndarray:
        """Pixel coordinates of the middle of the head."""
        return self.size / 2 + np.asarray(self.shift) * self.unit

    def __call__(self, points: np.ndarray, lift: float = 0.0) -> np.ndarray:
        """Return pixel coordinates (n, 2); `lift` is the height of the points above the head."""
        points = np.asarray(points, dtype=np.float64)
        x, y = points[:, 0], points[:, 1]
        inside = 1.0 - x * x * _INVERSE_SQUARES[0] - y * y * _INVERSE_SQUARES[1]
        z = _HEAD[2] * np.sqrt(np.maximum(inside, 0.0)) + lift
        (xx, xy), (yx, yy), (zx, zy) = self._axes
        pixels = np.empty_like(points)
        pixels[:, 0] = x * xx + y * yx + z * zx + self.center[0]
        pixels[:, 1] = x * xy + y * yy + z * zy + self.center[1]
        return pixels


class Canvas:
    """An image being painted: red, green and blue planes as float32 (3, side, side), 0..255.

    Planes, because blending whole rows of one channel is three times faster than RGB triples.
    """

    def __init__(self, projection: Projection, background: np.ndarray) -> None:
        self.projection = projection
        side = projection.size
        self.pixels = np.empty((3, side, side), dtype=np.float32)
        self.pixels[:] = background
        self._window = (0, 0, side, side)  # nothing is painted outside this box

    def fill(
        self,
        points: np.ndarray,
        color: np.ndarray,
        alpha: float = 1.0,
        soft: float = 0.0,
        lift: float = 0.0,
    ) -> None:
        """Fill an outline.

        Args:
            points: corners (n, 2) in face units.
            color: RGB (3,), 0..255.
            alpha: opacity, 0..1.
            soft: blur of the edge, face units.
            lift: height of the points above the head, face units.
        """
        if alpha > _MIN_ALPHA:
            corners = self.projection(points, lift)
            self._blend(*self._coverage(corners, soft), color, alpha)

    def stroke(
        self,
        curve: np.ndarray,
        widths: np.ndarray | float,
        color: np.ndarray,
        alpha: float = 1.0,
        soft: float = 0.0,
        lift: float = 0.0,
    ) -> None:
        """Draw a line along `curve` (n, 2); the rest as for `fill`.

        Args:
            widths: in face units, one number or one per point.
        """
        if alpha > _MIN_ALPHA:
            corners = ribbon(
                self.projection(curve, lift), np.asarray(widths) * self.projection.unit
            )
            self._blend(*self._coverage(corners, soft), color, alpha)

    def lines(
        self, curves: Sequence[np.ndarray], width: float, color: np.ndarray, alpha: float = 1.0
    ) -> None:
        """Draw many thin lines of one width at once (hair)."""
        if not len(curves) or alpha <= _MIN_ALPHA:
            return
        projected = [self.projection(curve) for curve in curves]
        box = self._box(np.concatenate(projected), 2.0)
        mask = np.zeros((box[3] - box[1], box[2] - box[0]), dtype=np.uint8)
        if mask.size:
            fixed = [_to_fixed_point(points, box) for points in projected]
            pixels = max(1, round(width * self.projection.unit))
            cv2.polylines(mask, fixed, False, 255, pixels, cv2.LINE_AA, _SHIFT)
            self._blend(box, mask, color, alpha)

    def shade(self, points: np.ndarray, planes: np.ndarray) -> None:
        """Fill an outline with the pixels of an image (3, side, side)."""
        box, mask = self._coverage(self.projection(points), 0.0)
        x0, y0, x1, y1 = box
        self._blend(box, mask, planes[:, y0:y1, x0:x1], 1.0)

    @contextmanager
    def clip(self, points: np.ndarray) -> Iterator[None]:
        """Restrict everything painted inside the `with` block to the outline."""
        box, mask = self._coverage(self.projection(points), 0.0)
        x0, y0, x1, y1 = box
        target, outer = self.pixels[:, y0:y1, x0:x1], self._window
        before, self._window = target.copy(), box
        yield
        self._window = outer
        inside = target.copy()
        target[:] = before
        self._blend(box, mask, inside, 1.0)

    def _coverage(self, corners: np.ndarray, soft: float) -> tuple[tuple, np.ndarray]:
        """Return the box x0, y0, x1, y1 that a shape may touch, and the coverage 0..255 in it."""
        sigma = soft * self.projection.unit
        # A soft shape is drawn at the lowest resolution that its blur allows; no loss is visible.
        coarse = 1 << max(0, int(sigma / 1.5).bit_length() - 1)
        box = self._box(corners, 2.0 + 2.5 * sigma)
        width, height = box[2] - box[0], box[3] - box[1]
        mask: np.ndarray = np.zeros((-(-height // coarse), -(-width // coarse)), dtype=np.uint8)
        if not mask.size:
            return box, mask
        cv2.fillPoly(mask, [_to_fixed_point(corners, box, coarse)], 255, cv2.LINE_AA, _SHIFT)
        if sigma > 0.3:
            mask = _soften(mask, sigma / coarse)
        if coarse > 1:
            mask = cv2.resize(mask, (mask.shape[1] * coarse, mask.shape[0] * coarse))
        return box, mask[:height, :width]

    def _box(self, corners: np.ndarray, margin: float) -> tuple[int, int, int, int]:
        low_x, low_y = corners.min(axis=0).tolist()
        high_x, high_y = corners.max(axis=0).tolist()
        left, top, right, bottom = self._window
        x0, y0 = max(left, int(low_x - margin)), max(top, int(low_y - margin))
        x1, y1 = min(right, int(high_x + margin) + 1), min(bottom, int(high_y + margin) + 1)
        return x0, y0, max(x0, x1), max(y0, y1)

    def _blend(self, box: tuple, mask: np.ndarray, paint: np.ndarray, alpha: float) -> None:
        if not mask.size:
            return
        x0, y0, x1, y1 = box
        target = self.pixels[:, y0:y1, x0:x1]
        paint = np.asarray(paint, dtype=np.float32)
        paint = paint.reshape(3, 1, 1) if paint.ndim == 1 else paint
        target += (paint - target) * (mask * np.float32(alpha / 255.0))


def ribbon(curve: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Return the outline of a line along `curve` (n, 2); `widths` is a number or one per point."""
    along = np.empty_like(curve)
    along[1:-1] = curve[2:] - curve[:-2]
    along[0], along[-1] = curve[1] - curve[0], curve[-1] - curve[-2]
    scale = 0.5 * widths / np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
    across = along[:, ::-1] * scale[:, None] * (-1.0, 1.0)
    return np.concatenate([curve + across, (curve - across)[::-1]])


def _to_fixed_point(points: np.ndarray, box: tuple, coarse: int = 1) -> np.ndarray:
    """Convert points to OpenCV's fixed-point numbers, relative to the box, divided by `coarse`.

    OpenCV counts from the center of the first pixel, the projection from its corner.
    """
    scale = (1 << _SHIFT) / coarse
    half = (1 << _SHIFT) / 2
    return np.rint(points * scale - (half + box[0] * scale, half + box[1] * scale)).astype(np.int32)


def _soften(mask: np.ndarray, sigma: float) -> np.ndarray:
    # Stack blur, a triangular kernel of variance r (r + 2) / 6: four times as fast as a Gaussian.
    radius = max(1, round(float(np.sqrt(1.0 + 6.0 * sigma**2)) - 1.0))
    return cv2.stackBlur(mask, (2 * radius + 1, 2 * radius + 1))
