"""What `perennial actions` found last, read again when it changes: for `/api/actions` and for the pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import DataError
from pipelines.actions.ledger import FOLDER as EXPERIMENTS
from pipelines.actions.ledger import LEDGER, entries
from pipelines.actions.standing import Standing, standings
from pipelines.experience.found import Found
from serving.action_payloads import ActionsTold, ExperimentTold, Suggested
from serving.errors import Refusal
from serving.nearest import such_as
from serving.programme_payloads import FigureTold

if TYPE_CHECKING:
    import pandas as pd

SUGGESTIONS, SPARED, FIGURES, GROWTH, ASKS, ALERTS = NAMES = (
    "suggestions", "do_not_disturb", "figures", "growth", "asks", "alerts",
)  # fmt: skip
MOST = 1_000
RUN = "nothing was suggested yet: `perennial actions` says whom to help with what"


@dataclass(frozen=True, eq=False)
class Run:
    """One run: its tables by name, and when it was."""

    made: str
    frames: Mapping[str, pd.DataFrame]


@dataclass
class KeptActions:
    """What lies in a folder, and in the ledger of experiments beside it; read when it is newer than what was read.

    >>> KeptActions(Path("nowhere")).latest() is None
    True
    """

    folder: Path
    _stamp: tuple[int, ...] = ()
    _latest: Run | None = field(default=None, repr=False)

    def latest(self) -> Run | None:
        """Return the last run; None where none was."""
        stamp = tuple(_stamp(self.folder / f"{name}.parquet") for name in NAMES)
        if not any(stamp):
            return None
        if stamp != self._stamp:
            import pandas as pd

            there = [name for name, at in zip(NAMES, stamp, strict=True) if at]
            frames = {name: pd.read_parquet(self.folder / f"{name}.parquet") for name in there}
            made = datetime.fromtimestamp(max(stamp) / 1e9, UTC).isoformat(timespec="seconds")
            self._latest, self._stamp = Run(made, frames), stamp
        return self._latest

    def of(self, owner: str | None = None, answer: str | None = None) -> bytes:
        """Return the last run as JSON, encoded in UTF-8: of all accounts, of one owner's, or those with one answer.

        Raises
        ------
        Refusal
            When there is no such owner or answer.
        """
        latest = self.latest()
        if latest is None or SUGGESTIONS not in latest.frames:
            told = ActionsTold(
                made=None, why_not=RUN, counts={}, suggestions=[], n_not_to_disturb=0, found=[], **self._experiments()
            )
            return told.model_dump_json().encode()
        rows = _only(latest.frames[SUGGESTIONS], "owner", owner)
        counts = rows["answer"].value_counts().to_dict()
        told = ActionsTold(
            made=latest.made,
            why_not="",
            counts={str(name): int(n) for name, n in counts.items()},
            suggestions=[Suggested.model_validate(one) for one in plain(_only(rows, "answer", answer).head(MOST))],
            n_not_to_disturb=len(latest.frames[SPARED]) if SPARED in latest.frames else 0,
            found=[FigureTold.model_validate(one.as_dict()) for one in figures_of(latest)],
            **self._experiments(),
        )
        return told.model_dump_json().encode()

    def experiments(self) -> tuple[Standing, ...]:
        """Return where each experiment stands; none where none was planned.

        Raises
        ------
        DataError
            When the ledger was changed.
        """
        return standings(entries(self.folder.parent / EXPERIMENTS / LEDGER))

    def _experiments(self) -> dict[str, Any]:
        try:
            told = [ExperimentTold(**asdict(one)) for one in self.experiments()]
        except DataError as problem:
            return {"experiments": [], "experiments_why_not": str(problem)}
        return {"experiments": told, "experiments_why_not": ""}


def figures_of(latest: Run) -> list[Found]:
    """Return what is known of each action, of the closed loop, and of growth."""
    return [Found.of(one) for one in plain(latest.frames[FIGURES])] if FIGURES in latest.frames else []


def plain(rows: pd.DataFrame) -> list[dict[str, object]]:
    """Return rows as JSON knows them: dates as text, what is not known as None."""
    found: list[dict[str, object]] = json.loads(rows.to_json(orient="records", date_format="iso"))
    return found


def _only(rows: pd.DataFrame, column: str, wanted: str | None) -> pd.DataFrame:
    if wanted is None:
        return rows
    found = rows[rows[column] == wanted]
    if found.empty:
        there = sorted(rows[column].dropna().astype(str).unique())
        expected = f"expected one such as {such_as(wanted, there)}" if there else "expected none, as there are none"
        raise Refusal(f"unknown_{column}", f"got {column} {wanted!r}; {expected}; leave {column} out for all")
    return found


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
