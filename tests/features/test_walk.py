"""What is compiled is kept on disk, and told from what other code was compiled to."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from numba import types
from numba.core.registry import cpu_target
from numba.extending import is_jitted

from features import aggregates, selected, walk

COMPILED_FROM = (aggregates, selected, walk)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with the files that the walk is compiled from."""
    for module in COMPILED_FROM:
        shutil.copy(str(module.__file__), tmp_path)
    return tmp_path


def key(folder: Path) -> Any:
    """What numba looks for on disk where the walk is called."""
    entrance: Any = walk._entrance_of(walk._code(folder))
    return entrance._cache._index_key((types.int64,), cpu_target.target_context.codegen())


@pytest.mark.parametrize("module", COMPILED_FROM, ids=lambda module: module.__name__)
def test_an_edit_of_what_is_compiled_has_another_key_on_disk(copied: Path, module: ModuleType) -> None:
    before = key(copied)
    assert before == key(Path(walk.__file__).parent)
    with (copied / Path(str(module.__file__)).name).open("a") as file:
        file.write("# edited\n")
    assert key(copied) != before


def test_an_edit_of_another_file_keeps_the_key(copied: Path) -> None:
    before = key(copied)
    (copied / "panel.py").write_text("# edited\n")
    assert key(copied) == before


def test_all_that_the_walk_calls_is_in_the_files_that_its_key_is_of() -> None:
    called = [value for module in COMPILED_FROM for value in vars(module).values() if is_jitted(value)]
    assert len(called) > 20
    assert {each.__module__ for each in called} == {module.__name__ for module in COMPILED_FROM}
