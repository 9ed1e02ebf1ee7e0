"""Find the pictures that would break or mislead a training, before anything trains.

Each is decoded whole, the way `emotion.core.pictures` decodes it for the later stages, so a
picture that passes here opens there.
"""

import hashlib
import io
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image, ImageOps
from tqdm import tqdm

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.pictures import to_rgb

# Why a picture is turned away.
MISSING = "missing"
UNREADABLE = "unreadable"  # no picture, or a damaged one
TRUNCATED = "truncated"
BOMB = "decompression bomb"  # more pixels than Pillow's limit, about 89 million
TOO_SMALL = "too small"  # the short side is under data.min_size
BLANK = "blank"  # every pixel the same

_CHUNK = 128  # pictures a worker takes at a time
_FEW = 256  # below this, starting processes costs more than they save


class Finding(NamedTuple):
    """What the inspection of one picture found; zeros and "" where it could not be read."""

    sha256: str  # of the file's bytes
    width: int  # pixels, after EXIF rotation
    height: int
    reason: str  # "" when good, else one of the constants above


class _Rejected(Exception):  # noqa: N818 (a finding about the file, not an error of ours)
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def inspect_pictures(paths: Sequence[str], min_size: int) -> pd.DataFrame:
    """Open and fully decode every picture once, in parallel.

    Args:
        paths: files.
        min_size: pixels; a picture whose short side is shorter is `too small`.

    Returns:
        The fields of `Finding` as columns, one row a path, in the order of `paths`.
    """
    inspect = partial(_inspect, min_size=min_size)
    bar = partial(tqdm, total=len(paths), desc="inspect pictures", unit="picture")
    if len(paths) < _FEW:
        findings = list(bar(map(inspect, paths)))
    else:
        workers = min(os.cpu_count() or 1, -(-len(paths) // _CHUNK))
        # Spawned: a fork of a process that has threads (torch, OpenMP) may never return.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            findings = list(bar(pool.map(inspect, paths, chunksize=_CHUNK)))
    return pd.DataFrame(findings, columns=Finding._fields)


def separate_rejected(
    rows: pd.DataFrame, findings: pd.DataFrame, max_rejected: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part the rows into good ones and rejected ones.

    Args:
        rows: with `path` and `label`.
        findings: of `inspect_pictures`, in the same order.
        max_rejected: share of the rows, from 0 to 1, that may be rejected.

    Returns:
        The good rows with `sha256`, `width` and `height`, and the rejected ones as
        `path, label, reason` sorted by path.

    Raises:
        UserError: more than that share is rejected; counts and first files by reason.
    """
    bad = (findings["reason"] != "").to_numpy()
    measured = findings[["sha256", "width", "height"]].set_index(rows.index)
    rejected = rows.loc[bad, ["path", "label"]].assign(reason=findings.loc[bad, "reason"].tolist())
    rejected = rejected.sort_values("path", ignore_index=True)
    if bad.mean() > max_rejected:
        reasons = [
            f"{len(part):,} {reason} ({', '.join(part['path'].head(3))}{', ...' * (len(part) > 3)})"
            for reason, part in rejected.groupby("reason")
        ]
        cures = ["Repair or delete them"]
        if TOO_SMALL in set(rejected["reason"]):
            cures.append("lower data.min_size in params.yaml")
        if bad.mean() < 0.5:  # a corpus that is mostly bad is not one to go on with
            share = np.ceil(bad.mean() * 1e4) / 1e4
            cures.append(
                f"raise data.max_rejected from {max_rejected:g} to {share:g} in params.yaml to "
                "leave them out, all listed in rejected.csv"
            )
        raise UserError(
            f"{bad.sum():,} of {len(rows):,} pictures cannot be used: {'; '.join(reasons)}. "
            f"{', or '.join(cures)}."
        )
    return pd.concat([rows, measured], axis=1)[~bad], rejected


def write_rejected(path: Path, rejected: pd.DataFrame) -> None:
    """Write the rejected rows as CSV; only the header when there are none."""
    with files.replacing(path) as temporary:
        rejected.to_csv(temporary, index=False, lineterminator="\n")


def _inspect(path: str, min_size: int) -> Finding:
    sha256 = ""
    with warnings.catch_warnings():
        # Pillow warns of odd metadata and large pictures; what matters of it becomes a reason.
        warnings.simplefilter("ignore")
        try:
            data = _read_bytes(path)
            sha256 = hashlib.sha256(data).hexdigest()
            picture = _decode(data)
        except _Rejected as rejected:
            return Finding(sha256, 0, 0, rejected.reason)
    reason = ""
    if min(picture.size) < min_size:
        reason = TOO_SMALL
    elif all(low == high for low, high in picture.getextrema()):
        reason = BLANK
    return Finding(sha256, *picture.size, reason)


def _read_bytes(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise _Rejected(MISSING) from None
    except (OSError, ValueError) as error:  # no permission, a folder, a NUL in the name
        raise _Rejected(UNREADABLE) from error


def _decode(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > Image.MAX_IMAGE_PIXELS:
                raise _Rejected(BOMB)
            return to_rgb(ImageOps.exif_transpose(picture))
    except (_Rejected, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise _Rejected(BOMB) from error
    except Exception as error:  # damaged bytes make decoders raise nearly anything
        raise _Rejected(TRUNCATED if "truncated" in str(error).lower() else UNREADABLE) from error
