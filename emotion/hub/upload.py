"""Upload a finished folder to the Hugging Face Hub, when the settings say so."""

from pathlib import Path
from typing import Annotated

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError
from pydantic import Field

from emotion.core.errors import UserError
from emotion.core.params import settings


@settings
class PublishParams:
    """The `publish` section of params.yaml."""

    push: bool = False  # upload the folder; false only builds it
    repo_id: str = ""  # on the Hub: user/name or organization/name
    private: bool = True  # who may see it; a public repository is refused while this is true
    license: Annotated[str, Field(min_length=1)] = "apache-2.0"  # of the Hub's list, for the card


def check_push(params: PublishParams) -> None:
    """Refuse settings that could not be pushed, before anything is built.

    Raises:
        UserError: push is true with no valid repo_id, or without a token.
    """
    if not params.push:
        return
    try:
        huggingface_hub.utils.validate_repo_id(params.repo_id)
        valid = "/" in params.repo_id
    except HFValidationError:
        valid = False
    if not valid:
        raise UserError(
            f"publish.push is true, but publish.repo_id is {params.repo_id!r}; "
            "set it to user/name, or set publish.push to false."
        )
    # Only asked whether there is one: huggingface_hub reads it by itself and we never hold it.
    if huggingface_hub.get_token() is None:
        raise UserError(
            "publish.push is true, but there is no Hugging Face token; run `hf auth login`, "
            "or set HF_TOKEN to a token with write permission."
        )


def push_folder(
    folder: Path,
    params: PublishParams,
    message: str,
    api: huggingface_hub.HfApi,
) -> str:
    """Create the repository if need be, upload the folder in one commit, and return its address.

    Raises:
        UserError: the Hub refuses or is out of reach, or the repository is public unlike asked.
    """
    try:
        api.create_repo(params.repo_id, private=params.private, exist_ok=True)
        # An existing repository keeps its visibility whatever create_repo is told.
        if params.private and not api.repo_info(params.repo_id).private:
            raise UserError(
                f"publish.private is true, but {params.repo_id} is public on the Hub; nothing was "
                "uploaded. Make it private there, or set publish.private to false."
            )
        commit = api.upload_folder(
            repo_id=params.repo_id, folder_path=folder, commit_message=message
        )
    except HfHubHTTPError as error:
        raise UserError(
            f"the Hugging Face Hub refused {params.repo_id} "
            f"({error.server_message or error.response.status_code}); check that publish.repo_id "
            f"is yours and that your token may write. {folder} is ready, nothing is lost."
        ) from error
    except (HTTPError, ConnectionError) as error:  # no answer at all, or HF_HUB_OFFLINE is set
        raise UserError(
            f"the Hugging Face Hub did not answer ({type(error).__name__}); connect to it, or set "
            f"HF_ENDPOINT, and run `dvc repro publish`. {folder} is ready, nothing is lost."
        ) from error
    return commit.commit_url
