"""What is published on a package registry is whole: it has no file that cannot work there."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

BUILD = "import sys, setuptools.build_meta as build; build.build_sdist(sys.argv[1])"


@pytest.mark.slow
def test_the_source_distribution_has_the_whole_package_and_no_tests(tmp_path):
    for name in ("emotion", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(name, tmp_path / "source" / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(name, tmp_path / "source")
    command = [sys.executable, "-c", BUILD, tmp_path]
    subprocess.run(command, cwd=tmp_path / "source", check=True, capture_output=True)
    [archive] = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {
            Path(*Path(name).parts[1:])
            for name in files.getnames()
            if files.getmember(name).isfile()
        }
    assert not [name for name in names if name.parts[0] == "tests"]
    package = (path for path in Path("emotion").rglob("*") if path.is_file())
    assert {path for path in package if path.suffix != ".pyc"} <= names
