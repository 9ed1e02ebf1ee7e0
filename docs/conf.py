"""Settings of the site that `make docs` builds from README.md, docs/ and a few other files.

The source folder is the repository, so that links between these files are the same on the site and
on GitHub. A broken link, anchor or image is a warning, and `make docs` fails on warnings.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]

project = "emotion"
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/*.md", "data/README.md", "data/weights/README.md"]
exclude_patterns = [  # folders that are not searched
    *(path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in ("data", "docs")),
    "data/[!Rw]*",
    "docs/_build",
]

# Markdown as GitHub reads it: no comments that begin with %, no labels, roles or block breaks.
myst_disable_syntax = ["myst_line_comment", "myst_target", "myst_role", "myst_block_break"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "emotion"
html_extra_path = ["site"]  # index.html, which leads to the overview
html_show_copyright = False
html_show_sourcelink = False

SECTION = re.compile(r"^## (.+)\n\n((?:- .+\n(?: +.+\n)*)+)", re.MULTILINE)
LINK = re.compile(r"^- \[(.+?)\]\((.+?\.md)\)", re.MULTILINE)


def add_navigation(app: Sphinx, page: str, source: list[str]) -> None:  # noqa: ARG001
    """Append the links of the index as tables of contents, of which Sphinx makes the sidebar."""
    if page == root_doc:
        for title, links in SECTION.findall(source[0]):
            entries = "\n".join(f"{name} <{path}>" for name, path in LINK.findall(links))
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{entries}\n```\n"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", add_navigation)
