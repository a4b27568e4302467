"""The champion: found by its pointer, verified, warmed, and swapped while requests run."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from features.errors import ReleaseError
from pipelines.pointer import POINTER, read_pointer
from pipelines.release import read_release
from serving.predictor import Predictor
from serving.trial import difference, try_out

RETRY_SECONDS = 30.0
"""How long a refused release rests before it is tried again: its files may still be on their way."""

BREATH_SECONDS = 0.03
"""Of a second that a release takes to be loaded, requests have most."""

log = logging.getLogger("perennial.serving")

Stamp = tuple[int, int, int] | None
Happened = Literal["swapped", "refused"]


def _nobody(_: Happened) -> None:
    """Hears of it where nobody else does."""


class Champion:
    """The predictor of the release that the pointer names; `heard` is told when it changes, and when it may not.

    Attributes
    ----------
    predictor
        None until a first release is good. Take it once a request: it is replaced, never changed.
    refused
        Why the release that the pointer names does not serve; None when all is well.
    """

    def __init__(self, releases: Path, heard: Callable[[Happened], None] = _nobody) -> None:
        self.releases = releases
        self.heard = heard
        self.predictor: Predictor | None = None
        self.refused: str | None = None
        self._seen: Stamp = None
        self._retry_at = 0.0

    def refresh(self) -> None:
        """Follow the pointer where it has moved; a bad release is refused and logged, and the old one goes on."""
        stamp = _stamp(self.releases / POINTER)
        is_due = self.refused is not None and time.monotonic() >= self._retry_at
        if stamp is None or (stamp == self._seen and not is_due):
            return
        self._seen = stamp
        try:
            self._follow()
        except ReleaseError as problem:
            self._refuse(str(problem))

    def _follow(self) -> None:
        pointer = read_pointer(self.releases)
        if pointer is None:
            return
        version = pointer["version"]
        before = self.predictor
        if before is None or before.version != version:
            after = load_predictor(self.releases / version, _nothing if before is None else _let_others)
            said = "" if before is None else f"; {difference(before, after, _let_others)}"
            self.predictor = after
            log.info("release %s serves%s", version, said)
            self.heard("swapped")
        self.refused = None

    def _refuse(self, why: str) -> None:
        serving = "no release serves" if self.predictor is None else f"release {self.predictor.version} goes on"
        log.error("refused the release the pointer names, %s: %s", serving, why)
        if self.refused != why:
            self.heard("refused")
        self.refused = why
        self._retry_at = time.monotonic() + RETRY_SECONDS


def _nothing() -> None:
    """Go on."""


def _let_others() -> None:
    """Let requests be answered that came while a part of a release was read."""
    time.sleep(BREATH_SECONDS)


def load_predictor(folder: Path, breathe: Callable[[], object] = _nothing) -> Predictor:
    """Return the predictor of a release folder, every file verified, tried out and so warm.

    `breathe` is called between its parts.

    Raises
    ------
    ReleaseError
        When the release is damaged, of another form, or does not predict.
    """
    try:
        predictor = Predictor(read_release(folder, breathe))
        breathe()
        try_out(predictor, breathe)
        breathe()
    except ReleaseError:
        raise
    except Exception as problem:  # whatever else is wrong with a release, it must not take the service down
        came = f"release {folder.name}, which does not load ({type(problem).__name__}: {problem})"
        raise ReleaseError.of(came, "a release that predicts", "promote it again or roll back") from problem
    return predictor


def _stamp(pointer: Path) -> Stamp:
    try:
        found = pointer.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
