"""Sample the identity of a person: all properties of a face that are the same in every image.

Skin tones are the ten steps of the Monk scale (Monk, 2023). Darker skin comes with darker hair, as
in people. Attributes by which the evaluation may be sliced are stored as words.
"""

from dataclasses import dataclass

import numpy as np

# Steps 1 (lightest) to 10.
MONK_TONES = (0xF6EDE4, 0xF3E7DB, 0xF7EAD0, 0xEADABA, 0xD7BD96,
              0xA07E56, 0x825C43, 0x604134, 0x3A312A, 0x292420)  # fmt: skip
HAIR_COLORS = {
    "black": (30, 26, 28),
    "dark brown": (58, 38, 28),
    "brown": (98, 66, 42),
    "auburn": (124, 60, 34),
    "blond": (198, 158, 96),
    "gray": (142, 140, 142),
    "white": (208, 206, 202),
}
IRIS_COLORS = {
    "brown": (86, 52, 28),
    "dark": (48, 32, 24),
    "hazel": (122, 92, 48),
    "green": (86, 116, 74),
    "blue": (78, 116, 152),
    "gray": (106, 120, 128),
}
FEMININE_HAIR = ("long", "long", "wavy", "fringe", "bun", "curly", "side part", "scarf")
MASCULINE_HAIR = ("short", "short", "side part", "buzz", "bald", "curly", "quiff", "long")


@dataclass(frozen=True)
class Identity:
    """One person. Lengths are in face units, colors RGB in 0..255, other numbers factors near 1."""

    skin_tone: int  # Monk step, 1 to 10
    age: str  # young, adult or old
    feminine: bool
    skin: np.ndarray
    hair: np.ndarray
    hair_style: str
    iris: np.ndarray
    lips: np.ndarray
    clothes: np.ndarray
    glasses: str  # none, round or square
    glasses_color: np.ndarray
    beard: str  # none, stubble, moustache or full
    face_width: float
    jaw_width: float
    chin_width: float
    chin_length: float
    eye_distance: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    lid_crease: float  # 0 for a single lid
    brow_height: float
    brow_arch: float
    brow_thickness: float
    nose_width: float
    nose_length: float
    mouth_width: float
    lip_fullness: float
    resting_corner: float  # drop of the mouth corners at rest, face units
    resting_brow: float  # drop of the inner brow at rest, face units
    lines: float  # depth of age wrinkles, 0..1
    freckles: bool
    texture: int  # seed of the freckles and of the strands of hair
    parting: float  # side of the parting, -1 or 1

    @property
    def shadow(self) -> np.ndarray:
        """Skin in half shade: darker, and redder because light passes through the skin."""
        return self.skin * (0.74, 0.62, 0.585)

    @property
    def crease(self) -> np.ndarray:
        """The bottom of a skin fold."""
        return self.skin * (0.50, 0.365, 0.34)

    @property
    def light(self) -> np.ndarray:
        """Brightly lit skin."""
        return self.skin + (255 - self.skin) * (0.36, 0.32, 0.29)

    @property
    def blush(self) -> np.ndarray:
        """Skin with much blood below it: cheeks, ears, the tip of the nose."""
        return self.skin * (0.94, 0.72, 0.68) + (14, 0, 2)


def sample_identity(rng: np.random.Generator) -> Identity:
    """Sample a random person from the generator of the subject."""
    tone = int(rng.integers(1, 11))
    age = str(rng.choice(["young", "adult", "old"], p=[0.3, 0.45, 0.25]))
    feminine = bool(rng.random() < 0.5)
    skin = skin_color(tone) * rng.normal(1.0, 0.02, 3)
    hair = _sample_hair_color(tone, age, rng)
    beard = "none"
    if not feminine and age != "young":
        beard = str(rng.choice(["none", "stubble", "moustache", "full"], p=[0.4, 0.2, 0.15, 0.25]))
    iris = "dark brown" if tone > 6 else str(rng.choice(list(IRIS_COLORS)))
    iris_color = IRIS_COLORS.get(iris, IRIS_COLORS["dark" if rng.random() < 0.5 else "brown"])
    rouge = np.array([172, 62, 76]) if feminine else np.array([164, 82, 74])
    youth = {"young": 1.0, "adult": 0.0, "old": -0.4}[age]
    return Identity(
        skin_tone=tone,
        age=age,
        feminine=feminine,
        skin=skin,
        hair=hair,
        hair_style=str(rng.choice(FEMININE_HAIR if feminine else MASCULINE_HAIR)),
        iris=np.array(iris_color, dtype=float),
        lips=skin * 0.62 + rouge * rng.uniform(0.22, 0.42 if feminine else 0.3),
        clothes=sample_muted_color(rng),
        glasses=str(rng.choice(["none", "round", "square"], p=[0.72, 0.14, 0.14])),
        glasses_color=np.array([(34, 32, 36), (92, 54, 32), (120, 118, 124)][rng.integers(3)]),
        beard=beard,
        face_width=rng.normal(0.705, 0.025) + 0.01 * youth,
        jaw_width=rng.normal(0.525 if feminine else 0.575, 0.03) + 0.01 * youth,
        chin_width=rng.normal(0.17 if feminine else 0.215, 0.025),
        chin_length=rng.normal(1.02 if feminine else 1.05, 0.025) - 0.05 * max(youth, 0),
        eye_distance=rng.normal(0.325, 0.012),
        eye_width=rng.normal(0.170, 0.007) + 0.006 * youth,
        eye_height=rng.normal(1.0, 0.09) + 0.06 * youth,
        eye_tilt=rng.normal(0.006, 0.014),
        lid_crease=float(rng.choice([0.15, 1.0], p=[0.25, 0.75])),
        brow_height=rng.normal(-0.305, 0.016),
        brow_arch=rng.normal(1.15 if feminine else 0.8, 0.25),
        brow_thickness=rng.normal(0.85 if feminine else 1.25, 0.15),
        nose_width=rng.normal(0.125 + 0.0025 * tone, 0.012),
        nose_length=rng.normal(0.33, 0.02) - 0.02 * youth,
        mouth_width=rng.normal(0.255, 0.014),
        lip_fullness=rng.normal(0.95 + 0.03 * tone, 0.13) - 0.2 * (age == "old"),
        resting_corner=rng.normal(-0.004, 0.012) + 0.010 * (age == "old"),
        resting_brow=rng.normal(0.0, 0.014),
        lines={"young": 0.0, "adult": 0.22, "old": 0.75}[age] * rng.uniform(0.7, 1.3),
        freckles=bool(tone < 5 and rng.random() < 0.25),
        texture=int(rng.integers(1 << 30)),
        parting=float(rng.choice([-1.0, 1.0])),
    )


def skin_color(tone: int) -> np.ndarray:
    """Return a Monk step as lit skin, RGB: warmer and, if dark, lighter than the swatch."""
    swatch = np.array([*MONK_TONES[tone - 1].to_bytes(3, "big")], dtype=float)
    lit = swatch * (1.0 + 0.05 * max(0, tone - 5)) + 6.0 * max(0, tone - 6)
    return np.clip(lit * (0.985, 0.915, 0.865), 0, 245)


def sample_muted_color(rng: np.random.Generator) -> np.ndarray:
    """Sample a color for clothes and walls: any hue, low saturation."""
    return rng.uniform(60, 200) + rng.normal(0.0, 20.0, 3)


def _sample_hair_color(tone: int, age: str, rng: np.random.Generator) -> np.ndarray:
    if age == "old" and rng.random() < 0.75:
        name = str(rng.choice(["gray", "white"]))
    elif tone > 5:
        name = str(rng.choice(["black", "dark brown"], p=[0.75, 0.25]))
    else:
        name = str(rng.choice(["black", "dark brown", "brown", "auburn", "blond"]))
    return np.array(HAIR_COLORS[name]) * rng.uniform(0.9, 1.1)
