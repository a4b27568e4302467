"""What pages are made from: the release that serves, and the store of the latest predictions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.latest import Name, read_latest
from pipelines.manifest import Manifest
from pipelines.release import Release
from serving.actions import KeptActions
from serving.predictor import Predictor
from serving.store import Store


@dataclass(frozen=True)
class Board:
    """What there is to show.

    Attributes
    ----------
    release
        the champion.
    store
        the latest predictions and histories of accounts; None where there is no store, as in a report made elsewhere.
    releases
        the folder in which the release lies, with its papers and what was found of it since.
    predictor
        what predicts with the release; None where nobody has made one yet.
    actions
        what was suggested last; None where nobody can know.
    """

    release: Release
    store: Store | None = None
    releases: Path = Path("releases")
    predictor: Predictor | None = None
    actions: KeptActions | None = None

    @property
    def manifest(self) -> Manifest:
        """What the release says of itself."""
        return self.release.manifest

    def card(self) -> str:
        """Return the model card, in Markdown; "" where it is not there."""
        try:
            return (self.releases / self.manifest.version / "card.md").read_text("utf-8")
        except OSError:
            return ""

    def latest(self, name: Name) -> dict[str, Any] | None:
        """Return what was found last by a backtest, or by the watch over drift; None where nothing was."""
        return read_latest(self.releases, name)
