"""Nothing is uploaded unless the settings are valid, and the token is never shown."""

import subprocess
import sys
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled
from pydantic import ValidationError

from emotion.core import hub_client
from emotion.core.errors import UserError
from emotion.export.hub import upload
from emotion.export.hub.upload import PublishParams, check_push, push_folder
from tests.fake_hub import hub_that_answers

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


@pytest.fixture(autouse=True)
def answering_hub(monkeypatch):
    monkeypatch.setattr(upload, "find_hub_problem", lambda: "")


@pytest.fixture
def token(monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_secret")


@pytest.fixture
def no_token(monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)


def test_folder_is_uploaded_in_one_commit_to_a_private_repository(tmp_path):
    api = FakeApi()
    url = push_folder(tmp_path, PUSH, "faces: test macro-F1 0.765", api)
    assert api.calls == [
        ("create_repo", "team/faces", True, True),
        ("upload_folder", "team/faces", tmp_path, "faces: test macro-F1 0.765"),
    ]
    assert url == "https://hub/team/faces/commit/1"


def test_a_public_repository_is_rejected_if_private_is_true(tmp_path):
    api = FakeApi(public=True)
    with pytest.raises(UserError, match=r"team/faces is public.*publish\.private"):
        push_folder(tmp_path, PUSH, "message", api)
    assert [call[0] for call in api.calls] == ["create_repo"]
    public = PublishParams(push=True, repo_id="team/faces", private=False)
    push_folder(tmp_path, public, "message", api)
    assert api.calls[-1][0] == "upload_folder"


def test_a_rejection_by_the_hub_is_reported_with_its_fix(tmp_path):
    response = SimpleNamespace(status_code=403, headers={}, request=None)
    rejection = HfHubHTTPError("no", response=response, server_message="Forbidden")
    with pytest.raises(UserError, match=r"rejected team/faces \(Forbidden\).*token has write perm"):
        push_folder(tmp_path, PUSH, "message", FakeApi(error=rejection))


@pytest.mark.parametrize("error", [HTTPError("refused"), OfflineModeIsEnabled("offline")])
def test_an_unreachable_hub_is_reported_with_its_fix(tmp_path, error):
    with pytest.raises(
        UserError, match=r"did not respond \(.*\); check the connection, or set HF_ENDPOINT"
    ):
        push_folder(tmp_path, PUSH, "message", FakeApi(error=error))


def test_the_real_client_without_a_network_never_shows_the_token(tmp_path):
    nowhere = huggingface_hub.HfApi(endpoint="http://127.0.0.1:9", token="hf_secret")
    with pytest.raises(UserError, match="did not respond") as caught:
        push_folder(tmp_path, PUSH, "message", nowhere)
    assert "hf_secret" not in str(caught.value)


@pytest.mark.usefixtures("token")
def test_push_without_a_repo_id_is_rejected():
    with pytest.raises(UserError, match=r"publish\.repo_id is empty; set it to user/name"):
        check_push(PublishParams(push=True))


@pytest.mark.parametrize(
    "repo_id", ["faces", "team/faces/more", "team/fa ces", "<b>/x", "a/b\n# c", "a/\x1b[2J", "../x"]
)
def test_an_invalid_repo_id_is_rejected_also_without_an_upload(repo_id):
    with pytest.raises(ValidationError, match="user/name or organization/name"):
        PublishParams(repo_id=repo_id)


@pytest.mark.usefixtures("no_token")
def test_push_without_a_token_is_rejected_with_both_fixes():
    with pytest.raises(UserError, match=r"hf auth login.*HF_TOKEN"):
        check_push(PUSH)


@pytest.mark.usefixtures("token")
def test_valid_settings_pass_without_output(capsys):
    check_push(PUSH)
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("no_token")
def test_without_push_nothing_is_checked():
    check_push(PublishParams())


def test_publish_does_not_import_torch():
    code = "import sys, stages.publish; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


PORTAL = b"<html>Please log in to the hotel's network</html>"


@pytest.fixture
def asking_hub(monkeypatch):
    """Undo `answering_hub`."""
    monkeypatch.setattr(upload, "find_hub_problem", hub_client.find_hub_problem)


@pytest.mark.usefixtures("asking_hub")
@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, PORTAL, "another page answered"),
        (200, b"", "another page answered"),
        (500, b"", "status 500"),
        (429, b"{}", "status 429"),
    ],
)
def test_a_hub_that_is_not_itself_is_not_blamed_on_the_settings(tmp_path, status, body, reason):
    with hub_that_answers(status, body) as endpoint:
        api = huggingface_hub.HfApi(endpoint=endpoint, token="hf_secret")
        with pytest.raises(UserError, match=rf"did not respond \({reason}.*The folder is compl"):
            push_folder(tmp_path, PUSH, "message", api)


@pytest.mark.usefixtures("asking_hub")
def test_a_hub_that_stops_answering_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(hub_client, "SECONDS", 0.3)
    with hub_that_answers(200, seconds=5) as endpoint:
        api = huggingface_hub.HfApi(endpoint=endpoint, token="hf_secret")
        with pytest.raises(UserError, match=r"did not respond \(ReadTimeout\)"):
            push_folder(tmp_path, PUSH, "message", api)


@pytest.mark.usefixtures("asking_hub")
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_that_fails_after_its_first_answer_is_not_blamed_on_the_settings(tmp_path, status):
    with hub_that_answers(status, seconds=0.01) as endpoint:
        api = huggingface_hub.HfApi(endpoint=endpoint, token="hf_secret")
        with pytest.raises(UserError, match=rf"did not respond \(status {status}\)"):
            push_folder(tmp_path, PUSH, "message", api)


@pytest.mark.parametrize("token", ["hf_naïve", "hf_a\nb", "hf_\x00"])
def test_a_token_that_no_header_can_hold_is_refused_and_not_shown(monkeypatch, token):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: token)
    with pytest.raises(UserError, match="the token is not ASCII") as caught:
        check_push(PUSH)
    assert token not in str(caught.value)
