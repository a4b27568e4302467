"""What the last backtest and the last watch over drift found, beside the releases: where the pages find it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pipelines.output import write_text

Name = Literal["backtest", "monitor"]


def write_latest(releases: Path, name: Name, said: str) -> None:
    """Keep what was found, as JSON, in place of what was found before."""
    releases.mkdir(parents=True, exist_ok=True)
    write_text(said, releases / f"{name}.json")


def read_latest(releases: Path, name: Name) -> dict[str, Any] | None:
    """Return what was found last; None where nothing was, or it cannot be read."""
    try:
        said = json.loads((releases / f"{name}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None
