"""Read files of a package of the npm registry, fetched with npm or from a .tgz of the user."""

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

SECONDS = 300  # for a download; npm retries a request for minutes
FIRST_ANSWER = 20  # seconds
# Bytes after decompression, of a file and of a package: compressed zeros could fill all memory.
LARGEST, LARGEST_PACKAGE = 100_000_000, 500_000_000


def fetch_members(package: str, names: Iterable[str]) -> dict[str, bytes]:
    """Download a package and return some of its files; npm checks its integrity.

    Args:
        package: name and version, such as `left-pad@1.3.0`.
        names: of the files within the package.

    Raises:
        ConnectionError: npm is not installed or cannot fetch it, with the reason.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = "--ignore-scripts", "--fetch-retries=1"
        result = _run_npm("pack", package, *options, seconds=SECONDS, folder=folder)
        archives = list(Path(folder).glob("*.tgz"))
        if result.returncode or len(archives) != 1:
            reason = " ".join(result.stderr.decode(errors="replace").split()) or "no reason given"
            raise ConnectionError(f"npm cannot fetch {package}: {shorten(reason, 200)}")
        return read_members(archives[0], names)


def find_problem(package: str) -> str:
    """Why a package cannot be fetched at the moment, or "" if the registry has it."""
    try:
        result = _run_npm("view", package, "version", "--fetch-retries=0", seconds=FIRST_ANSWER)
    except ConnectionError as error:
        return str(error)
    return "" if not result.returncode and result.stdout else "npm does not find it"


def read_members(archive: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Read some files of a package's archive, without extracting anything to the disk.

    Args:
        archive: a .tgz, as `npm pack` writes it.
        names: of the files within the archive.

    Returns:
        Content of each file.

    Raises:
        UserError: it is not an archive, lacks one of the files, or is too large.
    """
    try:
        with (
            gzip.open(archive) as unpacked,
            tarfile.open(fileobj=cast(IO[bytes], _Bounded(unpacked)), mode="r|") as package,
        ):
            return _read(package, names)
    except (tarfile.TarError, ValueError, KeyError, EOFError, OSError, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"is not the expected package ({reason})", "fetch it with `npm pack`", file=archive
        ) from None


def _run_npm(
    *arguments: str, seconds: float, folder: str | None = None
) -> subprocess.CompletedProcess[bytes]:
    npm = shutil.which("npm")
    if npm is None:
        raise ConnectionError("npm is not installed: it comes with Node.js (https://nodejs.org)")
    command = [npm, *arguments, "--silent"]
    try:
        return subprocess.run(
            command, cwd=folder, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        action = " ".join(arguments[:2])
        raise ConnectionError(f"`npm {action}` did not end within {seconds} s") from None


class _Bounded:
    """A stream that raises an error after LARGEST_PACKAGE bytes."""

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
        # The size of a link is 0: that of the member to which it points would go unchecked.
        file = package.extractfile(member) if member.isreg() else None
        if file is None or member.size > LARGEST:
            raise ValueError(f"{member.name} is not a file of at most {LARGEST:,} bytes")
        found[member.name] = file.read()
        missing.remove(member.name)
        if not missing:
            return found
    raise ValueError(f"it has no {', '.join(sorted(missing))}")
