"""What pages are made from: the release that serves, and the store of the latest predictions."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.release import Manifest, Release
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
    predictor
        what predicts with the release; None where nobody has made one yet.
    """

    release: Release
    store: Store | None = None
    predictor: Predictor | None = None

    @property
    def manifest(self) -> Manifest:
        """What the release says of itself."""
        return self.release.manifest
