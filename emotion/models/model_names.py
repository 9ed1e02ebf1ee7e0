"""Find the name of timm that was meant where `model_type` is written as another tool writes it.

Hub pages have the owner in front (`timm/resnet50.a1_in1k`), papers write `ResNet-50`, torchvision
`vit_b_16`. Only a name of the same network is suggested: another network that is spelled alike
would train without an error.
"""

import difflib
import functools
import re
import unicodedata
from pathlib import PurePosixPath

import timm

HUB_PREFIX = "hf_hub:"
# Of torchvision and papers, by `_key_of`, where timm's name differs in more than separators.
_OTHERS = {
    "mobilenetv2": "mobilenetv2_100",
    "mobilenetv3large": "mobilenetv3_large_100",
    "mobilenetv3small": "mobilenetv3_small_100",
    "swinb": "swin_base_patch4_window7_224",
    "swins": "swin_small_patch4_window7_224",
    "swint": "swin_tiny_patch4_window7_224",
    "vitb16": "vit_base_patch16_224",
    "vitb32": "vit_base_patch32_224",
    "vith14": "vit_huge_patch14_224",
    "vitl16": "vit_large_patch16_224",
    "vitl32": "vit_large_patch32_224",
}
_FILES = (".pth", ".pt", ".pth.tar", ".ckpt", ".bin", ".safetensors", ".onnx", ".h5", ".pkl")
# What is written before a name: the Hub's addresses, and prefixes of other tools.
_BEFORE = re.compile(
    r"^(hf[-_]hub:|hf:/*|timm:|(https?://)?(www\.)?(huggingface|hf)\.co/(models/)?|\./)+", re.I
)
_AFTER = re.compile(r"/(tree|resolve|blob)/.*$")
_TYPO = 0.85  # of difflib's ratio; one letter of eight


def suggest(model_type: str) -> str:
    """A hint what to write in place of a name that timm does not have; "" if nothing is known."""
    text = unicodedata.normalize("NFKC", model_type).strip().strip("'\"")
    if re.match(r"local[-_]dir|\W*data/weights", text, re.I) and not text.lower().endswith(_FILES):
        return "write local-dir:data/weights/name"
    name = _AFTER.sub("", _BEFORE.sub("", text).replace("\\", "/")).strip("/ ")
    if name.lower().endswith(_FILES):
        file = PurePosixPath(name).name
        return f"set it to the network, and pretrained to the file: data/weights/{file}"
    if "://" in name:
        return "download the file to data/weights/, and set model_type to the network"
    owner, _, rest = name.rpartition("/")
    if owner and (same := find_same(name)):  # ViT-B/16
        return f"set it to {same[0]}"
    if owner and owner.lower() not in ("timm", "torchvision"):  # of the Hub
        is_repository = re.fullmatch(r"[\w-]+/\w[\w.-]*", name, re.ASCII)
        return f"set it to {HUB_PREFIX}{name} if that is a model of timm" if is_repository else ""
    return _suggest_timm(rest.removeprefix("torchvision.").removeprefix("models."), owner)


def _suggest_timm(name: str, owner: str) -> str:
    """The hint for a name without an owner."""
    name, _, tag = name.partition(".")
    name = re.sub(r"(?<=\d)[oO]", "0", name)
    found = find_same(name) or ([] if owner else _find_typo(name))
    if not tag:
        return f"set it to {' or '.join(found)}" if found else ""
    for network in found:
        for known in timm.list_pretrained(f"{network}.*"):
            if known.lower() == f"{network}.{tag}".lower():
                on_hub = f" or {HUB_PREFIX}timm/{known}" if owner.lower() == "timm" else ""
                return f"set it to {known}{on_hub}"
    return f"list the tags with `emotion backbones '{found[0]}*'`" if found else ""


def find_same(name: str) -> list[str]:
    """timm's names of the network that is written in another case, or with other separators."""
    key = _key_of(name)
    return [_OTHERS[key]] if key in _OTHERS else _architectures().get(key, [])


def _find_typo(name: str) -> list[str]:
    """The name that differs in a letter; another number is another network."""
    near = difflib.get_close_matches(name.lower(), timm.list_models(), n=1, cutoff=_TYPO)
    return [each for each in near if re.findall(r"\d+", each) == re.findall(r"\d+", name)]


@functools.cache
def _architectures() -> dict[str, list[str]]:
    """timm's architectures by `_key_of`."""
    found: dict[str, list[str]] = {}
    for name in timm.list_models():
        found.setdefault(_key_of(name), []).append(name)
    return found


def _key_of(name: str) -> str:
    return re.sub(r"[-_/\s]", "", name).lower()
