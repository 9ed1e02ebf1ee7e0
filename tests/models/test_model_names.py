"""A hint names the network that was meant, or none: another one would train without an error."""

import pytest
import timm

from emotion.models.backbones import resolve_timm_name
from emotion.models.model_names import suggest
from tests.user_errors import user_error


@pytest.mark.parametrize(
    "name", ["resnet50.a1_in1k", "convnext_tiny.fb_in1k", "vit_tiny_patch16_224.augreg_in21k"]
)
@pytest.mark.parametrize(
    "written",
    [
        "timm/{}",
        "hf_hub:timm/{} ",
        "HF_HUB:timm/{}",
        "hf-hub:timm/{}/",
        "hf://timm/{}",
        "https://huggingface.co/timm/{}",
        "http://www.huggingface.co/timm/{}/tree/main",
        "https://hf.co/timm/{}/resolve/main/model.safetensors",
    ],
)
def test_an_address_of_the_hub_gives_the_name_with_its_weights(name, written):
    assert suggest(written.format(name)) == f"set it to {name} or hf_hub:timm/{name}"


@pytest.mark.parametrize(
    "written", ["{} ", "\t{}", "{}\n", "'{}'", "timm:{}", "./{}", "torchvision/{}", "models.{}"]
)
@pytest.mark.parametrize("name", ["resnet50", "vit_base_patch16_224", "mobilenetv3_small_100"])
def test_a_name_in_another_spelling_is_the_same_network(name, written):
    for spelled in (name, name.upper(), name.replace("_", "-"), name.replace("_", " ")):
        assert suggest(written.format(spelled)) == f"set it to {name}"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ResNet-50", "resnet50"),
        ("resnet5O", "resnet50"),
        ("ｒｅｓｎｅｔ５０", "resnet50"),
        ("efficientnet-b0", "efficientnet_b0"),
        ("ConvNeXt_Tiny", "convnext_tiny"),
        ("Inception V3", "inception_v3"),
        ("resnt50", "resnet50"),
        ("ResNet50.A1_in1k", "resnet50.a1_in1k"),
    ],
)
def test_how_papers_and_people_write_a_name(written, name):
    with user_error(key="model_type", hint=f"set it to {name}"):
        resolve_timm_name(written)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ViT-B/16", "vit_base_patch16_224"),
        ("MobileNetV2", "mobilenetv2_100"),
        ("vit_b_16", "vit_base_patch16_224"),
        ("swin_t", "swin_tiny_patch4_window7_224"),
        ("mobilenet_v2", "mobilenetv2_100"),
        ("torchvision/mobilenet_v3_small", "mobilenetv3_small_100"),
    ],
)
def test_names_of_torchvision_are_those_networks(written, name):
    assert timm.is_model(name)
    assert suggest(written) == f"set it to {name}"


@pytest.mark.parametrize(
    "written",
    ["InceptionResnetV1", "facenet", "vit_b_8", "shufflenet_v2_x1_0", "resnet999", "timm/resnet"]
    + ["None", "", "50", "/", "x" * 10_000, "../../etc/passwd", "owner/a b"],
)
def test_no_other_network_is_suggested(written):
    assert suggest(written) == ""


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("google/vit-base-patch16-224", "hf_hub:google/vit-base-patch16-224 if"),
        ("resnet50.pth", "pretrained to the file: data/weights/resnet50.pth"),
        ("C:\\nets\\a b.SafeTensors", "pretrained to the file: data/weights/a b.SafeTensors"),
        ("https://example.org/x.onnx", "data/weights/x.onnx"),
        ("https://example.org/net", "download"),
        ("local_dir:data/weights/x", "local-dir:"),
        ("./data/weights/x", "local-dir:"),
        ("timm/resnet50.a1", "emotion backbones 'resnet50*'"),
        ("resnet50.a1_in1k@main", "emotion backbones 'resnet50*'"),
    ],
)
def test_other_values_have_the_way_to_what_was_meant(written, hint):
    with user_error(key="model_type", hint=hint):
        resolve_timm_name(written)
