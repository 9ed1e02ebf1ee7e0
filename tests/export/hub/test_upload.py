"""Nothing is uploaded unless the settings are valid, and the token is never shown."""

import subprocess
import sys
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled
from pydantic import ValidationError

from emotion.core import hub_client
from emotion.export.hub import upload
from emotion.export.hub.upload import PublishParams, check_push, push_folder
from tests.fake_hub import hub_that_answers
from tests.user_errors import user_error

PUSH = PublishParams(push=True, repo_id="team/faces")


class FakeApi:
    """Records its calls; `public`: the repository already exists and is public."""

    def __init__(self, public: bool = False, error: Exception | None = None):
        self.public, self.error, self.calls = public, error, []

    def create_repo(self, repo_id, *, private, exist_ok):
        self.calls.append(("create_repo", repo_id, private, exist_ok))
        if self.error:
            raise self.error

    def repo_info(self, repo_id):
        return SimpleNamespace(id=repo_id, private=not self.public)

    def upload_folder(self, *, repo_id, folder_path, commit_message):
        self.calls.append(("upload_folder", repo_id, folder_path, commit_message))
        return SimpleNamespace(commit_url=f"https://hub/{repo_id}/commit/1")


@pytest.fixture
def reachable_hub(monkeypatch):
    monkeypatch.setattr(upload, "find_hub_problem", lambda: "")


@pytest.fixture
def set_token(monkeypatch):
    return lambda token: monkeypatch.setattr(huggingface_hub, "get_token", lambda: token)


@pytest.mark.usefixtures("reachable_hub")
def test_folder_is_uploaded_in_one_commit_to_a_private_repository(tmp_path):
    api = FakeApi()
    url = push_folder(tmp_path, PUSH, "faces: test macro-F1 0.765", api)
    assert api.calls == [
        ("create_repo", "team/faces", True, True),
        ("upload_folder", "team/faces", tmp_path, "faces: test macro-F1 0.765"),
    ]
    assert url == "https://hub/team/faces/commit/1"


@pytest.mark.usefixtures("reachable_hub")
def test_a_public_repository_is_rejected_if_private_is_true(tmp_path):
    api = FakeApi(public=True)
    with user_error("team/faces", key="publish.private"):
        push_folder(tmp_path, PUSH, "message", api)
    assert [call[0] for call in api.calls] == ["create_repo"]
    public = PublishParams(push=True, repo_id="team/faces", private=False)
    push_folder(tmp_path, public, "message", api)
    assert api.calls[-1][0] == "upload_folder"


@pytest.mark.usefixtures("reachable_hub")
def test_a_rejection_by_the_hub_is_reported_with_its_fix(tmp_path):
    response = SimpleNamespace(status_code=403, headers={}, request=None)
    rejection = HfHubHTTPError("no", response=response, server_message="Forbidden")
    with user_error("team/faces", "Forbidden", tmp_path, key="publish.repo_id", hint="token"):
        push_folder(tmp_path, PUSH, "message", FakeApi(error=rejection))


@pytest.mark.usefixtures("reachable_hub")
@pytest.mark.parametrize("error", [HTTPError("refused"), OfflineModeIsEnabled("offline")])
def test_an_unreachable_hub_is_reported_with_its_fix(tmp_path, error):
    with user_error(type(error).__name__, tmp_path, hint="HF_ENDPOINT"):
        push_folder(tmp_path, PUSH, "message", FakeApi(error=error))


@pytest.mark.usefixtures("reachable_hub")
def test_the_real_client_without_a_network_never_shows_the_token(tmp_path):
    nowhere = huggingface_hub.HfApi(endpoint="http://127.0.0.1:9", token="hf_secret")
    with user_error(hint="HF_ENDPOINT") as caught:
        push_folder(tmp_path, PUSH, "message", nowhere)
    assert "hf_secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "seconds", "reason"),
    [
        (200, b"<html>Please log in to the hotel's network</html>", 0.0, "Hub"),
        (200, b"", 0.0, "Hub"),
        (200, b"{}", 5.0, "ReadTimeout"),  # the first response is fast
        (429, b"{}", 0.0, "status 429"),
        (500, b"", 0.0, "status 500"),
        (429, b"{}", 0.01, "status 429"),
        (500, b"{}", 0.01, "status 500"),
        (503, b"{}", 0.01, "status 503"),
    ],
)
def test_a_hub_that_fails_is_not_taken_for_a_wrong_setting(
    tmp_path, monkeypatch, status, body, seconds, reason
):
    monkeypatch.setattr(hub_client, "SECONDS", 0.3)
    with hub_that_answers(status, body, seconds) as endpoint:
        api = huggingface_hub.HfApi(endpoint=endpoint, token="hf_secret")
        with user_error(reason, tmp_path, key="", hint="HF_ENDPOINT"):
            push_folder(tmp_path, PUSH, "message", api)


@pytest.mark.parametrize("token", [None, "hf_naïve", "hf_a\nb", "hf_\x00"])
def test_push_without_a_valid_token_is_rejected_with_both_fixes(set_token, token):
    set_token(token)
    with user_error("hf auth login", key="publish.push", hint="HF_TOKEN") as caught:
        check_push(PUSH)
    assert not token or token not in str(caught.value)


def test_push_needs_a_repository_and_nothing_is_checked_without_push(set_token, capsys):
    set_token("hf_secret")
    with user_error(key="publish.repo_id", hint="user/name"):
        check_push(PublishParams(push=True))
    check_push(PUSH)
    set_token(None)
    check_push(PublishParams())
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("repo_id", text) for text in ("faces", "team/faces/more", "team/fa ces", "<b>/x")],
        *[("repo_id", text) for text in ("a/b\n# c", "a/\x1b[2J", "../x")],
        *[("license", text) for text in ("a\nb: c", "<b>", "x" * 100, "mit}")],
    ],
)
def test_settings_that_are_shown_on_the_card_are_identifiers(key, value):
    with pytest.raises(ValidationError, match=key):
        PublishParams(**{key: value})


def test_publish_does_not_import_torch():
    code = "import sys, stages.publish; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
