"""How a row of a table becomes an event, declared once and read twice: as SQL by Ibis, and row by row in Python.

A term has `sql(rows)`, an Ibis expression over a table, and `of(row)`, its value for one row given as a mapping from
column to value (None: missing). Both give the same, to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import ibis

Row = Mapping[str, Any]


class Term(Protocol):
    """What is read off a row."""

    def sql(self, rows: ibis.Table) -> Any:
        """The term as a column of a table."""

    def of(self, row: Row) -> Any:
        """The term's value for one row."""


@dataclass(frozen=True, slots=True)
class Col:
    """A column.

    >>> Col("mrr").of({"mrr": 5.0})
    5.0
    """

    name: str

    def sql(self, rows: ibis.Table) -> Any:
        """The column."""
        return rows[self.name]

    def of(self, row: Row) -> Any:
        """Its value."""
        return row.get(self.name)


@dataclass(frozen=True, slots=True)
class Const:
    """The same for every row."""

    value: str | float

    def sql(self, rows: ibis.Table) -> Any:
        """A literal."""
        import ibis

        return ibis.literal(self.value)

    def of(self, row: Row) -> Any:
        """The constant."""
        return self.value


@dataclass(frozen=True, slots=True)
class Is:
    """Whether a column (in lower case, if a text) has one of some values; false where it has none.

    >>> Is("direction", "out").of({"direction": None}), Is("is_return", True).of({"is_return": True})
    (False, True)
    """

    name: str
    value: str | bool | tuple[str, ...]

    def sql(self, rows: ibis.Table) -> Any:
        """The test, never null."""
        column = rows[self.name]
        if isinstance(self.value, bool):
            return (column == self.value).fill_null(False)
        allowed = (self.value,) if isinstance(self.value, str) else self.value
        return column.lower().isin(allowed).fill_null(False)

    def of(self, row: Row) -> bool:
        """The test."""
        came = row.get(self.name)
        if isinstance(self.value, bool) or came is None:
            return came is not None and came == self.value
        return came.lower() in ((self.value,) if isinstance(self.value, str) else self.value)


@dataclass(frozen=True, slots=True)
class Below:
    """Whether a column's number is below a limit; false where there is none."""

    name: str
    limit: float

    def sql(self, rows: ibis.Table) -> Any:
        """The test, never null."""
        return (rows[self.name] < self.limit).fill_null(False)

    def of(self, row: Row) -> bool:
        """The test."""
        came = row.get(self.name)
        return came is not None and came < self.limit


@dataclass(frozen=True, slots=True)
class Given:
    """Whether every one of some columns has a value."""

    names: tuple[str, ...]

    def sql(self, rows: ibis.Table) -> Any:
        """The test, never null."""
        test = rows[self.names[0]].notnull()
        for name in self.names[1:]:
            test = test & rows[name].notnull()
        return test

    def of(self, row: Row) -> bool:
        """The test."""
        return all(row.get(name) is not None for name in self.names)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a test."""

    test: Term

    def sql(self, rows: ibis.Table) -> Any:
        """The test."""
        return ~self.test.sql(rows)

    def of(self, row: Row) -> bool:
        """The test."""
        return not self.test.of(row)


@dataclass(frozen=True, slots=True)
class Either:
    """Whether one test or another is met."""

    one: Term
    other: Term

    def sql(self, rows: ibis.Table) -> Any:
        """The test."""
        return self.one.sql(rows) | self.other.sql(rows)

    def of(self, row: Row) -> bool:
        """The test."""
        return bool(self.one.of(row) or self.other.of(row))


@dataclass(frozen=True, slots=True)
class If:
    """One term where a test is met, another where it is not."""

    test: Term
    then: Term
    otherwise: Term

    def sql(self, rows: ibis.Table) -> Any:
        """The choice."""
        return self.test.sql(rows).ifelse(self.then.sql(rows), self.otherwise.sql(rows))

    def of(self, row: Row) -> Any:
        """The choice."""
        return self.then.of(row) if self.test.of(row) else self.otherwise.of(row)


@dataclass(frozen=True, slots=True)
class Size:
    """A number without its sign."""

    name: str

    def sql(self, rows: ibis.Table) -> Any:
        """The size."""
        return rows[self.name].abs()

    def of(self, row: Row) -> Any:
        """The size."""
        came = row.get(self.name)
        return None if came is None else abs(came)


@dataclass(frozen=True, slots=True)
class Flag:
    """1 for true, 0 for false."""

    name: str

    def sql(self, rows: ibis.Table) -> Any:
        """The number."""
        return rows[self.name].cast("int64").cast("float64")

    def of(self, row: Row) -> Any:
        """The number."""
        came = row.get(self.name)
        return None if came is None else float(came)


@dataclass(frozen=True, slots=True)
class Ratio:
    """One column over another; none where that is 0."""

    top: str
    bottom: str

    def sql(self, rows: ibis.Table) -> Any:
        """The ratio."""
        return rows[self.top] / rows[self.bottom].nullif(0.0)

    def of(self, row: Row) -> Any:
        """The ratio."""
        top, bottom = row.get(self.top), row.get(self.bottom)
        return None if top is None or not bottom else top / bottom


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours from one time to another.

    >>> Hours("a", "b").of({"a": datetime(2024, 1, 1), "b": datetime(2024, 1, 1, 0, 30)})
    0.5
    """

    start: str
    end: str

    def sql(self, rows: ibis.Table) -> Any:
        """The hours."""
        seconds = rows[self.end].epoch_seconds() - rows[self.start].epoch_seconds()
        return seconds.cast("float64") / 3600.0

    def of(self, row: Row) -> Any:
        """The hours."""
        start, end = row.get(self.start), row.get(self.end)
        return None if start is None or end is None else (_seconds(end) - _seconds(start)) / 3600.0


@dataclass(frozen=True, slots=True)
class OnScale:
    """A score put on the scale on which people know its metric, from the scale on which it was given.

    >>> OnScale("nps", 0, 10).of({"metric": "nps", "score": 4.0, "scale_min": 1.0, "scale_max": 5.0})
    7.5
    """

    metric: str
    low: float
    high: float

    def sql(self, rows: ibis.Table) -> Any:
        """The score."""
        low, high = float(self.low), float(self.high)
        least, most = rows["scale_min"].fill_null(low), rows["scale_max"].fill_null(high)
        scaled = low + (rows["score"] - least) / (most - least).nullif(0.0) * (high - low)
        return (most > least).ifelse(scaled, rows["score"])

    def of(self, row: Row) -> Any:
        """The score."""
        score, low, high = row.get("score"), float(self.low), float(self.high)
        least = low if row.get("scale_min") is None else row["scale_min"]
        most = high if row.get("scale_max") is None else row["scale_max"]
        if score is None or not most > least:
            return score
        return low + (score - least) / (most - least) * (high - low)


def _seconds(at: datetime) -> float:
    """Seconds since 1970, rounded as the engines round them: whole microseconds divided once."""
    since = (at.replace(tzinfo=UTC) if at.tzinfo is None else at) - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) / 1e6


@dataclass(frozen=True, slots=True)
class Rule:
    """One event that a row of a table tells of.

    `stream`, `kind` and `value` are terms; `at` and `also` are time columns: the event happened at the first, and is
    known once it and all of the others have passed, and the row is recorded. There is no event where `only` is not met.
    """

    stream: Term
    at: str
    kind: Term | None = None
    value: Term | None = None
    only: Term | None = None
    also: tuple[str, ...] = ()
