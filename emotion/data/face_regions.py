"""The regions of a face that express an emotion, and which of them each action unit changes.

The units and what they move are those of the Facial Action Coding System (Ekman and Friesen, 1978).
Drawn faces come with a mask of their regions; explanations are counted by region and by unit.
"""

REGIONS = ("brows", "eyes", "nose", "mouth", "cheeks", "chin")

# Pixel values of a region mask, 0 elsewhere: far apart, so that a person sees them too.
LEVELS = {name: 40 * number for number, name in enumerate(REGIONS, start=1)}

UNIT_REGIONS: dict[int, tuple[str, ...]] = {
    1: ("brows",),
    2: ("brows",),
    4: ("brows",),
    5: ("eyes",),
    6: ("eyes", "cheeks"),
    7: ("eyes",),
    9: ("nose", "brows"),
    10: ("mouth",),
    12: ("mouth", "cheeks"),
    14: ("mouth",),
    15: ("mouth",),
    16: ("mouth",),
    17: ("mouth", "chin"),
    20: ("mouth",),
    23: ("mouth",),
    25: ("mouth",),
    26: ("mouth", "chin"),
    43: ("eyes",),
}
