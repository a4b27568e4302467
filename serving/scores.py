"""The latest prediction of every account, as the feature worker computed it and the service gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType

from sqlalchemy import Connection, and_, bindparam, delete, select

from serving.about import About
from serving.listing import write_listings
from serving.store_tables import FEATURE_ROWS, LISTED, SCORES
from serving.upsert import upsert

NOTHING: Mapping[str, About] = MappingProxyType({})
SOME_SCORES = select(SCORES).where(SCORES.c.account_id.in_(bindparam("account_ids", expanding=True)))

THE_SAME_ROW = and_(
    FEATURE_ROWS.c.account_id == SCORES.c.account_id, FEATURE_ROWS.c.as_of.is_not_distinct_from(SCORES.c.as_of)
)
"""Of the feature row that is held now: a row with another as_of was computed anew since."""
SOME_KEPT = (
    select(SCORES)
    .join(FEATURE_ROWS, THE_SAME_ROW)
    .where(SCORES.c.account_id.in_(bindparam("account_ids", expanding=True)), SCORES.c.release == bindparam("release"))
)


@dataclass(frozen=True, slots=True)
class Score:
    """What a release predicts for an account.

    Attributes
    ----------
    account_id, release
        of whom, and by which version.
    as_of
        instant of the feature row, ISO (UTC); None if undated.
    computed_at
        seconds since 1970 (UTC).
    churn_prob, tier
        predicted probability of churn within the horizon, and high, medium or low.
    value_at_risk
        expected margin lost to churn, in the currency of the tables; None where not known.
    answer, plain
        what `/predict` says with reasons and without, as JSON.
    """

    account_id: str
    release: str
    as_of: str | None
    computed_at: float
    churn_prob: float
    tier: str
    value_at_risk: float | None
    answer: str
    plain: str

    def given(self, *, explain: bool) -> bytes:
        """Return what `/predict` says, with reasons or without."""
        return (self.answer if explain else self.plain).encode()


def write_scores(connection: Connection, scores: Sequence[Score], about: Mapping[str, About] = NOTHING) -> None:
    """Put scores in place of the accounts' former ones, and into the list; a score that was computed later stays.

    `about` says what the accounts are called.

    >>> from serving.store import Store
    >>> store = Store("sqlite://")
    >>> with store.alone() as connection:
    ...     write_scores(connection, [Score("A-1", "v1", "2026-01-31", 1.0, 0.25, "low", None, "{}", "{}")])
    ...     scores_of(connection, ["A-1", "A-2"])["A-1"].churn_prob
    0.25
    """
    upsert(connection, SCORES, [asdict(score) for score in scores], newer_by="computed_at")
    write_listings(connection, scores, about)


def drop_scores(connection: Connection, account_ids: Sequence[str]) -> None:
    """Delete the scores of accounts, and list these no more."""
    for table in (SCORES, LISTED):
        connection.execute(delete(table).where(table.c.account_id.in_(account_ids)))


def scores_of(connection: Connection, account_ids: Sequence[str]) -> dict[str, Score]:
    """Return the scores of those accounts that have one, by account."""
    found = connection.execute(SOME_SCORES, {"account_ids": account_ids})
    return {row.account_id: Score(*row) for row in found}


def kept_answers(connection: Connection, account_ids: Sequence[str], release: str) -> dict[str, Score]:
    """Return the scores that this release made of the very feature rows that are held now, by account."""
    found = connection.execute(SOME_KEPT, {"account_ids": account_ids, "release": release})
    return {row.account_id: Score(*row) for row in found}
