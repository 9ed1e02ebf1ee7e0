"""From one row per image to one row per face, by data.several_faces and data.no_face.

Images without a face are listed with the rejected rows, but are not defective: they do not count
toward data.max_rejected.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from emotion.core.errors import UserError
from emotion.core.reports import Counts
from emotion.data.manifest import face_columns
from emotion.datasets.face_search import FoundFace
from emotion.datasets.params import DataParams
from emotion.datasets.rejected import COLUMNS, count_reasons

# Reasons to reject an image that can be read.
NO_FACE = "no face"
SEVERAL_FACES = "several faces"

Chosen = list[tuple[int, FoundFace | None]]  # faces of an image with their numbers; None: no face


@dataclass(frozen=True, kw_only=True)
class FaceRows:
    """The rows of faces, and what was found in all images."""

    rows: pd.DataFrame  # one per face that is kept, with FACE_COLUMNS and `image_phash`
    rejected: pd.DataFrame  # COLUMNS of rejected.py
    found: pd.DataFrame  # path, label and faces (a tuple of FoundFace) of each usable image


def choose_faces(rows: pd.DataFrame, params: DataParams) -> FaceRows:
    """Replace each image by its faces.

    Args:
        rows: usable images, with the fields of `Finding`.
        params: data.several_faces and data.no_face.

    Returns:
        Rows whose `sha256` and `phash` are those of the crop of the face; `image_sha256` and
        `image_phash` are those of the whole image, which are the same for an image without a face.
    """
    chosen = [_choose(faces, params.several_faces, params.no_face) for faces in rows["faces"]]
    kept = rows.drop(columns=["faces", "sha256", "phash"]).loc[
        rows.index.repeat(list(map(len, chosen)))
    ]
    cells = [
        _cells(number, found, sha256, phash)
        for of_image, sha256, phash in zip(chosen, rows["sha256"], rows["phash"], strict=True)
        for number, found in of_image
    ]
    columns = list(_cells(0, None, "", b""))
    kept = pd.concat(
        [kept.reset_index(drop=True), pd.DataFrame(cells, columns=columns, dtype=object)], axis=1
    )
    dropped = rows.loc[[not of_image for of_image in chosen]]
    count = dropped["faces"].map(len)
    rejected = dropped[["path", "label"]].assign(
        reason=[SEVERAL_FACES if faces else NO_FACE for faces in count],
        detail=[f"{faces} faces" if faces else "" for faces in count],
    )
    return FaceRows(
        rows=kept, rejected=rejected[list(COLUMNS)], found=rows[["path", "label", "faces"]]
    )


def count_faces(found: pd.DataFrame) -> Counts:
    """Count images by what was found in them.

    Args:
        found: of `FaceRows`.

    Returns:
        images, all of them; no_face, one_face and several_faces add up to it; turned, images in
        which a face was found after a turn of the image; enlarged, after it was enlarged; faces,
        the number of all faces.
    """
    faces: list[Sequence[FoundFace]] = found["faces"].tolist()
    return {
        "images": len(faces),
        "no_face": sum(len(of_image) == 0 for of_image in faces),
        "one_face": sum(len(of_image) == 1 for of_image in faces),
        "several_faces": sum(len(of_image) > 1 for of_image in faces),
        "turned": sum(any(one.face.turn for one in of_image) for of_image in faces),
        "enlarged": sum(any(one.face.zoom > 1 for one in of_image) for of_image in faces),
        "faces": sum(map(len, faces)),
    }


def refuse_lost_classes(rejected: pd.DataFrame, kept: pd.Series, root: str) -> None:
    """Raise if no image of a class is left.

    Args:
        rejected: of `FaceRows`.
        kept: labels of its rows.
        root: of the dataset, for the message.

    Raises:
        UserError: with the classes and the reasons.
    """
    lost = rejected[~rejected["label"].isin(set(kept))]
    if lost.empty:
        return
    classes = ", ".join(map(repr, sorted(set(lost["label"]))))
    of = f"class {classes} of data.root {root!r}" if len(kept) else f"data.root {root!r}"
    raise UserError(
        f"data.faces leaves no image of {of}: {count_reasons([lost])}",
        "set data.no_face to whole or data.several_faces to largest, or data.faces to as_is, which "
        "needs no detector",
        key="data.faces",
    )


def _choose(faces: Sequence[FoundFace], several: str, no_face: str) -> Chosen:
    """The faces of an image that become rows, the largest first."""
    if not faces:
        return [(0, None)] if no_face == "whole" else []
    if several == "reject" and len(faces) > 1:
        return []
    return list(enumerate(faces if several == "all" else faces[:1]))


def _cells(
    number: int, found: FoundFace | None, image_sha256: str, image_phash: bytes
) -> dict[str, object]:
    own = (found.sha256, found.phash) if found else (image_sha256, image_phash)
    return {
        **face_columns(number, found.face if found else None, image_sha256),
        "sha256": own[0],
        "phash": own[1],
        "image_phash": image_phash,
    }
