"""What the verbs of the command share: their options, and how they speak."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.config import Settings

ConfigOption = Annotated[Path, typer.Option("--config", help="the settings file")]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON for a program to read")]
OutOption = Annotated[Path, typer.Option("--out", help="file to write, ending in .parquet or .csv")]
AsOfOption = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="only what was known before this date counts")
]
CONFIG = Path("perennial.toml")


def settings_of(config: Path) -> Settings:
    """Return the settings of a file."""
    from pipelines.config import read_settings

    return read_settings(config)


def say(text: str) -> None:
    """Tell a person: to stderr."""
    typer.echo(text, err=True)


def give(text: str) -> None:
    """Give what was asked for: to stdout."""
    typer.echo(text)
