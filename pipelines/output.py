"""Frames to files and settings to TOML, whole or not at all."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def to_toml(said: Mapping[str, Any], place: tuple[str, ...] = ()) -> str:
    """Return nested settings as TOML: plain values first, then a section for each mapping.

    >>> print(to_toml({"churn": {"horizon_days": 90}, "data": {"location": "."}}).strip())
    [churn]
    horizon_days = 90
    <BLANKLINE>
    [data]
    location = "."
    """
    plain = {key: value for key, value in said.items() if not isinstance(value, Mapping)}
    nested = {key: value for key, value in said.items() if isinstance(value, Mapping)}
    lines = [f"[{'.'.join(map(_key, place))}]"] if place and (plain or not nested) else []
    lines += [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    head = "\n".join(lines) + "\n\n" if lines else ""
    return head + "".join(to_toml(value, (*place, key)) for key, value in nested.items())


def _key(name: str) -> str:
    is_bare = name.replace("_", "").replace("-", "").isalnum() and name.isascii()
    return name if is_bare else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    # A TOML basic string is a JSON string; so are its numbers, booleans and lists of those.
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
