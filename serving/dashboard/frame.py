"""What stands around the pages of a site: which there are, and what their numbers rest on."""

from __future__ import annotations

from serving.dashboard.board import Board
from serving.dashboard.site import SITE


def entries() -> tuple[dict[str, str], ...]:
    """Return name, title and address of every page."""
    return tuple({"name": one.name, "title": one.title, "href": one.href} for one in SITE)


def footer(board: Board) -> str:
    """Return in a sentence what the numbers rest on."""
    manifest = board.manifest
    known = f"known before {manifest.as_of}" if manifest.as_of else "undated data"
    return (
        f"Release {manifest.version}, {known}, of {manifest.n_accounts:,} accounts; churn within "
        f"{manifest.horizon_days} days: {manifest.definition}."
    )
