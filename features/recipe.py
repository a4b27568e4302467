"""How panel rows come of events: a recipe that any engine can carry to where the events are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.catalog import Feature
from features.evaluate import event_features
from features.labels import DAY, DUE, ChurnDefinition, at_risk, labels, observed_spine
from features.log import EventLog

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = ("account_id", "as_of", "churned")


@dataclass(frozen=True)
class Recipe:
    """Which rows and columns a panel has.

    Attributes
    ----------
    features
        the columns.
    churn
        who is at risk, and the label.
    cutoffs
        as-of dates in microseconds, ascending; those of the user's observations where churn is labelled.
    observed_until
        where knowledge ends (microseconds): labels that come due later are not known.
    """

    features: tuple[Feature, ...]
    churn: ChurnDefinition
    cutoffs: tuple[int, ...]
    observed_until: int

    def rows(self, log: EventLog) -> pa.Table:
        """Return the panel rows of the accounts whose events these are, in order of date and account.

        Parameters
        ----------
        log
            all events of some accounts.

        Returns
        -------
        pa.Table
            account_id, as_of, churned (null until the label has come due), and the features: numbers as float32,
            categories as text. Depends on nothing but the events: not on their order, the engine, or other accounts.
        """
        import pyarrow as pa

        spine = (
            observed_spine(log) if self.churn.kind == "labelled" else at_risk(log, self.churn, np.array(self.cutoffs))
        )
        order = np.argsort(spine.as_of, kind="stable")
        known = labels(log, self.churn, spine, self.observed_until)[order]
        keys = (
            pa.array(log.accounts, pa.string()).take(pa.array(spine.account[order])),
            pa.array(spine.as_of[order], pa.timestamp("us")),
            pa.array(known == 1, mask=known == DUE),
        )
        columns = event_features(log, self.features, spine, np.argsort(order, kind="stable"))
        return pa.table([*keys, *columns.values()], schema=self.schema)

    def is_due(self, cutoff: int) -> bool:
        """Whether the labels of a date have come due."""
        return cutoff + self.churn.matures_days * DAY <= self.observed_until

    @property
    def schema(self) -> pa.Schema:
        """The columns of `rows` and their types."""
        import pyarrow as pa

        types = (pa.string(), pa.timestamp("us"), pa.bool_())
        features = [(f.name, pa.float32() if f.kind == "number" else pa.string()) for f in self.features]
        return pa.schema([*zip(KEYS, types, strict=True), *features])
