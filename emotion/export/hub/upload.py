"""Upload the finished folder to the Hugging Face Hub, if `publish.push` is true."""

from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is httpx's
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
)
from pydantic import field_validator

from emotion.core.errors import UserError
from emotion.core.hub_client import find_hub_problem
from emotion.core.params import settings
from emotion.export.license import LicenseSetting


@settings
class PublishParams:
    """The `publish` section of params.yaml."""

    push: bool = False  # true uploads the folder, false only builds it
    repo_id: str = ""  # on the Hub: user/name or organization/name
    private: bool = True  # visibility; a public repository is rejected while this is true
    license: LicenseSetting = ""  # of the model; empty: that of the initial weights

    @field_validator("repo_id")  # also without an upload: the model card has its name
    @classmethod
    def _is_repository(cls, value: str) -> str:
        if not value:
            return value
        try:
            huggingface_hub.utils.validate_repo_id(value)  # type: ignore[attr-defined]
            valid = "/" in value
        except HFValidationError:
            valid = False
        if not valid:
            raise ValueError("user/name or organization/name")
        return value


def check_push(params: PublishParams) -> None:
    """Reject settings with which an upload would fail, before anything is built.

    Raises:
        UserError: push is true without a repo_id, or without a token that a header can contain.
    """
    if not params.push:
        return
    if not params.repo_id:
        raise UserError(
            "publish.push is true, but publish.repo_id is empty",
            "set it to user/name or organization/name, or set publish.push to false",
            key="publish.repo_id",
        )
    # Only checked here: huggingface_hub reads the token itself, and this code does not store it.
    token = huggingface_hub.get_token()
    if token is None or not token.isascii() or not token.isprintable():
        state = "there is no Hugging Face token" if token is None else "the token is not ASCII"
        raise UserError(
            f"publish.push is true, but {state}",
            "run `hf auth login`, or set HF_TOKEN to a token with write permission",
            key="publish.push",
        )


def push_folder(
    folder: Path,
    params: PublishParams,
    message: str,
    api: huggingface_hub.HfApi | None = None,
) -> str:
    """Create the repository if needed and upload the folder in one commit.

    Args:
        folder: built by `build_folder`.
        params: the repository and its visibility.
        message: of the commit.
        api: None for the Hub of the environment (HF_ENDPOINT).

    Returns:
        The URL of the commit.

    Raises:
        UserError: the Hub rejects the request or cannot be reached, or the repository is public
            although `params.private` is true.
    """
    problem = find_hub_problem()
    if problem:
        raise _no_response(problem, folder)
    api = api or huggingface_hub.HfApi()
    try:
        _create_repository(params, api)
        commit = api.upload_folder(
            repo_id=params.repo_id, folder_path=folder, commit_message=message
        )
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status == 429 or status >= 500:
            raise _no_response(f"status {status}", folder) from error
        raise UserError(
            f"the Hugging Face Hub rejected {params.repo_id} ({error.server_message or status})",
            "check that publish.repo_id is yours and that your token has write permission. The "
            f"folder is complete in {folder}",
            key="publish.repo_id",
        ) from error
    except (HTTPError, ConnectionError) as error:  # no response, or HF_HUB_OFFLINE is set
        raise _no_response(type(error).__name__, folder) from error
    except (ValueError, KeyError) as error:  # the login page of a network instead of JSON
        if isinstance(error, UserError):
            raise
        raise _no_response("the response is not from the Hub", folder) from error
    return commit.commit_url


def _create_repository(params: PublishParams, api: huggingface_hub.HfApi) -> None:
    api.create_repo(params.repo_id, private=params.private, exist_ok=True)
    # An existing repository keeps its visibility; create_repo ignores `private` for it.
    if params.private and not api.repo_info(params.repo_id).private:
        raise UserError(
            f"publish.private is true, but {params.repo_id} is public on the Hub",
            "make it private there, or set publish.private to false. Nothing was uploaded",
            key="publish.private",
        )


def _no_response(reason: str, folder: Path) -> UserError:
    return UserError(
        f"the Hugging Face Hub did not respond ({reason})",
        "check the connection, or set HF_ENDPOINT, and run `dvc repro publish`. The folder is "
        f"complete in {folder}",
    )
