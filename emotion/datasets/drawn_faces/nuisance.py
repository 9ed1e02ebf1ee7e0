"""Sample the nuisance factors: pose, light, blur, noise, loss of resolution and of color."""

from dataclasses import dataclass

import cv2
import numpy as np

from emotion.datasets.drawn_faces.accessories import OCCLUDERS
from emotion.datasets.drawn_faces.canvas import Projection
from emotion.datasets.drawn_faces.identity import sample_muted_color


@dataclass(frozen=True)
class Scene:
    """Conditions of one image; sampled once, before anything is drawn."""

    projection: Projection  # at the size of the finished image
    light: np.ndarray  # direction of the lamp (3,), length 1
    background: np.ndarray  # two colors (2, 3), top and bottom
    gaze: tuple[float, float]
    occluder: str | None


def sample_scene(size: int, rng: np.random.Generator, difficulty: float) -> Scene:
    """Sample pose, light, background, gaze and occluder of an image.

    Args:
        size: width and height of the image, pixels.
        rng: the generator of this image.
        difficulty: 0..1; 0 gives a frontal view without occluder.
    """
    yaw, pitch, roll = rng.normal(0.0, 1.0, 3) * (0.34, 0.22, 0.20) * difficulty
    light = np.array([rng.uniform(-0.75, 0.75), rng.uniform(-0.65, -0.1), 0.85])
    base = sample_muted_color(rng)
    occluder = str(rng.choice(list(OCCLUDERS), p=list(OCCLUDERS.values())))
    zoom = np.exp(rng.normal(0.0, 0.12 * difficulty))
    shift = rng.normal(0.0, 0.11, 2) * difficulty
    shade = rng.uniform(0.55, 0.95)
    gaze = rng.normal(0.0, 1.0, 2) * (0.03, 0.012) * (0.3 + difficulty)
    return Scene(
        projection=Projection(
            size=size,
            yaw=float(np.clip(yaw, -0.5, 0.5)),
            pitch=float(np.clip(pitch, -0.35, 0.35)),
            roll=float(np.clip(roll, -0.35, 0.35)),
            zoom=float(zoom),
            shift=(float(shift[0]), float(shift[1])),
        ),
        light=light / np.linalg.norm(light),
        background=np.stack([base, base * shade]),
        gaze=(float(gaze[0]), float(gaze[1])),
        occluder=occluder if rng.random() < 0.36 * difficulty else None,
    )


def degrade(image: np.ndarray, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    """Degrade the drawn image as a poor camera would.

    Args:
        image: float32 RGB (n, n, 3), 0..255.
        rng: the generator of this image.
        difficulty: 0..1; 0 changes nothing but the dtype.

    Returns:
        uint8 RGB of the same shape.
    """
    size = len(image)
    angle, depth = rng.uniform(0, 2 * np.pi), 0.75 * difficulty * rng.random() ** 1.5
    ramp = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    slope = np.float32(np.cos(angle)) * ramp[None, :] + np.float32(np.sin(angle)) * ramp[:, None]
    contrast = 1.0 + rng.normal(0.0, 0.22) * difficulty
    exposure = np.exp(rng.normal(0.0, 0.28) * difficulty)
    cast = np.exp(rng.normal(0.0, 0.09, 3) * difficulty)
    gain = ((1.0 + 2.0 * depth * slope) * exposure)[..., None] * cast.astype(np.float32)
    image = (image - 128) * np.float32(contrast) + 128
    image = image * gain.astype(np.float32)

    if rng.random() < 0.30 * difficulty:  # as if cropped from a small image, as in FER-2013
        small = int(size * rng.uniform(0.36, 0.65))
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.9 * difficulty:
        sigma = rng.uniform(0.3, 0.5 + 1.3 * difficulty) * size / 112
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    grain = 18 * difficulty * rng.random() ** 1.5
    gray = rng.random() < 0.36 * difficulty  # with the same noise in all channels
    if gray:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    noise = rng.standard_normal((size, size, 1 if gray else 3), dtype=np.float32)
    image = image + np.float32(grain) * noise
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
