"""Every call that could wait for ever is listed here, with the reason why it does not.

A pipe in the place of a file is waited for by `open`, and a server that never answers by a client
without a time limit. A new call of this kind fails the test until its reason stands below.
"""

import ast
from pathlib import Path

OPENING = {
    *("open", "os.open", "io.open", "FileIO", "Image.open", "np.load", "np.memmap", "json.load"),
    *("pd.read_csv", "pd.read_excel", "torch.load", "safetensors.torch.load_file", "onnx.load"),
    *("onnxruntime.InferenceSession", "cv2.imread", "cv2.VideoCapture", "shutil.copyfile"),
    *("shutil.copy", "shutil.copytree", "zipfile.ZipFile", "tarfile.open", "gzip.open"),
}
OPENING_METHODS = {"read_text", "read_bytes", "open"}  # of a Path
CONNECTING = {
    *("huggingface_hub", "requests", "urllib", "socket", "http", "httpx", "subprocess", "api"),
    *("session.head", "timm.create_model", "importlib.import_module", "get_session"),
    *("timm.models.load_state_dict_from_hf", "load_model_config_from_path"),
}

CHECKED = "only after is_file"
OURS = "a file that this program has just written, or that is a part of it or of the repository"
REGULAR = "a file that open_regular has opened"
TEXT = "a text in memory"
LIMIT = "within the limits of emotion/core/hub_client.py"
LOCAL = "no connection"
TOOL = "git and dvc of this repository, whose output the user sees or can interrupt"

EXPECTED = {
    "emotion/comparison/learning_curves.py": {"pd.read_csv": TEXT},
    "emotion/comparison/predictions.py": {"pd.read_csv": TEXT},
    "emotion/comparison/revisions.py": {
        "api.read": "remotes of DVC have limits of their own",
        "api.DVCFileSystem": LOCAL,
    },
    "emotion/core/commands.py": {"os.open": "/dev/null, to write"},
    "emotion/core/files.py": {"os.open": "O_NONBLOCK", "FileIO": REGULAR},
    "emotion/core/hub_client.py": {
        "huggingface_hub.set_client_factory": LOCAL,
        "huggingface_hub.utils.get_session": LOCAL,
        "session.head": "its own limit, FIRST_ANSWER",
    },
    "emotion/core/images.py": {"Image.open": REGULAR},
    "emotion/core/machine.py": {"_CPUINFO.read_text": "of Linux itself"},
    "emotion/core/manifest.py": {"pd.read_csv": REGULAR},
    "emotion/core/output_folder.py": {"os.open": "a folder"},
    "emotion/core/params.py": {"files.read_text": REGULAR},
    "emotion/data/cache.py": {"np.memmap": OURS},
    "emotion/datasets/affectnet.py": {"np.load": REGULAR},
    "emotion/datasets/emoset.py": {"files.read_text": REGULAR},
    "emotion/datasets/tables.py": {"files.read_text": REGULAR, "pd.read_csv": TEXT},
    "emotion/detection/yunet.py": {"onnxruntime.InferenceSession": OURS},
    "emotion/export/quantization.py": {"onnx.load": OURS},
    "emotion/export/sessions.py": {"onnxruntime.InferenceSession": OURS},
    "emotion/export/variants.py": {"onnx.load": OURS},
    "emotion/hub/folder.py": {"shutil.copyfile": CHECKED},
    "emotion/hub/model_card.py": {"TEMPLATE.read_text": OURS},
    "emotion/hub/upload.py": {
        "api.create_repo": LIMIT,
        "api.repo_info": LIMIT,
        "api.upload_folder": LIMIT,
        "huggingface_hub.get_token": LOCAL,
        "huggingface_hub.utils.validate_repo_id": LOCAL,
    },
    "emotion/inspection/images.py": {"Image.open": REGULAR},
    "emotion/models/backbones.py": {"timm.create_model": "without pretrained weights of the Hub"},
    "emotion/models/catalog.py": {
        "huggingface_hub.scan_cache_dir": LOCAL,
    },
    "emotion/models/npm_package.py": {
        "gzip.open": CHECKED,
        "subprocess.run": "npm within its own limits, SECONDS and FIRST_ANSWER",
        "tarfile.open": CHECKED,
    },
    "emotion/models/pretrained.py": {"timm.create_model": LIMIT, "torch.load": OURS},
    "emotion/models/repositories.py": {
        "huggingface_hub.hf_hub_download": LIMIT,
        "huggingface_hub.metadata_load": OURS,
        "load_model_config_from_path": CHECKED,
    },
    "emotion/models/weights_files.py": {
        "safetensors.torch.load_file": CHECKED,
        "torch.load": REGULAR,
        "zipfile.ZipFile": REGULAR,
    },
    "emotion/models/own_checkpoints.py": {"shutil.copyfile": CHECKED},
    "emotion/pr_report.py": {"subprocess.run": TOOL},
    "emotion/prediction/onnx_file.py": {"onnxruntime.InferenceSession": CHECKED},
    "emotion/prediction/drawing.py": {"Image.open": REGULAR},
    "emotion/prediction/video.py": {"cv2.VideoCapture": REGULAR},
    "emotion/serve.py": {
        "socket.create_server": LOCAL,
        "socket.getaddrinfo": "the resolver's own limits; a name of the user's, once at the start",
    },
    "emotion/training/state.py": {
        "(/).read_text": CHECKED,
        "path.open": CHECKED,
        "torch.load": CHECKED,
    },
    "emotion/training/statistics.py": {"temporary.open": OURS},
    "emotion/training/trackers.py": {
        "importlib.import_module": "the tracker's own limits; MlflowTracker sets those of MLflow"
    },
    "emotion/verify.py": {
        "(/).read_text": OURS,
        "pipeline.read_text": OURS,
        "subprocess.run": TOOL,
    },
}


def spelled(node: ast.expr) -> str:
    """The function of a call as it is written; `(/)` for a path that is put together."""
    if isinstance(node, ast.Attribute):
        return f"{spelled(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{spelled(node.func)}()"
    if isinstance(node, ast.BinOp):
        return "(/)"
    return node.id if isinstance(node, ast.Name) else "?"


def could_block(name: str) -> bool:
    first, last = name.split(".")[0], name.split(".")[-1]
    opens = name in OPENING or ("." in name and last in OPENING_METHODS)
    return opens or name in CONNECTING or ("." in name and first in CONNECTING)


def blocking_calls(code: str) -> set[str]:
    calls = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    return {name for call in calls if could_block(name := spelled(call.func))}


def test_every_call_that_could_block_is_listed_with_its_reason():
    found = {
        file.as_posix(): calls
        for root in ("emotion", "stages")
        for file in sorted(Path(root).rglob("*.py"))
        if (calls := blocking_calls(file.read_text(encoding="utf-8")))
    }
    assert found == {file: set(reasons) for file, reasons in EXPECTED.items()}


def test_calls_of_either_kind_are_found():
    code = "open('x'); (a / b).read_text(); Path(x).open('r'); requests.get(url); pd.read_csv(x)"
    assert len(blocking_calls(code)) == 5
    assert (
        blocking_calls("text.split(); files.open_regular(path); read_text(revision, path)") == set()
    )
