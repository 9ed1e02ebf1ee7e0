"""Read a file as it was at a Git revision or in a DVC experiment, through DVC's Python API.

The file may be in Git, in the DVC cache or in the default remote. DVC is imported when it is used:
the import takes half a second, and `--help` does not need it.
"""

import difflib
from pathlib import Path

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.text import printable

WORKSPACE = "workspace"  # the files as they are now, as in DVC's own commands
_NAME_COMMIT = "give a branch, tag, commit or DVC experiment, such as HEAD"
_IN_CLONE = "run the command in a clone of the pipeline's repository"
UNSHALLOW = "git fetch --unshallow --tags origin '+refs/heads/*:refs/remotes/origin/*'"


class MissingFileError(UserError):
    """The revision has no such file, neither in Git nor as an output of its pipeline."""


def read_text(revision: str, path: str, repo: Path = Path()) -> str:
    """The content of a text file at a revision; arguments and errors are those of `read_bytes`."""
    try:
        return read_bytes(revision, path, repo).decode("utf-8-sig")
    except UnicodeDecodeError:
        hint = "make it again with `dvc repro`"
        raise UserError(f"of '{revision}' is not UTF-8 text", hint, file=path) from None


def read_bytes(revision: str, path: str, repo: Path = Path()) -> bytes:
    """The content of a file at a revision.

    Args:
        revision: a commit, branch, tag, DVC experiment, or "workspace".
        path: of the file, relative to the root of the DVC repository, with forward slashes.
        repo: any folder of the repository.

    Raises:
        MissingFileError: the revision has no such file.
        UserError: there is no repository or revision, or the content is not available.
    """
    root = _find_root(repo)
    try:
        if revision == WORKSPACE:
            with files.open_regular(root / path) as file:
                return file.read()
        return _read_tracked(revision, path, root)
    except OSError as error:
        kind = MissingFileError if isinstance(error, FileNotFoundError) else UserError
        hint = "make it with `dvc repro`, or fetch it with `dvc pull`"
        raise kind(f"cannot be read ({error.strerror})", hint, file=path) from None


def _find_root(repo: Path) -> Path:
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo

    try:
        return Path(Repo.find_root(str(repo)))
    except NotDvcRepoError:
        raise UserError("is not in a DVC repository", _IN_CLONE, file=repo.resolve()) from None


def _read_tracked(revision: str, path: str, root: Path) -> bytes:
    from dvc import api
    from dvc.exceptions import PathMissingError
    from dvc_data.index import DataIndexDirError

    inside = _path_in_git(path, root)
    _check_commit(revision, root)
    try:
        return api.read(inside, repo=str(root), rev=revision, mode="rb")
    except DataIndexDirError:  # the list of the files of a tracked folder is not available
        raise _missing_content(revision, path, root) from None
    except PathMissingError:
        fs = api.DVCFileSystem(str(root), rev=revision, subrepos=True)
        if fs.exists(inside):
            raise _missing_content(revision, path, root) from None
        hint = "check that revision out, run `dvc repro`, and commit dvc.lock and metrics/"
        raise MissingFileError(f"of '{revision}' does not exist", hint, file=path) from None
    except Exception as error:  # plugins for storage raise errors of many kinds
        reason = " ".join(str(error).split()) or type(error).__name__
        hint = "check the DVC files of that revision, and the remote with `dvc remote list`"
        raise UserError(f"of '{revision}' cannot be read: {reason}", hint, file=path) from None


def _path_in_git(path: str, root: Path) -> str:
    """The path relative to the root of Git, of which DVC's root may be a subfolder."""
    from dvc.scm import SCM, SCMError

    try:
        return (root.relative_to(SCM(str(root)).root_dir) / path).as_posix()
    except SCMError:
        problem = f"is not in a Git repository, so its only revision is '{WORKSPACE}'"
        raise UserError(problem, _IN_CLONE, file=root) from None


def _check_commit(revision: str, root: Path) -> None:
    """Raise unless it names a commit: `HEAD^{tree}` and `HEAD:README.md` name parts of one."""
    from dvc.scm import SCM, RevError, resolve_rev

    # For "", DVC would read the files as they are now; no name has hidden characters.
    if not revision or not revision.isprintable():
        raise _unknown_revision(printable(revision), root)
    git = SCM(str(root))
    if git.no_commits:
        raise UserError(f"has no commit, so '{revision}' is none", "commit first", file=root)
    try:
        kind = git.dulwich.repo[resolve_rev(git, revision).encode()].type_name.decode()
    except RevError:
        raise _unknown_revision(revision, root) from None
    if kind != "commit":
        raise UserError(f"'{revision}' is a Git {kind}, not a commit", _NAME_COMMIT)


def _unknown_revision(revision: str, root: Path) -> UserError:
    from dvc.repo import Repo
    from dvc.repo.experiments.utils import exp_refs

    with Repo(str(root)) as project:
        git = project.scm
        experiments = [experiment.name for experiment in exp_refs(git)]
        remote = [name.removeprefix("refs/remotes/") for name in git.iter_refs("refs/remotes/")]
        shallow = bool(git.dulwich.repo.get_shallow())
    names = [*git.list_branches(), *git.list_tags(), *experiments, *remote]
    if revision in names and revision not in experiments:
        return UserError(f"'{revision}' is not the name of a commit", _NAME_COMMIT)
    if experiments.count(revision) > 1:
        hint = "use the commit of one, which `dvc exp list --all-commits --sha-only` lists"
        return UserError(f"'{revision}' is the name of several DVC experiments", hint)
    hint = "run `git fetch --all --tags` for branches and tags, `dvc exp pull` for experiments"
    if shallow:
        hint = f"run `{UNSHALLOW}`, since this clone is shallow"
    if close := difflib.get_close_matches(revision, dict.fromkeys(names), n=3):
        hint = f"use {' or '.join(close)}, or {hint}"
    return UserError(f"'{revision}' is not a revision or DVC experiment of {root}", hint)


def _missing_content(revision: str, path: str, root: Path) -> UserError:
    from dvc.repo import Repo

    with Repo(str(root)) as project:
        remote = project.config["core"].get("remote")
    problem = f"of '{revision}' is not in the DVC cache"
    if not remote:
        hint = "add one with `dvc remote add -d NAME URL`, or run `dvc repro` at that revision"
        return UserError(f"{problem}, and there is no default remote", hint, file=path)
    problem += f", and the remote '{remote}' lacks it or cannot be reached"
    hint = "run `dvc push` or `dvc exp push` where it was made, or `dvc repro` at that revision"
    return UserError(problem, hint, file=path)
