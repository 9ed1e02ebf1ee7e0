"""The model card: front matter that the Hub indexes, and a text whose every number is a file's.

The text is the template model_card.md beside this module; here is what it is filled with.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from huggingface_hub import EvalResult, ModelCardData

TEMPLATE = Path(__file__).with_suffix(".md")
TASK = "image-classification"
_HUB = "Hugging Face Hub "  # how models/pretrained/source.json says that weights came from there


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The JSON of earlier stages, as parsed; the card has no other source."""

    label_map: dict[str, int]
    calibration: dict[str, float]
    pretrained: dict[str, Any]  # models/pretrained/source.json
    splits: dict[str, Any]  # metrics/prepare_splits.json
    training: dict[str, Any]  # metrics/train/metrics.json
    evaluation: dict[str, Any]
    export: dict[str, Any]
    explanation: dict[str, Any]

    @property
    def test(self) -> dict[str, float]:
        """Scores of the test split."""
        return self.evaluation["test"]


def render_card(facts: Facts, license: str, name: str) -> str:
    """The whole README.md.

    Args:
        facts: what the card says.
        license: identifier of the Hub's list, for the front matter.
        name: of the model; its title, and its entry in the model index.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,  # a number that is not there must not become a blank
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"score": _score, "percent": _percent, "duration": _duration}
    text = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        facts=facts,
        name=name,
        license=license,
        classes=sorted(facts.label_map, key=facts.label_map.get),
        initial=_initial_weights(facts),
        corpora=", ".join(
            f"{name} ({sum(rows.values())})" for name, rows in facts.splits["source"].items()
        ),
        weakest=_weakest_class(facts),
        cached_side=round(1.14 * facts.export["img_size"]),
    )
    return f"---\n{_front_matter(facts, license, name).to_yaml()}\n---\n\n{text}"


def title_of(facts: Facts, repo_id: str) -> str:
    """The model's name: that of its repository, or what it is where it has none yet."""
    return repo_id.split("/")[-1] or f"facial-expression-{facts.evaluation['model_type']}"


def _weakest_class(facts: Facts) -> tuple[str, dict[str, float]]:
    tested = {name: s for name, s in facts.evaluation["per_class"].items() if s["support"]}
    return min(tested.items(), key=lambda item: item[1]["recall"])


def _initial_weights(facts: Facts) -> dict[str, str]:
    kind, source = facts.evaluation["weights"], facts.pretrained["source"]
    if kind == "random":
        return {"source": f"**random**: {source}", "license": "none needed"}
    if kind == "file":
        # The name alone: the path would tell the Hub about somebody's disk.
        return {"source": f"the file `{Path(source).name}`", "license": "that of the file"}
    return {"source": source, "license": facts.pretrained["license"]}


def _front_matter(facts: Facts, license: str, name: str) -> ModelCardData:
    corpora = ", ".join(facts.splits["source"])
    common = {
        "task_type": TASK,
        "dataset_type": corpora,
        "dataset_name": corpora,
        "dataset_split": "test",
    }
    source = facts.pretrained["source"]
    return ModelCardData(
        model_name=name,
        license=license,
        # The checkpoint has our own head, so timm cannot load it by itself; onnxruntime can.
        library_name="onnx",
        pipeline_tag=TASK,
        base_model=source.removeprefix(_HUB) if source.startswith(_HUB) else None,
        tags=["facial-expression-recognition", TASK, "timm", "onnx"],
        metrics=["accuracy", "f1"],
        labels=sorted(facts.label_map, key=facts.label_map.get),
        eval_results=[
            EvalResult(
                **common,
                metric_type="accuracy",
                metric_name="accuracy",
                metric_value=facts.test["accuracy"],
            ),
            EvalResult(
                **common,
                metric_type="f1",
                metric_name="macro-F1",
                metric_value=facts.test["macro_f1"],
            ),
        ],
    )


def _score(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"  # write_json turns NaN into null


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"  # three digits: 99.8 % is not 100 %


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
