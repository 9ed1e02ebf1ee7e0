"""Draw the dataset of faces: a few images per subject, with labels, attributes and masks.

An image depends only on (seed, subject, image number). A larger dataset therefore contains the
smaller one, and neither the order nor the number of processes changes a byte.
"""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import pandas as pd
from pydantic import Field
from tqdm import tqdm

from emotion.core import files
from emotion.core.params import settings
from emotion.core.processes import map_in_processes
from emotion.core.seeding import derive_seed
from emotion.data.labels import RECIPE_CLASSES
from emotion.datasets.drawn_faces.action_units import sample_expression
from emotion.datasets.drawn_faces.evidence import MIN_INTENSITY
from emotion.datasets.drawn_faces.face import DrawnFace, draw_face
from emotion.datasets.drawn_faces.identity import Identity, sample_identity
from emotion.datasets.drawn_faces.nuisance import sample_scene

# Class shares: mildly imbalanced, with the same ranking as in datasets of photographs.
PROPORTIONS = dict(zip(RECIPE_CLASSES, (0.15, 0.10, 0.22, 0.22, 0.16, 0.15), strict=True))
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 92]  # a quarter of the size of a PNG, noise included
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 3]


@settings
class DrawFacesParams:
    """The `draw_faces` section of params.yaml."""

    subjects: Annotated[int, Field(ge=1, le=100_000)] = 200  # people; each is in one split only
    images_per_subject: Annotated[int, Field(ge=1, le=1_000)] = 8
    size: Annotated[int, Field(ge=32, le=512)] = 112  # pixels
    difficulty: Annotated[float, Field(ge=0, le=1)] = 0.5  # weak and stray units, pose, noise, ...
    seed: Annotated[int, Field(ge=0)] = 42


@settings
class DataRootParams:
    """The setting of the section `data` that says whether the drawn faces are used."""

    root: str = ""

    def uses(self, folder: Path) -> bool:
        """Whether the root of the dataset is this folder, is in it, or contains it."""
        root, folder = Path(self.root).resolve(), folder.resolve()
        return root.is_relative_to(folder) or folder.is_relative_to(root)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One image of the dataset."""

    label: str
    evidence_units: list[int]  # those that are strong enough to be in the mask
    face: DrawnFace


def draw_dataset(params: DrawFacesParams, folder: Path) -> pd.DataFrame:
    """Draw the dataset into `folder`, which is replaced only when the new dataset is complete.

    Writes `images/*.jpg`, `evidence/*.png` (8-bit, 255 = evidence), `regions/*.png` (8-bit, values
    of `data.face_regions.LEVELS`) and `labels.csv`.

    Returns:
        The table of labels.csv, all text: path, evidence and face_regions (relative to `folder`),
        label, evidence_units (numbers, with a space between), subject, skin_tone (monk_01 to
        monk_10), glasses, beard, age, synthetic.
    """
    with files.replacing_folder(Path(folder)) as temporary:
        for name in ("images", "evidence", "regions"):
            (temporary / name).mkdir()
        draw = partial(_draw_subject, params, temporary)
        # Processes, not threads: a face is a hundred small shapes, so Python uses as much time as
        # OpenCV does.
        results = map_in_processes(draw, range(params.subjects), os.cpu_count() or 1)
        bar = tqdm(results, total=params.subjects, desc="draw faces", unit="subject")
        rows = [row for result in bar for row in result]
        table = pd.DataFrame(rows)
        files.write_csv(temporary / "labels.csv", table)
    return table


def _draw_subject(params: DrawFacesParams, folder: Path, subject: int) -> list[dict[str, str]]:
    cv2.setNumThreads(1)  # there is already one process per core
    person = sample_subject(params.seed, subject)
    rows = []
    for number in range(params.images_per_subject):
        sample = draw_sample(params, person, subject, number)
        row = _row(person, f"s{subject:04d}", sample, f"s{subject:04d}_{number:02d}")
        _write(folder / row["path"], sample.face.image[..., ::-1], _JPEG)
        _write(folder / row["evidence"], sample.face.evidence, _PNG)
        _write(folder / row["face_regions"], sample.face.regions, _PNG)
        rows.append(row)
    return rows


def sample_subject(seed: int, subject: int) -> Identity:
    """Sample the identity of the subject with this number."""
    return sample_identity(np.random.default_rng(derive_seed(seed, "subject", subject)))


def draw_sample(params: DrawFacesParams, person: Identity, subject: int, number: int) -> Sample:
    """Sample a label from the class shares and draw one image of the person with it."""
    # "picture" is part of the seed: another word would change every image.
    rng = np.random.default_rng(derive_seed(params.seed, "picture", subject, number))
    label = str(rng.choice(list(PROPORTIONS), p=list(PROPORTIONS.values())))
    expression, evidence = sample_expression(label, rng, params.difficulty)
    scene = sample_scene(params.size, rng, params.difficulty)
    face = draw_face(person, expression, evidence, scene, rng, params.difficulty)
    visible = [unit for unit in evidence if max(expression.units[unit]) >= MIN_INTENSITY]
    return Sample(label=label, evidence_units=visible, face=face)


def _row(person: Identity, subject: str, sample: Sample, name: str) -> dict[str, str]:
    return {
        "path": f"images/{name}.jpg",
        "label": sample.label,
        "subject": subject,
        "skin_tone": f"monk_{person.skin_tone:02d}",
        "glasses": person.glasses,
        "beard": person.beard,
        "age": person.age,
        "evidence": f"evidence/{name}.png",
        "face_regions": f"regions/{name}.png",
        "evidence_units": " ".join(map(str, sample.evidence_units)),
        "synthetic": "1",
    }


def _write(path: Path, image: np.ndarray, options: list[int]) -> None:
    encoded, data = cv2.imencode(path.suffix, np.ascontiguousarray(image), options)
    assert encoded, path
    path.write_bytes(data.tobytes())
