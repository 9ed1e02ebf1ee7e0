"""Blocks about the committed run, from files in Git: its scores, and sessions recorded with it."""

from pathlib import Path

import yaml

from benchmarks import bench_accuracy, bench_seeds
from benchmarks.bench_recipe import format_spread
from emotion.core import files
from stages import paths

NBSP = "\N{NO-BREAK SPACE}"  # a score and its interval stay on one line
LEFT, RIGHT = "---", "---:"  # alignment of a column
RECORDED = Path("docs/recorded")  # sessions: `$ command` and what it printed
MEANINGS = {  # of the numbers of `dvc metrics`
    "acc": "accuracy on test",
    "ece": "expected calibration error on test",
    "epoch": "the epoch that was kept, by validation",
    "f1": "macro-F1 on test",
    "f1_high": "upper end of its 95 % interval",
    "f1_low": "lower end",
    "f1_min": "lowest F1 of a class on test",
    "gap": "largest difference in test accuracy between two values of an attribute, such as two "
    "skin tones",
    "n_test": "test images",
    "n_train": "training images",
    "n_val": "validation images",
    "val_f1": "macro-F1 on validation, in the epoch that was kept",
    "onnx_mb": "size of the ONNX file in MB",
    "img_s": "training images per second",
    "minutes": "duration of training",
}


def read_session(name: str) -> tuple[str, str]:
    """The command of a recorded session, and what it printed."""
    text = (RECORDED / f"{name}.txt").read_text(encoding="utf-8")
    command, _, output = text.removeprefix("$ ").partition("\n")
    return command, output.rstrip()


def session(name: str) -> str:
    """A recorded session."""
    command, output = read_session(name)
    return _console(f"$ {command}", output)


def first_run() -> str:
    """What `make repro` prints of the test split, and the same scores of `dvc metrics diff`."""
    found = files.read_json(paths.EVALUATE_METRICS)
    command, output = read_session("metrics_diff")
    header, *rows = output.splitlines()
    shown = [row for row in rows if row.split()[1] in ("acc", "ece", "f1")]
    scores = f"accuracy {found['acc']:.3f}  macro-F1 {found['f1']:.3f} {_interval(found)}"
    test = f"test  {scores}  ECE {found['ece']:.3f}  ..."
    return _console("$ make repro", "...", test, "...", f"$ {command}", header, *shown, "...")


def verdict() -> str:
    """The last line of a comparison of two experiments."""
    command, output = read_session("compare")
    return _console(f"$ {command}", "...", output.splitlines()[-1])


def results() -> str:
    """Test scores: of the committed run, and on photographs."""
    params = yaml.safe_load(paths.PARAMS.read_text(encoding="utf-8"))
    train, frozen = params["train"], params["train"]["freeze_backbone_epochs"]
    found = files.read_json(paths.EVALUATE_METRICS)
    images = sum(found[f"n_{split}"] for split in ("train", "val", "test"))
    rows = [
        [
            f"{images:,} drawn faces of {params['draw_faces']['subjects']} subjects "
            f"({found['n_test']} test images)",
            f"`{params['model_type']}`, {train['img_size']} px, {frozen} + "
            f"{train['epochs'] - frozen} epochs",
            f"{found['acc']:.3f}",
            f"{found['f1']:.3f} {_interval(found)}".replace(" ", NBSP),
        ],
        _photographs(
            "2,847 photographs (568 test images)",
            "`tf_efficientnet_lite0`, 112 px, 3 + 8 epochs, LDAM",
            "ImageNet, 112 px, 3 + 8 epochs",
        ),
        _photographs(
            "the same photographs",
            "`mobilenetv1_100.vggface2`, 160 px, 2 + 5 epochs",
            "faces, 160 px",
            "_flip",
        ),
    ]
    columns = {"data": LEFT, "network, input, frozen + full epochs": LEFT}
    return table(columns | {"test accuracy": RIGHT, "test macro-F1": RIGHT}, rows)


def _photographs(data: str, recipe: str, setup: str, flip: str = "") -> list[str]:
    """A row of the table of results, from the runs of a setup of bench_accuracy."""
    runs = [run for run in files.read_json(bench_accuracy.RESULTS)["runs"] if run["setup"] == setup]
    names = (f"test_accuracy{flip}", f"test_macro_f1{flip}")
    spreads = (format_spread([run[name] for run in runs]) for name in names)
    return [data, recipe, *(spread.replace(" ", NBSP) for spread in spreads)]


def machine() -> str:
    """Where the committed run was made, and how long training took."""
    found, minutes = files.read_json(paths.MACHINE), files.read_json(paths.TIMING_METRICS)
    return (
        f"The first row is the committed run; training took {minutes['minutes']:.1f} minutes on "
        f"{found['cores']} cores of an {found['processor'].replace('(R)', '')}, without a GPU."
    )


def seeds() -> str | None:
    """How far the scores of other seeds of training are apart."""
    if not bench_seeds.RESULTS.exists():
        return None
    runs = files.read_json(bench_seeds.RESULTS)["runs"]
    scores = [run["f1"] for run in runs]
    return (
        f"Training noise: {len(runs)} seeds of the committed recipe gave macro-F1 from "
        f"{min(scores):.3f} to {max(scores):.3f}."
    )


def metrics() -> str:
    """Each number of `dvc metrics`, its value in the committed run, and what it is."""
    rows = [
        [f"`{path}`", f"`{name}`", MEANINGS[name], f"{value:g}"]
        for path in (paths.EVALUATE_METRICS, paths.EXPORT_METRICS, paths.TIMING_METRICS)
        for name, value in files.read_json(path).items()
    ]
    return table({"file": LEFT, "metric": LEFT, "meaning": LEFT, "committed run": RIGHT}, rows)


def _interval(found: dict[str, float]) -> str:
    """The 95 % interval of macro-F1."""
    return f"[{found['f1_low']:.2f}, {found['f1_high']:.2f}]"


def _console(*lines: str) -> str:
    return "\n".join(["```console", *lines, "```"])


def table(columns: dict[str, str], rows: list[list[str]]) -> str:
    """A Markdown table; each column has LEFT or RIGHT."""
    lines = [[*columns], [*columns.values()], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
