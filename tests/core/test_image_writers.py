"""One way to write an image: no module saves one to a path with Pillow, matplotlib or OpenCV."""

import ast
from pathlib import Path

import pytest

FILES = sorted(path for folder in ("emotion", "stages") for path in Path(folder).rglob("*.py"))
IN_MEMORY = {"emotion/data/images.py": "save", "emotion/metrics/figures.py": "savefig"}
OURS = {"image_sheet", "figures"}  # modules whose `save` is that way


@pytest.mark.parametrize("path", FILES, ids=str)
def test_images_are_written_by_the_one_writer(path):
    """`Image.save(path)` ends without an error when the disk is full."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, owner = node.func.attr, node.func.value
        assert name not in {"imwrite", "imsave"}, node.lineno
        of_pillow = name == "save" and "from PIL" in text
        of_pillow &= not (isinstance(owner, ast.Name) and owner.id in OURS)
        if of_pillow or name == "savefig":
            assert IN_MEMORY.get(path.as_posix()) == name, node.lineno
