"""Which rows of a panel are read, when there are too many to hold: all that churned, and a share of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from pipelines.account_draw import drawn

if TYPE_CHECKING:
    import pyarrow as pa

FEWEST_STAYED = 0.5
"""Of `most_rows`: so many that stayed are kept even where more than the rest of it churned."""


@dataclass(frozen=True)
class Counted:
    """How many rows of a panel churned, stayed (did not), and wait for their label, by as-of date."""

    rows: Counter[tuple[datetime | None, bool | None]]

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch]) -> Counted:
        """Return the counts of batches with the columns churned and, where there are dates, as_of."""
        import pyarrow as pa

        rows: Counter[tuple[datetime | None, bool | None]] = Counter()
        for batch in batches:
            keys = [name for name in ("as_of", "churned") if name in batch.schema.names]
            for found in pa.table(batch).group_by(keys).aggregate([([], "count_all")]).to_pylist():
                rows[found.get("as_of"), found["churned"]] += found["count_all"]
        return cls(rows)

    def number(self, *labels: bool | None, at: datetime | None = None) -> int:
        """Return how many rows have one of the labels, at one date if it is given."""
        return sum(n for (as_of, label), n in self.rows.items() if label in labels and at in (None, as_of))

    @property
    def latest(self) -> datetime | None:
        """The latest as-of date; None where there are no dates."""
        return max((as_of for as_of, _ in self.rows if as_of is not None), default=None)


@dataclass(frozen=True)
class Draw:
    """The rows that are kept: all that churned, and those whose account is drawn.

    Attributes
    ----------
    stayed_share
        Of accounts, for rows that did not churn.
    waiting_share
        Of accounts, for rows at the latest date whose label is not due; at other dates nothing is learnt from those.
    """

    stayed_share: float
    waiting_share: float
    latest: datetime | None
    seed: int

    @classmethod
    def of(cls, counted: Counted, most_rows: int, seed: int) -> Draw:
        """Return the shares that leave about `most_rows` with a label, and at most so many that wait.

        Where rows with and without a label are of the same date, as in data without dates, both have one share: the
        accounts of that date are looked at as a whole.
        """
        latest = counted.latest
        churned, stayed, current = counted.number(True), counted.number(False), counted.number(None, at=latest)
        room = max(most_rows - churned, FEWEST_STAYED * most_rows)
        shares = [min(1.0, room / max(stayed, 1)), min(1.0, most_rows / max(current, 1))]
        if current and counted.number(True, False, at=latest):
            shares = [min(shares)] * 2
        return cls(shares[0], shares[1], latest, seed)

    def keeps(self, batch: pa.RecordBatch) -> pa.Array:
        """Return for each row whether it is kept."""
        import pyarrow as pa

        churned = batch.column("churned").fill_null(False).to_numpy(zero_copy_only=False)
        waits = batch.column("churned").is_null().to_numpy(zero_copy_only=False)
        at_latest = self.latest is None or batch.column("as_of").to_numpy() == np.datetime64(self.latest)
        share = np.where(waits, self.waiting_share * at_latest, np.where(churned, 1.0, self.stayed_share))
        return pa.array(drawn(batch.column("account_id"), self.seed) < share)
