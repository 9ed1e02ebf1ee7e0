"""Classify images of faces with a trained model: files, folders, patterns, stdin, videos, a camera.

    emotion predict face.jpg folder/ 'photos/**/*.png'
    emotion predict --detect --draw out/ party.jpg holiday.mp4
    emotion predict --model faces.onnx --cropped crops/
    curl -s https://example.org/face.jpg | emotion predict --json -

A model that was trained on detected faces (data.faces) finds the faces of an image by itself; other
models take images as they are, unless --detect is given.

Exit status: 0 all images are classified, 1 some cannot be read or show no face, 2 the command
cannot run.
"""

import argparse
import itertools
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from emotion.cli.commands import add_model_option, positive_number, run_command, whole_number
from emotion.core.errors import UserError

if TYPE_CHECKING:
    from emotion.prediction.model import Model
    from emotion.prediction.result import ImageResult
    from emotion.prediction.sources import Source

MIN_FACE = 20.0  # pixels, as in emotion.data.face_detector, which is not imported for `--help`
FRAMES = 4  # per batch; those of a video are large


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    _check(parser, options)
    # Not at the top: `--help` and usage errors should not wait for numpy and onnxruntime.
    from emotion.prediction.formats import CsvWriter, JsonWriter, TableWriter, Writer
    from emotion.prediction.loading import find_checkpoint
    from emotion.prediction.predictor import Predictor
    from emotion.prediction.stream import predict_stream

    sources, names, frames = _list_sources(options)
    workers = 1 if len(names) == 1 or options.camera is not None else os.cpu_count() or 1
    # What is explained is the network that predicts, also in a folder that has an ONNX file.
    file = find_checkpoint(options.model) if options.explain else options.model
    threads = 0 if workers == 1 else 1
    predictor = Predictor.load(file, threads, cropped=options.cropped)
    min_face = _choose_min_face(options, predictor.finds_faces)
    if options.json:
        writer: Writer = JsonWriter()
    elif options.csv:
        writer = CsvWriter(predictor.model)
    else:
        faces = min_face is not None
        writer = TableWriter(predictor.model, names, faces=faces, times=frames)
    draw = _choose_drawing(options, predictor.model, file)
    errors = 0
    for prediction in predict_stream(
        predictor,
        sources,
        min_face=min_face,
        batch_size=1 if options.camera is not None else FRAMES if frames or draw else None,
        workers=workers,
        on_result=draw,
    ):
        writer.write(prediction)
        errors += bool(prediction.error)
    writer.end()
    return int(errors > 0)


def build_parser() -> argparse.ArgumentParser:
    """The options of the command."""
    description = "Classify images of one face each, or every face that is found in an image."
    parser = argparse.ArgumentParser(prog="emotion predict", description=description)
    add = parser.add_argument
    explained = "an image or video file, a folder of images, a quoted pattern, or - for stdin"
    add("images", nargs="*", metavar="IMAGE", help=explained)
    add_model_option(parser)
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="print one JSON object per line")
    formats.add_argument("--csv", action="store_true", help="print CSV with one column per class")
    faces = parser.add_mutually_exclusive_group()
    explained = "find the faces of each image first, also for a model that takes images as they are"
    faces.add_argument("--detect", action="store_true", help=explained)
    explained = "the images are faces already, also for a model that detects them"
    faces.add_argument("--cropped", action="store_true", help=explained)
    explained = f"where faces are detected: smallest longer side of one (default: {MIN_FACE:g})"
    add("--min-face", type=positive_number, metavar="PIXELS", help=explained)
    explained = "save copies of the images to FOLDER, with the predictions drawn on them"
    add("--draw", type=_folder, metavar="FOLDER", help=explained)
    explained = "with --draw and a checkpoint: overlay an attribution map of the predicted class"
    add("--explain", action="store_true", help=explained)
    cameras = whole_number(0, 99)  # larger numbers are kinds of cameras in OpenCV
    add("--camera", type=cameras, metavar="N", help="classify the frames of a camera, from 0")
    explained = "largest number of frames per second of videos (default: all)"
    add("--fps", type=positive_number, metavar="N", help=explained)
    return parser


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Reject invalid combinations."""
    if not options.images and options.camera is None:
        parser.error("give an image, or --camera 0")
    if "" in options.images:  # a folder's name that a script has left empty
        parser.error("an IMAGE is empty")
    if options.min_face is not None and options.cropped:
        parser.error("with --cropped no face is detected, so --min-face has no use")
    if options.explain and options.draw is None:
        parser.error("--explain needs --draw FOLDER")


def _choose_min_face(options: argparse.Namespace, finds_faces: bool) -> float | None:
    """The size of the smallest face to detect; None if images are classified as they are."""
    if options.detect or finds_faces:
        return MIN_FACE if options.min_face is None else options.min_face
    if options.min_face is not None:
        problem = f"--min-face is {options.min_face:g}, but this model takes images as they are"
        raise UserError(problem, "add --detect, or leave --min-face out", key="--min-face")
    return None


def _list_sources(options: argparse.Namespace) -> tuple["Iterable[Source]", list[str], bool]:
    """The sources to classify, their names, and whether there are frames among them."""
    from emotion.prediction.sources import list_sources

    listed = list(list_sources(options.images))
    if options.draw:
        from emotion.prediction.drawing import leave_out_copies, name_copies

        listed = list(leave_out_copies(name_copies(listed), options.draw))
        if options.images and not listed:
            problem = f"all images are copies that an earlier call drew to {options.draw}"
            raise UserError(problem, "give the original images", key="--draw")
    names = [source.name for source in listed]
    if options.camera is None and not any(source.is_video for source in listed):
        return listed, names, False
    from emotion.prediction.video import expand_videos, read_camera

    sources = expand_videos(listed, options.fps)
    if options.camera is None:
        # All cores work on the frames of one video too.
        return sources, [*names, ""], True
    camera = read_camera(options.camera, options.fps)
    return itertools.chain(sources, camera), [*names, f"camera {options.camera}"], True


def _choose_drawing(
    options: argparse.Namespace, model: "Model", file: Path
) -> "Callable[[ImageResult], str] | None":
    """The function that draws each result, if any."""
    if options.draw is None:
        return None
    from emotion.prediction.drawing import Drawing

    if options.draw.exists() and not options.draw.is_dir():
        raise UserError("is not a folder", "give --draw a folder", file=options.draw, key="--draw")
    if not options.explain:
        return Drawing(options.draw).save
    from emotion.cli.heat_map import HeatMap

    return Drawing(options.draw, HeatMap(model, file)).save


def _folder(text: str) -> Path:
    if not text:  # Path("") is the current folder
        raise argparse.ArgumentTypeError("it is empty")
    return Path(text)


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
