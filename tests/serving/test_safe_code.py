"""What no file of the service may do: unpickle, read YAML, run a shell, or write SQL from pieces."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import serving

FILES = sorted(Path(serving.__file__).parent.rglob("*.py"))
UNSAFE = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "yaml", "skops", "cloudpathlib"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen"}
TAKES_SQL = {"text", "exec_driver_sql", "literal_column", "DDL"}
RUNS_SQL = {"execute", "scalar", "scalars", "executemany"}
CONSTANTS = {
    ("migrations/__init__.py", "f'SELECT version_num FROM {VERSION_TABLE}'"): "the name is a constant of that file",
    ("store.py", "f\"PRAGMA synchronous={('FULL' if is_durable else 'NORMAL')}\""): "one of two constants",
    ("forget_store.py", "f'VACUUM {table.name}'"): "a table of store_tables; a name can be no parameter",
}
"""Pieces that are put together of our own words alone, and why they are."""


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found


def _sql_of_pieces(tree: ast.AST) -> set[str]:
    """Texts that are put together where a database reads them."""
    found = set()
    for call in _calls(tree):
        if not call.args or _name(call) not in TAKES_SQL | RUNS_SQL:
            continue
        said = call.args[0]
        is_made = isinstance(said, ast.JoinedStr | ast.BinOp) or (
            isinstance(said, ast.Call) and _name(said) in ("format", "join", "replace")
        )
        is_no_constant = _name(call) in TAKES_SQL and not isinstance(said, ast.Constant)
        if is_made or is_no_constant:
            found.add(ast.unparse(said))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_unpickles_or_runs_what_it_is_given(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert not _imported(tree) & UNSAFE
    names = {_name(call) for call in _calls(tree) if isinstance(call.func, ast.Name)}
    assert not names & UNSAFE_CALLS
    assert not any(word.arg == "shell" for call in _calls(tree) for word in call.keywords)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_sql_is_written_with_parameters_and_never_from_pieces(path: Path) -> None:
    where = str(path.relative_to(Path(serving.__file__).parent))
    allowed = {said for file, said in CONSTANTS if file == where}
    assert _sql_of_pieces(ast.parse(path.read_text("utf-8"))) == allowed


@pytest.mark.parametrize(
    "code",
    [
        "connection.execute(text(f'SELECT {x}'))",
        "connection.exec_driver_sql('SELECT ' + x)",
        "connection.execute('SELECT %s' % x)",
        "connection.exec_driver_sql('SELECT {}'.format(x))",
        "connection.exec_driver_sql(x)",
    ],
)
def test_pieces_are_found(code: str) -> None:
    assert _sql_of_pieces(ast.parse(code))
