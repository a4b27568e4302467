"""The accounts that are known, and when the features of each have to be computed anew: the feature worker's list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from features.plain_rows import Row, micros
from serving.store_tables import ACCOUNTS, SCORES

LEASE_SECONDS = 30.0
"""So long a worker may be at an account before another takes it for dead."""
REFRESH_SECONDS = 20 * 3_600.0
"""A row this old is computed again, with four hours to spare before it is a day old."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An account whose features its holder is to compute: until when it is his, and what of it there was."""

    account_id: str
    parent_account_id: str | None
    batch: int
    version: int
    claimed_until: float


def locked(connection: Connection, account_ids: Iterable[str]) -> dict[str, int]:
    """Return the versions of those accounts that are known, which no one else changes until the transaction is over."""
    wanted = sorted(set(account_ids))
    # In one order, so that no two transactions wait for each other.
    query = select(ACCOUNTS.c.account_id, ACCOUNTS.c.version).where(ACCOUNTS.c.account_id.in_(wanted))
    return dict(connection.execute(query.order_by(ACCOUNTS.c.account_id).with_for_update()).all())


def add(connection: Connection, account_ids: Iterable[str]) -> None:
    """Make accounts known that are not."""
    fresh = {"batch": 0, "version": 0, "since": None, "refresh_at": 0.0, "claimed_until": 0.0}
    records = [{"account_id": account_id, **fresh} for account_id in sorted(set(account_ids))]
    if records:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        connection.execute(dialect.insert(ACCOUNTS).on_conflict_do_nothing(), records)


def place(connection: Connection, rows: Iterable[Row], *, tells_others: bool = True) -> None:
    """Note who the parents of accounts are, and since when they are there, from their rows of `accounts`.

    With `tells_others` the accounts around them, as they were and as they are, are to be computed anew.
    """
    around: set[str] = set()
    for row in sorted(rows, key=lambda row: str(row["account_id"])):
        created, parent = row.get("created_at"), row.get("parent_account_id")
        own = ACCOUNTS.c.account_id == row["account_id"]
        held = connection.execute(select(ACCOUNTS.c.parent_account_id, ACCOUNTS.c.created_at).where(own)).one()
        said = (parent, None if created is None else micros(created))
        if tuple(held) != said:
            connection.execute(update(ACCOUNTS).where(own).values(parent_account_id=said[0], created_at=said[1]))
            around |= {name for name in (held[0], parent) if name} | {str(row["account_id"])}
    if around and tells_others:
        is_around = or_(ACCOUNTS.c.account_id.in_(around), ACCOUNTS.c.parent_account_id.in_(around))
        # A new version, so that who computes them right now does not take them for done.
        connection.execute(update(ACCOUNTS).where(is_around).values(refresh_at=0.0, version=ACCOUNTS.c.version + 1))


def touch(connection: Connection, account_ids: Iterable[str], now: float) -> None:
    """Say that rows of locked accounts came: each has its next version, and is to be computed anew."""
    values = {"version": ACCOUNTS.c.version + 1, "since": func.coalesce(ACCOUNTS.c.since, now)}
    connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.account_id.in_(sorted(set(account_ids)))).values(**values))


def is_any_due(connection: Connection, now: float) -> bool:
    """Return whether there is an account that nobody is at and whose features have to be computed."""
    free = ACCOUNTS.c.claimed_until < now
    queries = (
        select(ACCOUNTS.c.account_id).where(due, free).limit(1)
        for due in (ACCOUNTS.c.since.is_not(None), ACCOUNTS.c.refresh_at <= now)
    )
    return any(connection.scalar(query) is not None for query in queries)


def claim(connection: Connection, now: float, most: int, most_stale: int) -> list[Claim]:
    """Return accounts that are the caller's for LEASE_SECONDS: those with new events, else those grown stale."""
    by_event = (ACCOUNTS.c.since.is_not(None), ACCOUNTS.c.since, most)
    by_time = (ACCOUNTS.c.refresh_at <= now, ACCOUNTS.c.refresh_at, most_stale)
    columns = (ACCOUNTS.c.account_id, ACCOUNTS.c.parent_account_id, ACCOUNTS.c.batch, ACCOUNTS.c.version)
    for due, order, limit in (by_event, by_time):
        query = select(*columns).where(due, ACCOUNTS.c.claimed_until < now).order_by(order).limit(limit)
        found = connection.execute(query.with_for_update(skip_locked=True)).all()
        if found:
            until = now + LEASE_SECONDS
            account_ids = [row.account_id for row in found]
            connection.execute(
                update(ACCOUNTS).where(ACCOUNTS.c.account_id.in_(account_ids)).values(claimed_until=until)
            )
            return [Claim(*row, until) for row in found]
    return []


def still_held(connection: Connection, claims: Sequence[Claim]) -> set[str]:
    """Return the accounts that are still the claimant's, locked until the transaction is over."""
    query = select(ACCOUNTS.c.account_id, ACCOUNTS.c.claimed_until)
    query = query.where(ACCOUNTS.c.account_id.in_([each.account_id for each in claims]))
    found = dict(connection.execute(query.order_by(ACCOUNTS.c.account_id).with_for_update()).all())
    return {each.account_id for each in claims if found.get(each.account_id) == each.claimed_until}


# What came since it was read is still to be told.
_AS_READ = and_(ACCOUNTS.c.version == bindparam("seen"), ACCOUNTS.c.batch == bindparam("filled"))
_SETTLE = (
    update(ACCOUNTS)
    .where(ACCOUNTS.c.account_id == bindparam("of"))
    .values(
        claimed_until=0.0,
        refresh_at=case((_AS_READ, bindparam("next_at")), else_=ACCOUNTS.c.refresh_at),
        since=case((_AS_READ, None), else_=ACCOUNTS.c.since),
    )
)


def settle(connection: Connection, claims: Iterable[Claim], next_at: Mapping[str, float]) -> None:
    """Give accounts back whose features are computed; `next_at` says when time makes each stale."""
    done = [
        {"of": each.account_id, "seen": each.version, "filled": each.batch, "next_at": next_at[each.account_id]}
        for each in claims
    ]
    if done:
        connection.execute(_SETTLE, sorted(done, key=lambda each: str(each["of"])))


def postpone(connection: Connection, claims: Sequence[Claim], until: float) -> None:
    """Leave accounts alone until then: their features could not be computed."""
    ids = sorted(still_held(connection, claims))
    connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.account_id.in_(ids)).values(claimed_until=until))


def outdate(connection: Connection, release: str, now: float, most: int) -> int:
    """Have the rows computed again of accounts that another release scored, so many at a time; return how many."""
    is_of_other = select(SCORES.c.account_id).where(SCORES.c.account_id == ACCOUNTS.c.account_id)
    is_of_other = is_of_other.where(SCORES.c.release != release)
    others = select(ACCOUNTS.c.account_id).where(ACCOUNTS.c.refresh_at > now, is_of_other.exists()).limit(most)
    found = list(connection.scalars(others))
    connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.account_id.in_(found)).values(refresh_at=now))
    return len(found)


def relatives(connection: Connection, parents: Iterable[str], most: int) -> list[tuple[str, str, int | None]]:
    """Return the first accounts below each parent: account, parent, and when it came (microseconds)."""
    above = sorted(set(parents))
    if not above:
        return []
    own_id = ACCOUNTS.c.account_id
    # Whatever the database's language: ids are in order of their characters' numbers, as in the panel.
    by_id = own_id if connection.dialect.name == "sqlite" else own_id.collate("C")
    rank = func.row_number().over(
        partition_by=ACCOUNTS.c.parent_account_id,
        order_by=(func.coalesce(ACCOUNTS.c.created_at, _ALWAYS), by_id),
    )
    columns = (own_id, ACCOUNTS.c.parent_account_id, ACCOUNTS.c.created_at, rank.label("place"))
    ranked = select(*columns).where(ACCOUNTS.c.parent_account_id.in_(above)).subquery()
    found = connection.execute(select(*list(ranked.c)[:3]).where(ranked.c.place <= most))
    return [(account_id, parent, created) for account_id, parent, created in found]


_ALWAYS = -2_208_988_800_000_000
"""1900, from when on accounts without a date are there, in microseconds."""
