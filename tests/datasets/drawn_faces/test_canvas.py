"""Shapes cover the area that they should, wherever the head is turned."""

import numpy as np
import pytest

from emotion.datasets.drawn_faces.canvas import Canvas, Projection
from emotion.datasets.drawn_faces.shapes import ellipse, spline

BLACK, WHITE = np.zeros((3, 1, 1)), np.full(3, 255.0)


def painted_area(canvas: Canvas) -> float:
    """Painted area in square face units."""
    return canvas.pixels[0].sum() / 255.0 / canvas.projection.unit**2


def test_a_filled_ellipse_has_its_area():
    canvas = Canvas(Projection(size=224), BLACK)
    canvas.fill(ellipse((0.0, 0.0), 0.3, 0.2, count=64), WHITE)
    # OpenCV's anti-aliasing adds about half a pixel all around.
    assert painted_area(canvas) == pytest.approx(np.pi * 0.305 * 0.205, rel=0.03)


# 0.1 is drawn at a quarter of the size, where the half pixel of anti-aliasing becomes two.
@pytest.mark.parametrize("soft", [0.01, 0.05, 0.1])
def test_a_soft_edge_spreads_the_paint_but_keeps_its_amount(soft):
    canvases = [Canvas(Projection(size=224), BLACK) for _ in range(2)]
    for canvas, blur in zip(canvases, (0.0, soft), strict=True):
        canvas.fill(ellipse((0.1, 0.0), 0.25, 0.2), WHITE, soft=blur)
    sharp, blurred = (painted_area(canvas) for canvas in canvases)
    assert blurred == pytest.approx(sharp, rel=0.16)
    assert (canvases[1].pixels > 0).sum() > (canvases[0].pixels > 0).sum()


def test_a_stroke_has_the_requested_width():
    canvas = Canvas(Projection(size=224), BLACK)
    canvas.stroke(np.array([(-0.5, 0.0), (0.0, 0.0), (0.5, 0.0)]), 0.1, WHITE)
    assert painted_area(canvas) == pytest.approx(0.1, rel=0.25)


def test_nothing_is_painted_outside_a_clip():
    canvas = Canvas(Projection(size=112), BLACK)
    with canvas.clip(ellipse((0.0, 0.0), 0.2, 0.2)):
        canvas.fill(ellipse((0.0, 0.0), 0.9, 0.9), WHITE)
    assert painted_area(canvas) == pytest.approx(np.pi * 0.21**2, rel=0.05)
    assert canvas.pixels[0, 56, 56] == 255
    canvas.fill(ellipse((0.8, 0.8), 0.1, 0.1), WHITE)  # the clip ends with its block
    assert painted_area(canvas) > np.pi * 0.21**2 * 1.1


def test_shapes_outside_the_image_are_not_painted():
    canvas = Canvas(Projection(size=64), BLACK)
    canvas.fill(ellipse((9.0, 0.0), 0.3, 0.3), WHITE, soft=0.05)
    canvas.lines([np.array([(9.0, 0.0), (9.5, 0.0)])], 0.02, WHITE)
    canvas.stroke(np.array([(9.0, 0.0), (9.5, 0.0)]), 0.02, WHITE)
    assert not canvas.pixels.any()


def test_a_frontal_projection_only_scales():
    projection = Projection(size=100)
    middle, right = projection(np.array([(0.0, 0.0), (0.5, 0.0)]))
    np.testing.assert_allclose(middle, (50.0, 50.0))
    np.testing.assert_allclose(right - middle, (0.5 * projection.unit, 0.0))


def test_roll_rotates_the_head_in_the_image_plane():
    (point,) = Projection(size=100, roll=np.pi / 2)(np.array([(0.5, 0.0)]))
    np.testing.assert_allclose(point, (50.0, 50.0 + 0.5 * Projection(size=100).unit))


def test_yaw_moves_lifted_points_further():
    cheek, nose = (Projection(size=100, yaw=0.3)(np.zeros((1, 2)), lift)[0] for lift in (0.0, 0.1))
    assert nose[0] > cheek[0] > 50.0
    assert nose[1] == cheek[1] == 50.0


def test_a_spline_passes_through_its_points():
    points = np.array([(0.0, 0.0), (1.0, 2.0), (3.0, 1.0)])
    np.testing.assert_allclose(spline(points, steps=5)[[0, 5, 10]], points)
    np.testing.assert_allclose(spline(points, closed=True, steps=5)[[0, 5, 10]], points)
