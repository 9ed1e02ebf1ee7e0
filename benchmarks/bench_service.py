"""Measure `emotion serve` under load on this machine: requests per second, and their latency.

Run     python -m benchmarks.bench_service [model.onnx]     (a minute)
Writes  benchmarks/results/service.json

REQUESTS images are sent on CLIENTS connections, one image per request. The limit is ONNX Runtime on
prepared tensors, one image at a time. Clients and service run on the same cores. Malformed and
excessive requests follow: large bodies, decompression bombs, text, slow clients, and hundreds of
connections at once.
"""

import contextlib
import http.client
import io
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.bench_predict import measure_limit
from benchmarks.machine import describe_machine, in_a_process
from emotion.core import files
from stages import paths

RESULTS = Path(__file__).parent / "results" / "service.json"
REQUESTS, CLIENTS = 1000, 16
AT_ONCE, SLOW = 500, 50  # connections
ADDRESS = ("127.0.0.1", 8765)


def main() -> None:
    """Start the service, measure, write the results, and print them."""
    model = Path(sys.argv[1]) if sys.argv[1:] else paths.ONNX
    limit = in_a_process(measure_limit, model, 1)
    command = [sys.executable, "-m", "emotion.cli.main", "serve", "--model", str(model), "--quiet"]
    with subprocess.Popen([*command, "--port", str(ADDRESS[1])]) as service:
        try:
            wait_until_it_listens()
            found = {"machine": describe_machine(), "model": str(model)}
            found |= {"limit_images_per_second": round(limit, 1), **measure_load()}
            found["guests"] = send_malformed_requests()
            found["answers_afterwards"] = status_of(face())
            assert service.poll() is None
        finally:
            service.terminate()
    files.write_json(RESULTS, found)
    print(files.read_text(RESULTS))


def measure_load() -> dict[str, Any]:
    """Requests per second and percentiles of their time, after a warm-up."""
    images = [path.read_bytes() for path in sorted(paths.DRAWN_FACES.rglob("*.jpg"))[:100]]
    seconds: list[float] = []
    statuses: Counter[int] = Counter()

    def client(number: int) -> None:
        with contextlib.closing(http.client.HTTPConnection(*ADDRESS, timeout=30)) as connection:
            for index in range(number, REQUESTS, CLIENTS):
                start = time.perf_counter()
                connection.request("POST", "/predict", images[index % len(images)])
                response = connection.getresponse()
                response.read()
                seconds.append(time.perf_counter() - start)
                statuses[response.status] += 1

    for image in images[:20]:
        status_of(image)
    start = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    total = time.perf_counter() - start
    p50, p99 = (round(1000 * float(np.percentile(seconds, q)), 1) for q in (50, 99))
    return {
        "requests_per_second": round(REQUESTS / total, 1),
        "p50_ms": p50,
        "p99_ms": p99,
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
    }


def send_malformed_requests() -> dict[str, Any]:
    """The status that each kind of malformed or excessive request gets."""
    bomb = io.BytesIO()
    Image.new("1", (16_000, 16_000)).save(bomb, "PNG")
    with contextlib.ExitStack() as stack:
        for _ in range(SLOW):  # open during the requests below
            connection = stack.enter_context(socket.create_connection(ADDRESS))
            connection.sendall(
                b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\nab"
            )
        return {
            "100 MB body": attempt(lambda: status_of(b"\0" * 100_000_000)),
            "decompression bomb": status_of(bomb.getvalue()),
            "text file": status_of(b"just text"),
            "empty body": status_of(b""),
            f"image beside {SLOW} slow clients": status_of(face()),
            f"{AT_ONCE} connections at once": many_at_once(),
        }


def many_at_once() -> dict[str, int]:
    """Number of responses per status; all connections are opened before the first request."""
    barrier = threading.Barrier(AT_ONCE)
    image, statuses = face(), Counter()

    def client(_: int) -> None:
        with contextlib.closing(http.client.HTTPConnection(*ADDRESS, timeout=60)) as connection:
            connection.connect()
            barrier.wait()
            connection.request("POST", "/predict", image)
            statuses[str(connection.getresponse().status)] += 1

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(client, range(AT_ONCE)))
    return dict(sorted(statuses.items()))


def attempt(request: Callable[[], int]) -> int | str:
    """The status; the service may close the connection while the body is being sent."""
    try:
        return request()
    except (BrokenPipeError, ConnectionResetError):
        return "closed while sending"


def status_of(body: bytes) -> int:
    """The status of the response to one request."""
    with contextlib.closing(http.client.HTTPConnection(*ADDRESS, timeout=60)) as connection:
        connection.request("POST", "/predict", body)
        response = connection.getresponse()
        response.read()
        return response.status


def face() -> bytes:
    """A drawn face."""
    return next(iter(sorted(paths.DRAWN_FACES.rglob("*.jpg")))).read_bytes()


def wait_until_it_listens() -> None:
    """Return when the port is open."""
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(ADDRESS):
            return
        time.sleep(0.1)
    raise TimeoutError("the service does not start")


if __name__ == "__main__":
    main()
