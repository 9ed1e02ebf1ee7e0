"""Fingerprint the code that a script reaches: what it does, not how it is laid out.

DVC compares the bytes of dependencies, so a comment in a shared module would make every stage stale
that imports it. A fingerprint has one line per file that the script imports, directly or not: the
hash of its syntax tree, without comments, docstrings and positions. A stage that depends on its
fingerprint is stale if, and only if, code that it reaches has changed.

Files that are not Python count by their bytes, with every module of their folder. An import by name
cannot be followed: a file that has one must be declared.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emotion.core.errors import UserError
from emotion.core.files import sha256_of

# Per file that imports by name: the dotted names that scripts can reach by that.
Declarations = Mapping[Path, Sequence[str]]

CALLS_BY_NAME = {"import_module", "__import__"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class SourceFile:
    """What the syntax tree of a Python file says."""

    imports: frozenset[str]  # dotted names, `from a import b` as `a.b`; not for type checkers alone
    imports_at_start: frozenset[str]  # only those that run when the file is imported
    imports_by_name: bool
    syntax: str  # SHA-256 of the tree without comments, docstrings and positions


def fingerprint(script: Path, imported_by_name: Declarations) -> str:
    """One line per file that a script reaches, `<sha256>  <path>`, in the order of the paths.

    Args:
        script: relative to the working directory, where its imports are looked up.
        imported_by_name: every file that imports by name, relative to the working directory.

    Raises:
        UserError: a file imports by name and is not declared, imports relatively, or is not Python.
    """
    modules = code_reached(script, imported_by_name=imported_by_name)
    for module in sorted(modules - imported_by_name.keys()):
        if read_source(module).imports_by_name:
            problem = "imports by name, which a fingerprint cannot follow"
            raise UserError(problem, "declare it in stages/run.py", file=module)
    hashes = {module: read_source(module).syntax for module in modules}
    for folder in {module.parent for module in modules}:
        hashes |= {file: sha256_of(file) for file in folder.iterdir() if _is_data(file)}
    return "".join(f"{hashes[file]}  {file.as_posix()}\n" for file in sorted(hashes))


def hash_sources(folders: Iterable[Path]) -> str:
    """One hash of all files below some folders, comments included.

    It is computed in milliseconds. Where it is the same, so are all fingerprints.
    """
    digest = hashlib.sha256()
    for file in sorted(file for folder in folders for file in folder.rglob("*")):
        if file.suffix == ".py" or _is_data(file):
            digest.update(f"{sha256_of(file)}  {file.as_posix()}\n".encode())
    return digest.hexdigest()


def code_reached(
    script: Path, at_start: bool = False, imported_by_name: Declarations | None = None
) -> set[Path]:
    """Every Python file below the working directory that a script imports, directly or not.

    Args:
        script: relative to the working directory.
        at_start: only what is imported when the script starts, not what its functions import.
        imported_by_name: followed too.

    Raises:
        UserError: a file imports relatively, or is not Python.
    """
    reached: set[Path] = set()
    waiting = files_of(".".join(script.with_suffix("").parts))
    while waiting:
        file = waiting.pop()
        if file not in reached:
            reached.add(file)
            source = read_source(file)
            names = {*(source.imports_at_start if at_start else source.imports)}
            names |= {*(imported_by_name or {}).get(file, ())}
            waiting += [found for name in names for found in files_of(name)]
    return reached


def files_of(name: str) -> list[Path]:
    """The files that an import of a dotted name runs: packages on the way, and a module."""
    parts = name.split(".")
    stems = [Path(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    found = [file for stem in stems for file in (stem / "__init__.py", stem.with_suffix(".py"))]
    return [file for file in found if file.is_file()]


def read_source(path: Path) -> SourceFile:
    """Parse a Python file, or take the result for the same content from a cache.

    Raises:
        UserError: it imports relatively, or is not Python.
    """
    return _analyze(path, path.read_bytes())


@cache
def _analyze(path: Path, content: bytes) -> SourceFile:
    try:
        tree = ast.parse(content, path.name)
        syntax = hashlib.sha256(repr(_describe(tree)).encode()).hexdigest()
    except (SyntaxError, ValueError) as error:  # ValueError: null bytes
        raise UserError(f"is not Python ({error})", "correct it", file=path) from None
    except (MemoryError, RecursionError):
        raise UserError("has too deep an expression", "split it", file=path) from None
    imports = list(_walk_imports(tree, path))
    return SourceFile(
        imports=frozenset(name for name, _ in imports),
        imports_at_start=frozenset(name for name, at_start in imports if at_start),
        imports_by_name=any(
            getattr(node, field, "") in CALLS_BY_NAME
            for node in ast.walk(tree)
            for field in ("id", "attr")
        ),
        syntax=syntax,
    )


def _walk_imports(tree: ast.Module, path: Path) -> Iterator[tuple[str, bool]]:
    """Dotted names that are imported, and whether that is when the file is imported."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, True)]
    while waiting:
        node, at_start = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_start) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                hint = "write the name of the package in full"
                raise UserError(f"imports relatively in line {node.lineno}", hint, file=path)
            yield from ((f"{node.module}.{alias.name}", at_start) for alias in node.names)
        else:
            at_start = at_start and not isinstance(node, FUNCTIONS)
            inside = list(ast.iter_child_nodes(node))
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                inside = [*node.orelse]
            waiting += [(child, at_start) for child in inside]


def _describe(node: object) -> object:
    """Types and values of a syntax tree, the same in every version of Python.

    `ast.dump` is not: since 3.13 it leaves out empty lists, and 3.12 has added a field.
    """
    if isinstance(node, ast.JoinedStr):  # 3.12.1 ends some format specifications with an empty text
        return "JoinedStr", [_describe(part) for part in node.values if not _is_empty_text(part)]
    if isinstance(node, list):
        return [_describe(item) for item in node if not _is_text_alone(item)]
    if isinstance(node, ast.AST):
        fields = [(name, _describe(value)) for name, value in ast.iter_fields(node)]
        return type(node).__name__, [field for field in fields if field[1] not in ("None", [])]
    return repr(node)


def _is_text_alone(node: object) -> bool:
    """Whether a statement is a string, as a docstring is: it has no effect."""
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _is_empty_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""


def _is_data(file: Path) -> bool:
    """Whether a file is no code: a template, a network. Not hidden files, as editors write."""
    return file.is_file() and file.suffix not in (".py", ".pyc") and not file.name.startswith(".")
