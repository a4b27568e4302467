"""Frames to files, whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd


FRAMES = (".parquet", ".csv")


def check_writable(path: Path, endings: Sequence[str] = FRAMES, *, is_folder: bool = False) -> None:
    """Raise ConfigError when a file cannot be written there: found out before the work, not after.

    With `is_folder` a folder of files of that name is written, as Spark does, and one that is there may be replaced.
    """
    if path.suffix.lower() not in endings:
        raise ConfigError.of(f"--out {path}", f"a name ending in {' or '.join(endings)}", "name it so")
    if path.is_dir() and not is_folder:
        raise ConfigError.of(f"--out {path}, which is a folder", "a file", "name another")
    if not path.resolve().parent.is_dir():
        raise ConfigError.of(f"--out in a folder {path.parent} that is not there", "a folder that is", "make it first")
    try:
        tempfile.TemporaryFile(dir=path.resolve().parent).close()
    except OSError as problem:
        came = f"--out in a folder {path.parent} that cannot be written ({problem.strerror})"
        raise ConfigError.of(came, "one that can", "name another") from problem


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as Parquet or CSV by the file's ending; the file appears when it is complete."""
    check_writable(path)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.resolve().parent) as scratch:
        staged = Path(scratch) / path.name
        if path.suffix.lower() == ".csv":
            frame.to_csv(staged, index=False)
        else:
            frame.to_parquet(staged, index=False)
        staged.replace(path)


def write_text(text: str, path: Path) -> None:
    """Write a text file that is not there yet, in a folder that is."""
    if not path.resolve().parent.is_dir():
        raise ConfigError.of(f"a folder {path.parent} that is not there", "a folder that is", "make it first")
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.resolve().parent) as scratch:
        staged = Path(scratch) / path.name
        staged.write_text(text, encoding="utf-8")
        staged.replace(path)
