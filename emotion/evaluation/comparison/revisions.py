"""Read a file as it was at a Git revision or in a DVC experiment, through DVC's Python API.

The file may be in Git, in the DVC cache or in the default remote. DVC is imported when it is used:
it takes half a second, and `--help` does not need it.
"""

import difflib
from pathlib import Path

from emotion.core import files
from emotion.core.errors import UserError

WORKSPACE = "workspace"  # the files as they are now, as in DVC's own commands
UNSHALLOW = "git fetch --unshallow --tags origin '+refs/heads/*:refs/remotes/origin/*'"


def read_text(revision: str, path: str, repo: Path = Path()) -> str:
    """The content of a text file at a revision; arguments and errors are those of `read_bytes`."""
    try:
        return read_bytes(revision, path, repo).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(
            f"{path} of '{revision}' is not UTF-8 text; make it again with `dvc repro`."
        ) from None


def read_bytes(revision: str, path: str, repo: Path = Path()) -> bytes:
    """The content of a file at a revision.

    Args:
        revision: a commit, branch, tag, DVC experiment, or "workspace".
        path: of the file, relative to the root of the DVC repository, with forward slashes.
        repo: any folder of the repository.

    Raises:
        UserError: there is no repository, revision or file, or its content is not available.
    """
    root = _find_root(repo)
    try:
        if revision == WORKSPACE:
            with files.open_regular(root / path) as file:
                return file.read()
        return _read_tracked(revision, path, root)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); make it with `dvc repro`, or fetch "
            "it with `dvc pull`."
        ) from None


def _find_root(repo: Path) -> Path:
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo

    try:
        return Path(Repo.find_root(str(repo)))
    except NotDvcRepoError:
        raise UserError(
            f"{repo.resolve()} is not in a DVC repository; run the command in a clone of the "
            "pipeline's repository."
        ) from None


def _read_tracked(revision: str, path: str, root: Path) -> bytes:
    from dvc import api
    from dvc.exceptions import PathMissingError
    from dvc.scm import RevError
    from dvc_data.index import DataIndexDirError

    inside = _path_in_git(path, root)
    if not revision:  # DVC would read the files as they are now
        raise UserError(_explain_revision(revision, root))
    try:
        content: bytes = api.read(inside, repo=str(root), rev=revision, mode="rb")
        return content
    except RevError:
        raise UserError(_explain_revision(revision, root)) from None
    except DataIndexDirError:  # the list of the files of a tracked folder is not available
        raise UserError(_explain_content(revision, path, root)) from None
    except PathMissingError:
        fs = api.DVCFileSystem(str(root), rev=revision, subrepos=True)
        if fs.exists(inside):
            raise UserError(_explain_content(revision, path, root)) from None
        raise UserError(
            f"'{revision}' has no {path}; check that revision out, run `dvc repro` and commit "
            "dvc.lock."
        ) from None
    except Exception as error:  # plugins for storage raise errors of many kinds
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"{path} of '{revision}' cannot be read: {reason}. Check the DVC files of that "
            "revision, and the remote with `dvc remote list`."
        ) from None


def _path_in_git(path: str, root: Path) -> str:
    """The path relative to the root of Git, of which DVC's root may be a subfolder."""
    from dvc.scm import SCM, SCMError

    try:
        return (root.relative_to(SCM(str(root)).root_dir) / path).as_posix()
    except SCMError:
        raise UserError(
            f"{root} is not in a Git repository, so '{WORKSPACE}' is its only revision; run the "
            "command in a clone of the pipeline's repository."
        ) from None


def _explain_revision(revision: str, root: Path) -> str:
    from dvc.repo import Repo
    from dvc.repo.experiments.utils import exp_refs

    with Repo(str(root)) as project:
        git = project.scm
        experiments = [experiment.name for experiment in exp_refs(git)]
        remote = [name.removeprefix("refs/remotes/") for name in git.iter_refs("refs/remotes/")]
        shallow = bool(git.dulwich.repo.get_shallow())
    names = [*git.list_branches(), *git.list_tags(), *experiments, *remote]
    if experiments.count(revision) > 1:
        return (
            f"'{revision}' is the name of several DVC experiments; pass the commit of one, which "
            "`dvc exp list --all-commits --sha-only` shows."
        )
    close = difflib.get_close_matches(revision, dict.fromkeys(names), n=3)
    meant = f"; did you mean {' or '.join(close)}?" if close else "."
    cure = (
        f"This clone is shallow: `{UNSHALLOW}` fetches the other revisions."
        if shallow
        else "`git fetch --all --tags` fetches branches and tags, `dvc exp pull` experiments."
    )
    return f"'{revision}' is not a revision or DVC experiment of {root}{meant} {cure}"


def _explain_content(revision: str, path: str, root: Path) -> str:
    from dvc.repo import Repo

    with Repo(str(root)) as project:
        remote = project.config["core"].get("remote")
    where = f"{path} of '{revision}' is not in the DVC cache"
    if not remote:
        return (
            f"{where}, and there is no default remote; add one with `dvc remote add -d NAME URL`, "
            "or run `dvc repro` at that revision."
        )
    return (
        f"{where}, and the remote '{remote}' lacks it or cannot be reached; run `dvc push` (for an "
        "experiment `dvc exp push`) where it was made, or `dvc repro` at that revision."
    )
