"""The client of the Hugging Face Hub with timeouts: by default it has none.

In `core`, because training weights and the upload of a model use it, and the upload starts without
torch, which the package `models` imports.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = 30.0  # without a byte; an upload of any length may take longer
FIRST_RESPONSE = 5.0  # seconds


def set_timeouts() -> None:
    """Give every request of huggingface_hub in this process a timeout, unless it has its own."""
    import huggingface_hub
    from huggingface_hub.utils import _http

    def with_limit() -> Any:
        client = _http.default_client_factory()  # its hooks stay
        client.timeout = SECONDS
        return client

    huggingface_hub.set_client_factory(with_limit)


def find_hub_problem(path: str = "") -> str:
    """Why the Hub cannot be used at the moment, or "" if it responds.

    Called first, because the client repeats a failed request for a minute.

    Args:
        path: what will be requested, from the Hub's address.
    """
    import huggingface_hub

    set_timeouts()
    try:
        address = f"{huggingface_hub.constants.ENDPOINT}/{path}"
        session = huggingface_hub.utils.get_session()
        status = session.head(address, timeout=FIRST_RESPONSE).status_code
    except Exception as error:  # the client's errors share no base class with Python's
        return type(error).__name__
    return f"status {status}" if status == 429 or status >= 500 else ""


@contextmanager
def hub_or_cache(path: str) -> Iterator[str]:
    """A block in which the client uses the Hub, or only its cache if the Hub cannot be reached.

    Args:
        path: as for `find_hub_problem`, whose result is yielded.
    """
    import huggingface_hub

    constants = huggingface_hub.constants
    was_offline = constants.HF_HUB_OFFLINE
    problem = "" if was_offline else find_hub_problem(path)
    constants.HF_HUB_OFFLINE = was_offline or bool(problem)
    try:
        yield "HF_HUB_OFFLINE is set" if was_offline else problem
    finally:
        constants.HF_HUB_OFFLINE = was_offline
