"""Frames to files, whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd


def check_writable(path: Path) -> None:
    """Raise ConfigError when a frame cannot be written there: found out before the work, not after."""
    if path.suffix.lower() not in {".parquet", ".csv"}:
        raise ConfigError.of(f"--out {path.name}", "a name ending in .parquet or .csv", "name it so")
    if not path.resolve().parent.is_dir():
        raise ConfigError.of(f"--out in a folder {path.parent} that is not there", "a folder that is", "make it first")


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
