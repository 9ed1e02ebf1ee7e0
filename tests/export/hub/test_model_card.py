"""The Hub can read the card, and every number on it comes from a report."""

import json
import re
from copy import copy
from dataclasses import replace

import jinja2
import numpy as np
import onnx
import pytest
import yaml
from huggingface_hub import ModelCard, metadata_load
from markdown_it import MarkdownIt
from PIL import Image
from pydantic import ValidationError

from emotion.export.hub.model_card import render_card, title_of
from emotion.export.hub.upload import PublishParams
from tests.data.conftest import draw_party
from tests.export.hub.conftest import CLASSES, INPUTS
from tests.prediction.conftest import write_onnx

NAME = "facial-expression-resnet50"


def card_of(inputs) -> str:
    return render_card(inputs, license="apache-2.0", name=NAME)


def started_from(inputs, weights: str, source: str):
    """The inputs of a model with other initial weights."""
    return replace(
        inputs,
        evaluation=replace(inputs.evaluation, weights=weights),
        pretrained=replace(inputs.pretrained, source=source),
    )


def cells(text: str, first: str) -> list[str]:
    """The cells of the table row that begins with `first`."""
    [row] = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_hub_reads_the_front_matter(inputs, tmp_path):
    (tmp_path / "README.md").write_text(card_of(inputs))
    metadata = metadata_load(tmp_path / "README.md")
    assert metadata["license"] == "apache-2.0"
    assert metadata["pipeline_tag"] == "image-classification"
    assert metadata["labels"] == list(CLASSES)
    assert metadata["base_model"] == "timm/resnet50.a1_in1k"
    assert {"facial-expression-recognition", "timm", "onnx"} <= set(metadata["tags"])


def test_model_index_holds_the_test_scores(inputs):
    data = ModelCard(card_of(inputs)).data
    assert data.model_name == NAME
    results = {result.metric_name: result for result in data.eval_results}
    assert results["accuracy"].metric_value == INPUTS.evaluation.test.accuracy
    assert results["macro-F1"].metric_value == INPUTS.evaluation.test.macro_f1
    for result in data.eval_results:
        assert (result.dataset_name, result.dataset_split) == ("drawn_faces, studio", "test")


def test_tables_show_the_reported_numbers(inputs):
    text = ModelCard(card_of(inputs)).text
    assert cells(text, "macro-F1")[1:] == ["0.812", "**0.765** [0.713, 0.804]"]
    assert cells(text, "accuracy")[1:] == ["0.835", "**0.791** [0.751, 0.822]"]
    assert cells(text, "balanced accuracy")[1:] == ["0.801", "0.775"]
    majority = cells(text, "accuracy of always predicting the most frequent class")
    assert majority[1:] == ["0.402", "0.417"]
    assert cells(text, "expected calibration error (15 bins)")[1:] == [
        "0.033",
        "0.048 [0.021, 0.086]",
    ]
    assert cells(text, "images")[1:] == ["149", "143"]
    assert cells(text, "angry")[1:] == ["0.611", "0.422", "0.499 [0.399, 0.549]", "21"]
    assert cells(text, "images: train, validation, test")[1:] == ["701, 149, 143"]
    assert cells(text, "people: train, validation, test")[1:] == ["211, 43, 47"]
    assert cells(text, "synthetic share of the training images")[1:] == ["25 %"]
    assert cells(text, "best epoch")[1:] == ["17"]
    assert cells(text, "mean epoch time")[1:] == ["12.3 s"]
    assert cells(text, "total training time")[1:] == ["1 h 12 min"]
    assert cells(text, "HiResCAM")[1:] == ["yes", "0.180", r"marks what counts \[+0.10, +0.20\]"]
    assert "- happy (31 images): of the HiResCAM mass" in text
    assert cells(text, "corpora")[1:] == ["drawn_faces (300), studio (700)"]
    assert "opset 18" in text
    assert "same class on 99.3 %" in text
    assert "at most 1e-04 (allowed: 1e-04)" in text
    assert "softmax(logits / 1.4321)" in text
    assert "(1.14 × 32)" in text
    assert "face, (36, 36), Image.Resampling.BICUBIC" in text


def test_limits_show_the_reported_numbers(inputs):
    text = card_of(inputs)
    assert "The lowest recall is that of `angry`**: 42.2 % on the test split" in text
    assert "**By skin tone** the test accuracy is between 65.4 % (`10`) and 85.4 % (`2`)" in text
    assert "No difference is shown (permutation test over people, p = 0.42" in text
    assert "25 % of the training images are synthetic" in text
    assert "has not been measured" not in text


def test_calibration_and_abstention_are_described_with_their_numbers(inputs):
    text = " ".join(card_of(inputs).split())
    assert "0.058 without temperature scaling and 0.048 with it" in text
    assert "Below a confidence of 0.71 " in text
    assert "an error rate of at most 10 % among the answered images" in text
    assert "answers 61.2 % of the images, with an error rate of 9.11 %" in text
    answers_all = replace(inputs, evaluation=replace(inputs.evaluation, answered=None))
    assert "uncertain" not in card_of(answers_all)


def test_averaging_over_mirror_images_is_stated(inputs):
    assert "mirror image" not in card_of(inputs)
    flipped = replace(inputs, calibration=replace(inputs.calibration, flip=True))
    assert "mean over the image and its mirror image" in " ".join(card_of(flipped).split())


def test_the_runs_of_an_average_are_named_and_no_time_is_given_for_it(inputs):
    training = replace(inputs.training, members="seed-0, a|b")
    time = replace(inputs.time, epoch_seconds=[0.0], total_seconds=0.0)
    text = card_of(replace(inputs, training=training, time=time))
    assert r"| weights | average of the runs seed-0, a\|b |" in text
    assert cells(text, "best epoch of the first of them")[1] == "17"
    assert "training time" not in text
    assert "average of the runs" not in card_of(inputs)


def test_the_revision_of_a_repository_is_stated(inputs):
    pinned = replace(inputs.pretrained, source="Hugging Face Hub owner/x", revision="0123abcd")
    card = ModelCard(card_of(replace(inputs, pretrained=pinned)))
    assert cells(card.text, "initial weights")[1] == "Hugging Face Hub owner/x, revision 0123abcd"
    assert card.data.base_model == "owner/x"


@pytest.mark.parametrize("slices", [{}, {"source": INPUTS.evaluation.slices["skin_tone"]}])
def test_unmeasured_fairness_is_stated(inputs, slices):
    unmeasured = replace(inputs, evaluation=replace(inputs.evaluation, slices=slices))
    text = card_of(unmeasured)
    assert "Accuracy by skin tone, age or gender has not been measured" in text


def test_random_weights_are_stated_first_and_in_capitals(inputs):
    assert "RANDOM" not in card_of(inputs)
    source = "the Hugging Face Hub gave no weights (ConnectError)"
    card = ModelCard(card_of(started_from(inputs, "random", source)))
    first = card.text.strip().splitlines()[2]
    assert first.startswith("> **This model started from RANDOM weights")
    assert cells(card.text, "initial weights")[1].startswith("**random**")
    assert card.data.base_model is None


def test_synthetic_faces_only_is_stated_before_the_results(inputs):
    assert "synthetic faces only" not in card_of(inputs)
    synthetic = replace(inputs, splits=replace(inputs.splits, synthetic_fraction=1.0))
    card = card_of(synthetic)
    assert 0 < card.index("Trained on synthetic faces only") < card.index("## Results")
    assert "50 % of the test images are synthetic too" in card
    assert "Synthetic faces are not photographs" in card


def test_card_does_not_show_the_folder_of_a_weights_file(inputs):
    card = card_of(started_from(inputs, "file", "/home/somebody/private/weights.pth"))
    assert "the file `weights.pth`" in card
    assert "somebody" not in card


def test_out_of_scope_use_names_the_law(inputs):
    card = card_of(inputs)
    for words in ("An expression is not a feeling", "at work or in education", "2024/1689"):
        assert words in card


def test_a_missing_number_is_an_error_and_not_a_blank(inputs):
    training = copy(inputs.training)
    object.__delattr__(training, "best_epoch")  # read_report would have rejected the file
    with pytest.raises(jinja2.UndefinedError, match="best_epoch"):
        card_of(replace(inputs, training=training))


def test_an_undefined_score_is_shown_as_not_available(inputs):
    test = copy(inputs.evaluation.test)
    object.__setattr__(test, "nll", None)  # replace would validate the type
    evaluation = copy(inputs.evaluation)
    object.__setattr__(evaluation, "test", test)
    card = card_of(replace(inputs, evaluation=evaluation))
    assert cells(card, "negative log-likelihood")[2] == "n/a"


def test_no_template_syntax_is_left(inputs):
    card = card_of(inputs)
    assert not re.search(r"\{\{|\{%|\bNone\b|\bnan\b", card)
    assert "\n\n\n" not in card
    assert yaml.safe_load(card.split("---")[1])["model-index"]


def test_equal_inputs_give_equal_text(inputs):
    assert card_of(inputs) == card_of(inputs)


def test_name_is_the_repository_or_the_backbone(inputs):
    assert title_of(inputs, "somebody/faces") == "faces"
    assert title_of(inputs, "") == NAME


def tiny_onnx() -> onnx.ModelProto:
    """A network with the exported names and shapes; logits are 10 x the mean of R, G, B and R."""
    weights = 10 * np.eye(3, dtype=np.float32)[:, [0, 1, 2, 0]]
    node, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            node("GlobalAveragePool", ["images"], ["pooled"]),
            node("Flatten", ["pooled"], ["flat"]),
            node("MatMul", ["flat", "weights"], ["logits"]),
            node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "tiny",
        [value("images", onnx.TensorProto.FLOAT, ["N", 3, 32, 32])],
        [value(name, onnx.TensorProto.FLOAT, ["N", 4]) for name in ("logits", "probabilities")],
        [onnx.numpy_helper.from_array(weights, "weights")],
    )
    opset = [onnx.helper.make_opsetid("", 18)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=9)


@pytest.fixture
def run_snippet(inputs, tmp_path, monkeypatch):
    """Runs the card's Python code in a folder with an image and returns its variables."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 99, (70, 50, 3), dtype=np.uint8)
    pixels[..., 2] += 150
    Image.fromarray(pixels).save("face.jpg", quality=95)
    onnx.save(tiny_onnx(), "model.onnx")
    (tmp_path / "label_map.json").write_text(json.dumps(inputs.label_map))
    _, code = re.findall(r"```python\n(.*?)```", card_of(inputs), re.DOTALL)

    def run() -> dict:
        variables = {}
        exec(code, variables)
        return variables

    return run


def test_the_snippet_runs_and_prints_the_correct_class(run_snippet, capsys):
    run_snippet()
    assert capsys.readouterr().out.startswith("neutral 0.")


def test_the_snippet_preprocesses_images_as_evaluation_does(run_snippet, inputs):
    from emotion.data.cache import cache_images
    from emotion.data.transforms import crop_batch

    preprocessing = inputs.export.preprocessing
    expected = crop_batch(cache_images(["face.jpg"], preprocessing), preprocessing).numpy()
    np.testing.assert_allclose(run_snippet()["images"], expected, atol=1e-6)


def test_the_five_lines_of_the_card_classify_each_face(inputs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    draw_party().save("photo.jpg", quality=95)
    write_onnx("model.onnx")
    code, _ = re.findall(r"```python\n(.*?)```", card_of(inputs), re.DOTALL)
    assert len(code.split("\n\n")[1].splitlines()) + 1 <= 5
    exec(code, {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(re.search(r"\) (angry|happy|sad) 0\.\d+$", line) for line in lines)


def test_the_command_of_this_project_comes_before_the_snippets(inputs):
    card = card_of(inputs)
    command = card.index("`emotion predict --detect --model . photo.jpg`")
    assert card.index("## Use") < command < card.index("```python")


def test_each_smaller_file_has_its_measurement_and_its_verdict(inputs):
    card = card_of(inputs)
    rows = [
        line.strip("| ").split(" | ") for line in card.splitlines() if line.startswith("| int8")
    ]
    assert rows[0][1:] == [
        *("static, all operators", "24.2", "3.14", "2.71"),
        *("-0.004 [-0.012, +0.004]", "kept"),
    ]
    assert rows[1][4:] == ["1.01", "", "rejected"]
    assert "- Could not be built: fp16, all operators: no such operator." in card
    assert "| `model.int8.onnx` |" in card
    assert "2 cores of Any CPU" in card


def test_the_table_of_files_names_every_file_of_the_folder(inputs):
    card = card_of(inputs)
    for name in (
        "best_model.pth",
        "model.safetensors",
        "label_map.json",
        "preprocessing.json",
        "calibration.json",
    ):
        assert f"| `{name}` |" in card


def test_every_text_that_the_template_inserts_is_escaped(inputs):
    """Class names, a tag, verdicts and attributes of a slice come from files and users too."""
    names = {"angry": "a@b_c", "happy": "<i>", "neutral": "[x](y)", "sad": "#1 | $2$ `d`"}
    scores = {names[name]: value for name, value in inputs.evaluation.per_class.items()}
    evaluation = replace(inputs.evaluation, per_class=scores)
    label_map = {names[name]: index for name, index in inputs.label_map.items()}
    card = card_of(replace(inputs, label_map=label_map, evaluation=evaluation))
    html = MarkdownIt("gfm-like").render(card.split("---\n", 2)[2])
    assert "<i>" not in html
    assert 'href="y"' not in html
    assert "<td>#\u200b1 | &#36;".replace("&#36;", "$") in html


def test_text_of_the_user_is_no_markup_of_the_card(inputs):
    evil = "<script>x</script> [a](http://b) | **c** \x1b[2J\n# d `e`"
    splits = replace(inputs.splits, source={evil: {"train": 1, "val": 1, "test": 1}})
    card = card_of(replace(started_from(inputs, "pretrained", evil), splits=splits))
    for row in ("corpora", "initial weights"):
        [line] = [line for line in card.splitlines() if line.startswith(f"| {row} |")]
        assert line.count(" | ") == 1  # still one row of two cells
        shown = line.removeprefix(f"| {row} | ").removesuffix(" |")
        html = MarkdownIt("gfm-like").render(shown)
        assert set(re.findall(r"<(\w+)", html)) <= {"p"}  # no markup of its own
        assert "\x1b" not in html


@pytest.mark.parametrize("license", ["", "a\nb: c", "<b>", "x" * 100, "mit}"])
def test_a_license_is_an_identifier(license):
    with pytest.raises(ValidationError):
        PublishParams(license=license)
