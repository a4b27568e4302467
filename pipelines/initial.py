"""The first settings file of a project, from what was found in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import tomli_w

from features.discovery import Discovery

INTRODUCTION = """\
# What Perennial reads and predicts. Every setting: `perennial schema config`; every table: `perennial schema tables`.
# A column is mapped as   ours = "theirs"   or   ours = {{ column, constant, through, times, plus_minutes, values }}.
{notes}
"""


def initial_settings(found: Discovery, folder: Path, config: Path) -> str:
    """Return the text of a settings file beside which, or under which, the folder lies."""
    location = os.path.relpath(folder.resolve(), config.resolve().parent)
    tables: dict[str, Any] = {
        name: mapping.model_dump(exclude_defaults=True, exclude_none=True) for name, mapping in found.tables.items()
    }
    said = {
        "data": {"location": Path(location).as_posix()},
        "churn": {"definition": _definition(found)},
        "tables": tables,
    }
    notes = "".join(f"# Look at: {note}\n" for note in found.notes)
    return INTRODUCTION.format(notes=notes) + tomli_w.dumps(said)


def _definition(found: Discovery) -> str:
    if "subscriptions" in found.tables:
        return "subscription"
    return "labelled" if "observations" in found.tables else "inactivity"
