"""Accounts as the store lists them: found, filtered, in order, a page at a time or all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Row, UnaryExpression, func, select

from pipelines.release import BASES
from serving.errors import Refusal
from serving.store import Store
from serving.store_tables import LISTED

ROWS_A_PAGE = 50
AT_ONCE = 2_000
MOST_WORDS = 10
MOST_OWNERS = 200
TIERS = ("high", "medium", "low")
WORSE = ("tier", "prob")
SORTS: Mapping[str, tuple[Column[Any], ...]] = {
    "account": (LISTED.c.account_id,),
    "name": (LISTED.c.words,),
    "owner": (LISTED.c.owner, LISTED.c.churn_prob, LISTED.c.account_id),
    "prob": (LISTED.c.churn_prob, LISTED.c.account_id),
    "change": (LISTED.c.change, LISTED.c.account_id),
    "value": (LISTED.c.value_at_risk, LISTED.c.account_id),
}
"""What accounts are in order of; each has its index."""
DOWN = "-"
FIRST_SORT = f"{DOWN}prob"
ASKS = ("search", "tier", "owner", "segment", "worse", "sort", "page")


@dataclass(frozen=True)
class Wanted:
    """Which accounts are wanted, and in which order.

    Attributes
    ----------
    search
        each of its words begins a word of the account's name, or is the beginning of its id; case does not matter.
    segment
        a segmentation and the id of one of its segments.
    worse
        "tier": those called a higher risk than in an earlier month; "prob": those with a higher probability.
    sort
        one of SORTS, with "-" before it from the largest down.
    """

    search: str = ""
    tier: str = ""
    owner: str = ""
    segment: tuple[str, str] | None = None
    worse: str = ""
    sort: str = FIRST_SORT
    page: int = 1

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wanted:
        """Return what the query of an address wants.

        Raises
        ------
        Refusal
            When a value is none that there is.

        >>> Wanted.of({"tier": "high", "segment": "needs:n1", "page": "2"}).segment
        ('needs', 'n1')
        """
        if any("\0" in said for said in asked.values()):
            raise Refusal("invalid_request", "got a NUL in the address; expected text; leave it out")
        sorts = [f"{way}{name}" for name in SORTS for way in ("", DOWN)]
        return cls(
            search=_words(asked.get("search", "")),
            tier=_one_of("tier", asked.get("tier", ""), TIERS),
            owner=asked.get("owner", ""),
            segment=_segment(asked.get("segment", "")),
            worse=_one_of("worse", asked.get("worse", ""), WORSE),
            sort=_one_of("sort", asked.get("sort", FIRST_SORT), sorts),
            page=_page(asked.get("page", "1")),
        )

    @property
    def sorts_by(self) -> str:
        """The column that they are in order of."""
        return self.sort.removeprefix(DOWN)

    @property
    def is_down(self) -> bool:
        """Whether the largest comes first."""
        return self.sort.startswith(DOWN)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what holds of every account that is wanted."""
        held = LISTED.c
        words = [held.words.contains(f" {word}", autoescape=True) for word in self.search.casefold().split()]
        # by themselves, so that they are looked for in their index alone
        search = held.account_id.in_(select(held.account_id).where(*words))
        found: list[ColumnElement[bool]] = [search] if words else []
        found += [held[name] == said for name, said in (("tier", self.tier), ("owner", self.owner)) if said]
        if self.segment:
            found.append(held[self.segment[0]] == self.segment[1])
        if self.worse == "tier":
            rose = (held.tier.in_(TIERS[:2]), held.former_tier.in_(TIERS[1:]), held.tier != held.former_tier)
            found += rose
        if self.worse == "prob":
            found.append(held.change > 0)
        return found

    def order(self, *, is_down: bool) -> list[UnaryExpression[Any]]:
        """Return the order, from the largest down or up; what is not known counts as less than all that is."""
        return [_in_order(column, is_down=is_down) for column in SORTS[self.sorts_by]]


class Listing(NamedTuple):
    """A page of accounts, its place among all that are wanted, and how many these are."""

    rows: list[Row[Any]]
    first: int
    total: int

    @property
    def last(self) -> int:
        """The place of the last row, from 1."""
        return self.first + len(self.rows) - 1


def listing(connection: Connection, wanted: Wanted) -> Listing:
    """Return the page that is wanted, or the last one where it lies beyond."""
    conditions = wanted.conditions()
    total = int(connection.scalar(select(func.count()).select_from(LISTED).where(*conditions)) or 0)
    begin = min(wanted.page - 1, max(total - 1, 0) // ROWS_A_PAGE) * ROWS_A_PAGE
    n = min(ROWS_A_PAGE, total - begin)
    # Counted from the end that is nearer: to skip rows takes time.
    is_back = begin > total // 2
    order = wanted.order(is_down=wanted.is_down is not is_back)
    skipped = total - begin - n if is_back else begin
    ids = select(LISTED.c.account_id).where(*conditions).order_by(*order).offset(skipped).limit(n)
    account_ids = list(connection.scalars(ids))
    found = connection.execute(select(LISTED).where(LISTED.c.account_id.in_(account_ids)))
    rows = {row.account_id: row for row in found}
    in_order = reversed(account_ids) if is_back else account_ids
    return Listing([rows[account_id] for account_id in in_order], begin + 1, total)


def owners(connection: Connection) -> list[str]:
    """Return who looks after accounts, in order; one more than MOST_OWNERS where they are too many to choose from."""
    owner = LISTED.c.owner
    query = select(owner).where(owner.is_not(None)).distinct().order_by(owner).limit(MOST_OWNERS + 1)
    return list(connection.scalars(query))


def all_rows(store: Store, wanted: Wanted, columns: Sequence[Column[Any]] = tuple(LISTED.c)) -> Iterator[Row[Any]]:
    """Yield all accounts that are wanted, by id, a few thousand in memory; nothing in the store waits for the reader.

    Each account comes once, as it is when its turn has come. The first of the columns is its id.
    """
    conditions, last = wanted.conditions(), ""
    while True:
        query = select(*columns).where(LISTED.c.account_id > last, *conditions)
        with store.engine.connect() as connection:
            rows = connection.execute(query.order_by(LISTED.c.account_id).limit(AT_ONCE)).all()
        yield from rows
        if len(rows) < AT_ONCE:
            return
        last = rows[-1][0]


def _in_order(column: Column[Any], *, is_down: bool) -> UnaryExpression[Any]:
    """A column in order, as its index has it: where nothing can be unknown, PostgreSQL wants nothing said of it."""
    ordered = column.desc() if is_down else column.asc()
    if not column.nullable:
        return ordered
    return ordered.nulls_last() if is_down else ordered.nulls_first()


def _one_of(name: str, said: str, known: Sequence[str]) -> str:
    if said and said not in known:
        raise Refusal("invalid_request", f"got {name}={said[:60]!r}; expected one of {', '.join(known)}, or none")
    return said


def _segment(said: str) -> tuple[str, str] | None:
    basis, _, segment = said.partition(":")
    _one_of("segment", basis, [f"{name}:ID" for name in BASES] if basis not in BASES else BASES)
    return (basis, segment) if basis else None


def _words(said: str) -> str:
    if len(said.split()) > MOST_WORDS:
        raise Refusal("invalid_request", f"got {len(said.split())} words to search for; expected {MOST_WORDS} at most")
    return said


def _page(said: str) -> int:
    if not (said.isascii() and said.isdecimal() and 1 <= len(said) <= 9 and int(said) >= 1):
        raise Refusal("invalid_request", f"got page={said[:60]!r}; expected a whole number from 1 on")
    return int(said)
