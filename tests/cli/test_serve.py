"""The command `emotion serve`: its address, its errors, and its memory."""

import io
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
import uvicorn
from PIL import Image

from emotion.cli import main, serve
from tests.user_errors import user_error


@pytest.fixture
def started(monkeypatch):
    """The settings that a server would run with, and the addresses that it would listen on."""
    calls = []

    class Server:
        def __init__(self, config):
            self.config = config

        def run(self, sockets):
            calls.append((self.config, [socket.getsockname() for socket in sockets]))

    monkeypatch.setattr(uvicorn, "Server", Server)
    return calls


def test_it_listens_on_this_machine_only_without_a_log_of_requests(onnx_file, started, capsys):
    assert main.main(["serve", "--model", str(onnx_file), "--port", "0"]) == 0
    [(config, [(host, port)])] = started
    assert host == "127.0.0.1"
    assert config.access_log is False
    assert config.limit_concurrency == serve.CONNECTIONS
    captured = capsys.readouterr()
    assert captured.out.split()[0] == f"http://127.0.0.1:{port}/docs"
    assert captured.out.count("\n") == 1
    assert captured.err == ""


def test_on_another_address_it_warns_that_there_is_no_password(onnx_file, started, capsys):
    assert serve.main(["--model", str(onnx_file), "--host", "0.0.0.0", "--port", "0"]) == 0
    assert started[0][1][0][0] == "0.0.0.0"
    assert "no password" in capsys.readouterr().err


def test_a_port_in_use_is_an_error(onnx_file, started):
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = str(used.getsockname()[1])
        with user_error("127.0.0.1", port, key="--host"):
            serve.main(["--model", str(onnx_file), "--port", port])
    assert not started


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "x" * 64, "a..b", "\0"])
def test_an_address_that_is_not_of_this_machine_is_one_line(onnx_file, started, capsys, host):
    assert main.main(["serve", "--model", str(onnx_file), "--host", host]) == 2
    error = capsys.readouterr().err
    assert "--host" in error
    assert error.count("\n") == 1
    assert not started


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "x"],
        ["--port", "99999"],
        ["--port", "-1"],
        ["--host", ""],
        ["--host", " "],
        ["--max-megabytes", "0"],
        *(
            ["--allow-host", name]
            for name in ("http://a.example", "a.example:80", "a*b", "a b", "")
        ),
        *(["--allow-origin", url] for url in ("*", "null", "a.example", "ftp://a.example")),
        *(["--allow-origin", url] for url in ("https://a.example/x", "https://u:p@a.example")),
        ["a.onnx"],
    ],
)
def test_usage_errors(arguments):
    with pytest.raises(SystemExit) as ended:
        serve.main(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://a.example", "https://a.example"),
        ("https://A.example/", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:80/", "http://a.example"),
        ("http://a.example:8080", "http://a.example:8080"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_an_origin_is_compared_in_the_form_that_browsers_send(given, sent):
    """In another form it would be accepted and never match."""
    assert serve.build_parser().parse_args(["--allow-origin", given]).allow_origin == [sent]


@pytest.mark.parametrize("name", ["Faces.Example.org", "*.example.org", "*", "my_service", "[::1]"])
def test_a_host_name_or_pattern_is_compared_in_lower_case(name):
    options = serve.build_parser().parse_args(["--allow-host", name])
    assert options.allow_host == [name.lower()]


def resident(process):
    """Megabytes that a process has in memory."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    return {
        key: int(re.search(rf"{key}:\s+(\d+) kB", text)[1]) / 1024 for key in ("VmRSS", "VmHWM")
    }


def large_png(side, mode):
    """Megapixels in some kilobytes."""
    image = Image.new(mode, (side, side), "white" if mode == "RGBA" else 40_000)
    image.putpixel((0, 0), (0, 0, 0, 255) if mode == "RGBA" else 0)  # a blank image is refused
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_large_images_take_bounded_memory_which_is_released(onnx_file):
    """Without limits on the sum, one form of 16 such images took 4.6 GB and kept it."""
    command = [sys.executable, "-m", "emotion.cli.serve", "--model", str(onnx_file), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().partition("/docs")[0]
            before = resident(process)["VmRSS"]
            allowed = [large_png(4900, mode) for mode in ("RGBA", "I;16")]
            refused = [large_png(7000, "RGBA")] * 16
            for images, status in ((allowed, 200), (refused, 422), (allowed * 8, 413)):
                files = [("images", (f"{i}.png", image)) for i, image in enumerate(images)]
                response = httpx2.post(f"{url}/predict", files=files, timeout=60)
                assert response.status_code == status, response.text

            def status_of(image):
                return httpx2.post(f"{url}/predict", content=image, timeout=60).status_code

            with ThreadPoolExecutor(12) as pool:
                assert set(pool.map(status_of, allowed * 12)) <= {200, 503}
            assert httpx2.get(f"{url}/health").status_code == 200
            after = resident(process)
        finally:
            process.terminate()
    assert after["VmRSS"] < before + 300
    assert after["VmHWM"] < before + 900
