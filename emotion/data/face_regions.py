"""The regions of a face that express an emotion, and which of them each action unit changes.

The units and what they move are those of the Facial Action Coding System (Ekman and Friesen, 1978).
Drawn faces have a mask of their regions; attributions are summed by region and by unit.
"""

# Action units that change each region.
_REGION_UNITS = {
    "brows": (1, 2, 4, 9),
    "eyes": (5, 6, 7, 43),
    "nose": (9,),
    "mouth": (10, 12, 14, 15, 16, 17, 20, 23, 25, 26),
    "cheeks": (6, 12),
    "chin": (17, 26),
}
REGIONS = tuple(_REGION_UNITS)

# Pixel values of a region mask, 0 elsewhere: far apart, so that they differ visibly.
LEVELS = {name: 40 * number for number, name in enumerate(REGIONS, start=1)}

UNIT_REGIONS = {
    unit: tuple(name for name, units in _REGION_UNITS.items() if unit in units)
    for unit in sorted(set().union(*_REGION_UNITS.values()))
}
