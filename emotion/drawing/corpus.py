"""The drawn corpus: many people, a few images each, labels, attributes and evidence masks.

An image is a function of (seed, subject, image number) alone, so a larger corpus contains the
smaller one, and neither the order nor the number of processes can change a byte.
"""

import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import pandas as pd
from pydantic import Field
from tqdm import tqdm

from emotion.core.params import settings
from emotion.core.seeding import derive_seed
from emotion.drawing.action_units import sample_expression
from emotion.drawing.face import Face, draw_face
from emotion.drawing.identity import Identity, draw_identity
from emotion.drawing.nuisance import sample_scene

# Shares of the classes: mildly uneven, in the order that photographed corpora are.
PROPORTIONS = {
    "angry": 0.15,
    "fearful": 0.10,
    "happy": 0.22,
    "neutral": 0.22,
    "sad": 0.16,
    "surprised": 0.15,
}
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 92]  # a quarter of the bytes of a PNG, noise and all
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 3]


@settings
class DrawFacesParams:
    """The `draw_faces` section of params.yaml."""

    subjects: Annotated[int, Field(ge=1, le=100_000)] = 200  # people; splits keep them apart
    images_per_subject: Annotated[int, Field(ge=1, le=1_000)] = 8
    size: Annotated[int, Field(ge=32, le=512)] = 112  # pixels
    difficulty: Annotated[float, Field(ge=0, le=1)] = 0.5  # weak units, strays, pose, noise, ...
    seed: Annotated[int, Field(ge=0)] = 42


def draw_corpus(params: DrawFacesParams, folder: Path) -> pd.DataFrame:
    """Draw the corpus into `folder`, which appears only when it is complete.

    Writes `images/*.jpg`, `evidence/*.png` (8 bit, 255 = evidence) and `labels.csv`.

    Returns:
        The rows of labels.csv, all text: path and evidence (relative to `folder`), label, subject,
        skin_tone (monk_01 to monk_10), glasses, beard, age, synthetic.
    """
    folder = Path(folder)
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    for name in ("images", "evidence"):
        (temporary / name).mkdir(parents=True)
    draw = partial(_draw_person, params, temporary)
    # Processes, because a face is a hundred small shapes: Python works as much as OpenCV does.
    # Spawned, because a fork of a process that has threads (torch, OpenMP) may never return.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        people = pool.map(draw, range(params.subjects))
        bar = tqdm(people, total=params.subjects, desc="draw faces", unit="person")
        rows = [row for person in bar for row in person]
    table = pd.DataFrame(rows)
    table.to_csv(temporary / "labels.csv", index=False, lineterminator="\n")
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    return table


def _draw_person(params: DrawFacesParams, folder: Path, subject: int) -> list[dict[str, str]]:
    cv2.setNumThreads(1)  # this process is one of as many as there are cores
    who = draw_subject(params.seed, subject)
    rows = []
    for number in range(params.images_per_subject):
        label, face = draw_sample(params, who, subject, number)
        row = _row(who, f"s{subject:04d}", label, f"s{subject:04d}_{number:02d}")
        _write(folder / row["path"], face.image[..., ::-1], _JPEG)
        _write(folder / row["evidence"], face.evidence, _PNG)
        rows.append(row)
    return rows


def draw_subject(seed: int, subject: int) -> Identity:
    """The person with this number."""
    return draw_identity(np.random.default_rng(derive_seed(seed, "subject", subject)))


def draw_sample(
    params: DrawFacesParams, who: Identity, subject: int, number: int
) -> tuple[str, Face]:
    """One image of a person: its label, drawn with the corpus's shares, and the face."""
    # "picture" names the random stream: another word would draw other faces.
    rng = np.random.default_rng(derive_seed(params.seed, "picture", subject, number))
    label = str(rng.choice(list(PROPORTIONS), p=list(PROPORTIONS.values())))
    expression, evidence = sample_expression(label, rng, params.difficulty)
    scene = sample_scene(params.size, rng, params.difficulty)
    return label, draw_face(who, expression, evidence, scene, rng, params.difficulty)


def _row(who: Identity, subject: str, label: str, name: str) -> dict[str, str]:
    return {
        "path": f"images/{name}.jpg",
        "label": label,
        "subject": subject,
        "skin_tone": f"monk_{who.skin_tone:02d}",
        "glasses": who.glasses,
        "beard": who.beard,
        "age": who.age,
        "evidence": f"evidence/{name}.png",
        "synthetic": "1",
    }


def _write(path: Path, image: np.ndarray, options: list[int]) -> None:
    encoded, data = cv2.imencode(path.suffix, np.ascontiguousarray(image), options)
    assert encoded, path
    path.write_bytes(data.tobytes())
