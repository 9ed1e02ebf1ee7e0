"""The Hub can read the card, and every number on it comes from a report."""

import json
import re
from copy import copy
from dataclasses import replace

import jinja2
import numpy as np
import pytest
import yaml
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt
from PIL import Image

from emotion.data.cache import cache_images
from emotion.data.face import FaceImage
from emotion.data.face_crop import TEMPLATE, face_square
from emotion.data.face_detector import FaceDetector
from emotion.data.transforms import crop_batch
from emotion.export.hub.model_card import render_card, title_of
from emotion.export.license import License, choose_license
from tests.data.conftest import draw_party
from tests.export.hub.conftest import CLASSES, INPUTS
from tests.prediction.conftest import write_onnx

NAME = "facial-expression-resnet50"


def card_of(inputs=INPUTS) -> str:
    return render_card(inputs, license=License(identifier="apache-2.0"), name=NAME)


CARD = card_of()


def changed(inputs=INPUTS, /, **parts):
    """The inputs with other values of some reports."""
    new = {part: replace(getattr(inputs, part), **values) for part, values in parts.items()}
    return replace(inputs, **new)


def started_from(weights: str, source: str):
    return changed(evaluation={"weights": weights}, pretrained={"source": source})


def cells(text: str, first: str) -> list[str]:
    """The other cells of the table row that begins with `first`."""
    [row] = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in row.strip("|").split(" | ")][1:]


def test_the_hub_reads_the_front_matter():
    data = ModelCard(CARD).data
    assert (data.license, data.pipeline_tag) == ("apache-2.0", "image-classification")
    assert (data.labels, data.model_name) == (list(CLASSES), NAME)
    assert data.base_model == "timm/resnet50.a1_in1k"
    assert {"facial-expression-recognition", "timm", "onnx"} <= set(data.tags)
    results = {result.metric_name: result.metric_value for result in data.eval_results}
    test = INPUTS.evaluation.test
    assert results == {"accuracy": test.accuracy, "macro-F1": test.macro_f1}
    args = {result.metric_type: result.metric_args for result in data.eval_results}
    assert args == {"accuracy": None, "f1": {"average": "macro"}}
    for result in data.eval_results:
        assert (result.dataset_name, result.dataset_split) == ("drawn_faces, studio", "test")


def test_the_card_has_the_terms_of_weights_without_a_license_of_the_list():
    source = {"source": "npm @vladmandic/human@3.3.6", "license": "MIT, for `research` only"}
    inputs = changed(pretrained=source)
    card = render_card(inputs, license=choose_license("", inputs.pretrained), name=NAME)
    data = ModelCard(card).data.to_dict()
    link = "https://www.npmjs.com/package/@vladmandic/human"
    expected = ("other", "mit-for-research-only", link)
    assert (data["license"], data["license_name"], data["license_link"]) == expected
    assert f"<{link}>" in card
    assert "MIT, for \\`research\\` only" in " ".join(card.split())


def test_tables_show_the_reported_numbers():
    val, test = INPUTS.evaluation.val, INPUTS.evaluation.test
    angry = INPUTS.evaluation.per_class["angry"]
    expected = {
        "macro-F1": [
            f"{val.macro_f1:.3f}",
            f"**{test.macro_f1:.3f}** [{test.macro_f1_low:.3f}, {test.macro_f1_high:.3f}]",
        ],
        "accuracy": [
            f"{val.accuracy:.3f}",
            f"**{test.accuracy:.3f}** [{test.accuracy_low:.3f}, {test.accuracy_high:.3f}]",
        ],
        "balanced accuracy": [f"{s.balanced_accuracy:.3f}" for s in (val, test)],
        "accuracy of always predicting the most frequent class": [
            f"{s.majority_accuracy:.3f}" for s in (val, test)
        ],
        "expected calibration error (15 bins)": [
            f"{val.ece:.3f}",
            f"{test.ece:.3f} [{test.ece_low:.3f}, {test.ece_high:.3f}]",
        ],
        "negative log-likelihood": [f"{s.nll:.3f}" for s in (val, test)],
        "images": ["149", "143"],
        "angry": [
            f"{angry.precision:.3f}",
            f"{angry.recall:.3f}",
            f"{angry.f1:.3f} [{angry.f1_low:.3f}, {angry.f1_high:.3f}]",
            "21",
        ],
        "images: train, validation, test": ["701, 149, 143"],
        "subjects: train, validation, test": ["211, 43, 47"],
        "training images marked as drawn, generated or augmented copies": ["25 %"],
        "best epoch": ["17"],
        "mean epoch time": ["12.3 s"],
        "total training time": ["1 h 12 min"],
        "HiResCAM": ["yes", "0.180", r"marks what counts \[+0.10, +0.20\]"],
        "datasets (images)": ["drawn_faces (300), studio (700)"],
    }
    assert {first: cells(CARD, first) for first in expected} == expected


def test_the_text_shows_the_reported_numbers():
    test = INPUTS.evaluation.test
    for values in (
        r"opset 18\b",
        r"99.3 %.* 1e-04 .*1e-03",  # parity and its tolerance
        r"softmax\(logits / 1.4321\)",
        r"1.14 × 32\b",
        r"\(36, 36\), Image.Resampling.BICUBIC",
        rf"{test.ece_uncalibrated:.3f} .* {test.ece:.3f}",
        r"below 0.71 .* 10 %.* 61.2 % .* 9.11 %",  # selective prediction
        r"`angry`\*\*: 42 %",  # the lowest recall of a class with test images
        r"skin tone\*\* .* 65.4 % \(`10`\) .* 85.4 % \(`2`\)\. No difference .* p = 0.42",
        r"25 % of the training images are synthetic\*\*: drawn",
        r"2 cores of Any CPU",
        r"happy \(31 images\): of the HiResCAM mass",
    ):
        assert re.search(values, " ".join(CARD.split())), values


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (changed(calibration={"flip": True}), "mirror image"),
        (changed(training={"ingredients": "seed-0, a|b"}), r"runs seed-0, a\|b |"),
        (changed(pretrained={"revision": "0123abcd"}), "revision 0123abcd |"),
        (changed(evaluation={"slices": {}}), "gender has not been measured"),
        (started_from("random", "no response"), "> **This model started from RANDOM weights"),
        (started_from("random", "no response"), "| initial weights | **random**: no response"),
        (started_from("file", "/home/somebody/weights.pth"), "the file `weights.pth` |"),
        (changed(splits={"synthetic_fraction": 1.0}), "> **All training images are synthetic**"),
        (changed(splits={"synthetic_fraction": 1.0}), "> are 50 % of the test images"),
        (changed(splits={"synthetic_fraction": 1.0}), "Synthetic faces are not photographs"),
    ],
)
def test_what_holds_for_some_models_only_is_stated_there(inputs, words):
    assert words not in CARD
    card = card_of(inputs)
    assert words in card
    assert not words.startswith(">") or card.index(words) < card.index("## Results")
    assert "somebody" not in card  # the folder of a weights file
    assert (ModelCard(card).data.base_model is None) == (inputs.evaluation.weights != "pretrained")


def test_what_does_not_apply_is_left_out():
    all_answered = card_of(changed(evaluation={"answered": None}))
    assert "should be treated as uncertain" not in all_answered
    assert f"uncertain: {INPUTS.calibration.threshold_reason}." in all_answered
    averaged = changed(time={"epoch_seconds": [0.0], "total_seconds": 0.0})
    assert not re.search("epoch time|training time", card_of(averaged))


def test_out_of_scope_use_names_the_law():
    for words in ("An expression is not a feeling", "at work or in education", "2024/1689"):
        assert words in CARD


def test_a_missing_number_is_an_error_and_not_a_blank():
    training = copy(INPUTS.training)
    object.__delattr__(training, "best_epoch")  # read_report would have rejected the file
    with pytest.raises(jinja2.UndefinedError, match="best_epoch"):
        card_of(replace(INPUTS, training=training))


def test_an_undefined_score_is_shown_as_not_available():
    test = copy(INPUTS.evaluation.test)
    object.__setattr__(test, "nll", None)  # replace would validate the type
    evaluation = copy(INPUTS.evaluation)
    object.__setattr__(evaluation, "test", test)
    assert (
        cells(card_of(replace(INPUTS, evaluation=evaluation)), "negative log-likelihood")[1]
        == "n/a"
    )


def test_no_template_syntax_is_left():
    assert not re.search(r"\{\{|\{%|\bNone\b|\bnan\b", CARD)
    assert "\n\n\n" not in CARD
    assert yaml.safe_load(CARD.split("---")[1])["model-index"]


def test_name_is_the_repository_or_the_backbone():
    assert title_of(INPUTS, "somebody/faces") == "faces"
    assert title_of(INPUTS, "") == NAME


def test_the_snippet_preprocesses_as_evaluation_does(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 99, (70, 50, 3), dtype=np.uint8)
    pixels[..., 2] += 150
    Image.fromarray(pixels).save("face.jpg", quality=95)
    write_onnx("model.onnx")  # predicts the brightest channel
    (tmp_path / "label_map.json").write_text(json.dumps(INPUTS.label_map))
    _, code = re.findall(r"```python\n(.*?)```", CARD, re.DOTALL)
    exec(code, variables := {})
    assert capsys.readouterr().out.startswith("neutral 0.")
    preprocessing = INPUTS.export.preprocessing
    files = [FaceImage("face.jpg")]
    expected = crop_batch(cache_images(files, preprocessing), preprocessing).numpy()
    np.testing.assert_allclose(variables["images"], expected, atol=1e-6)


def test_the_five_lines_of_the_card_classify_each_face(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    draw_party().save("photo.jpg", quality=95)
    write_onnx("model.onnx")
    code, _ = re.findall(r"```python\n(.*?)```", CARD, re.DOTALL)
    assert len(code.split("\n\n")[1].splitlines()) + 1 <= 5
    exec(code, {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(re.search(r"\) (angry|happy|sad) 0\.\d+$", line) for line in lines)
    command = CARD.index("`emotion predict --detect --model . photo.jpg`")
    assert CARD.index("## Use") < command < CARD.index("```python")


def card_of_faces(faces, margin):
    preprocessing = replace(INPUTS.export.preprocessing, faces=faces, face_margin=margin)
    return card_of(changed(export={"preprocessing": preprocessing})), preprocessing


@pytest.mark.parametrize("faces", ["box", "aligned"])
def test_the_snippet_gives_a_crop_of_a_face_as_training_does(tmp_path, monkeypatch, capsys, faces):
    card, preprocessing = card_of_faces(faces, 1.25)
    monkeypatch.chdir(tmp_path)
    write_onnx("model.onnx")
    (tmp_path / "label_map.json").write_text(json.dumps(INPUTS.label_map))
    party = draw_party()
    face = FaceDetector().detect(party)[1]
    square = face_square(face, faces, 1.25)
    corners = square @ np.array([[0, 0, 1, 1], [0, 1, 1, 0], [1, 1, 1, 1]])
    quad = corners.T.ravel().tolist()
    bicubic = Image.Resampling.BICUBIC
    party.transform((200, 200), Image.Transform.QUAD, quad, bicubic).save("face.jpg", quality=97)
    code = re.findall(r"```python\n(.*?)```", card, re.DOTALL)[1]
    exec(code, variables := {})
    assert capsys.readouterr().out
    expected = preprocessing.center_crop(preprocessing.prepare(party, face)) / 255
    assert variables["images"].shape == (1, *expected.shape)
    assert abs(variables["images"][0] - expected).mean() < 0.02


def test_a_card_of_detected_faces_says_how_they_are_cropped():
    box, _ = card_of_faces("box", 1.2)
    assert "cropped by their box" in box
    assert "1.14 times its height" in box  # 0.95 heights, 1.2 times as wide
    aligned, _ = card_of_faces("aligned", 1.25)
    assert "1.25 times as wide" in aligned
    found = re.findall(r"\((\d+\.\d), (\d+\.\d)\)", aligned)
    np.testing.assert_allclose(np.array(found, float), 112 * TEMPLATE, atol=0.05)
    for card in (box, aligned):
        assert "`emotion predict --model . photo.jpg`" in card
        assert "--detect" not in card
        assert "then crop the center" not in card
        assert "crop of the face |" in card
    for words in ("YuNet", "--cropped", "crop of the face"):
        assert words not in CARD


def test_each_smaller_file_has_its_measurement_and_its_verdict():
    rows = [line.strip("| ").split(" | ") for line in CARD.splitlines() if "| int8 |" in line]
    assert rows[0][1:] == [
        *("static, all operators", "24.2", "3.14", "2.71"),
        *("-0.004 [-0.012, +0.004]", "kept"),
    ]
    assert rows[1][4:] == ["1.01", "", "rejected"]
    assert "fp16, all operators: no such operator" in CARD


def test_no_text_of_reports_or_users_is_markup_of_the_card():
    """Class names, a tag, verdicts and attributes of a slice come from files and users too."""
    evil = "<script>x</script> [a](http://b) | **c** \x1b[2J\n# d `e`"
    names = {"angry": "a@b_c", "happy": "<i>", "neutral": "[x](y)", "sad": "#1 | $2$ `d`"}
    per_class = {names[name]: value for name, value in INPUTS.evaluation.per_class.items()}
    inputs = changed(
        started_from("pretrained", evil),
        splits={"source": {evil: {"train": 1, "val": 1, "test": 1}}},
        evaluation={"per_class": per_class},
    )
    label_map = {names[name]: index for name, index in INPUTS.label_map.items()}
    card = card_of(replace(inputs, label_map=label_map))
    html = MarkdownIt("gfm-like").render(card.split("---\n", 2)[2])
    assert not {"i", "script"} & set(re.findall(r"<(\w+)", html))
    assert not {"y", "http://b"} & set(re.findall(r'href="([^"]*)"', html))
    assert "<td>#\u200b1 | $" in html
    for row in ("datasets (images)", "initial weights"):
        [shown] = cells(card, row)  # still one row of two cells
        found = MarkdownIt("gfm-like").render(shown)
        assert set(re.findall(r"<(\w+)", found)) <= {"p"}
        assert "\x1b" not in found
