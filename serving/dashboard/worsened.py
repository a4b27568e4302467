"""Which segments look worse than they were: what is predicted of them now, beside what was counted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from serving.dashboard.board import Board
from serving.dashboard.scored import Z95, Sums, totals_by_segment
from serving.dashboard.segments_found import Grouped, grouped, link_to
from serving.dashboard.table import Cell, Link

CHURN = "share"
"""The unit of the one outcome that is a share."""
FEWEST = 30


@dataclass(frozen=True)
class Worsened:
    """A segment: churn that was counted and churn that is predicted (shares), and how far they are apart."""

    where: Link
    segmentation: str
    counted: float
    predicted: float
    low: float
    high: float
    n_accounts: int

    @property
    def change(self) -> float:
        """How many points more is predicted than was counted."""
        return 100 * (self.predicted - self.counted)

    def row(self) -> list[Cell | Link]:
        """Return it as a row."""
        ends = f"{100 * self.low:+.1f} to {100 * self.high:+.1f}"
        return [self.where, self.segmentation, self.counted, self.predicted, self.change, ends, self.n_accounts]


def worsened(board: Board) -> list[Worsened]:
    """Return the segments of which more churn is predicted than was counted, the furthest apart first.

    The interval holds how sure the count is, and chance among the accounts of now; not that the level moves.
    """
    if board.store is None:
        return []
    with board.store.snapshot() as connection:
        found = [one for of in grouped(board.release) for one in _of(of, totals_by_segment(connection, of.name))]
    return sorted((one for one in found if one.change > 0), key=lambda one: -one.change)


def _of(of: Grouped, now: Mapping[str, Sums]) -> Iterator[Worsened]:
    for segment in of.segmentation.segments:
        past = next((one for one in of.profile(segment).outcomes if one.unit == CHURN), None)
        sums = now.get(segment.id)
        if past is None or sums is None or sums.n_accounts < FEWEST:
            continue
        mean = sums.churners / sums.n_accounts
        error = math.hypot((past.high - past.low) / (2 * Z95), sums.churners_sd / sums.n_accounts)
        apart = mean - past.value
        ends = apart - Z95 * error, apart + Z95 * error
        yield Worsened(link_to(segment), of.name, past.value, mean, *ends, sums.n_accounts)
