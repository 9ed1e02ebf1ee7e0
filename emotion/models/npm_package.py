"""Files from a package of the npm registry: fetched with npm, or read from a .tgz of the user."""

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from emotion.core.errors import UserError
from emotion.core.text import shorten

SECONDS = 300  # for a download; npm itself would repeat a request for minutes
FIRST_ANSWER = 20  # seconds
LARGEST = 100_000_000  # bytes of a file; compressed zeros could fill the memory
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
        with tarfile.open(archive, "r:gz") as package:
            return {name: _read(package, name) for name in names}
    except (tarfile.TarError, KeyError, EOFError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{archive} is not the wanted package ({reason}).") from None


def _read(package: tarfile.TarFile, name: str) -> bytes:
    file = package.extractfile(name)
    if file is None or package.getmember(name).size > LARGEST:
        raise KeyError(f"{name} is not a file of at most {LARGEST:,} bytes")
    return file.read()
