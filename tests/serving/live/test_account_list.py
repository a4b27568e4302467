"""The list of accounts, on both databases, beside the same made in plain Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from serving.about import About
from serving.dashboard.account_list import ROWS_A_PAGE, SORTS, Wanted, all_rows, listing, owners
from serving.errors import Refusal
from serving.scores import Score, write_scores
from serving.store import Store
from serving.store_tables import LISTED

N = 130
LITERAL = {"literal_binds": True}
NAMES = ("Müller-Voß GmbH", "Birch Labs", "birch foods", "100% Alder_Tree", None)
TIERS = ("high", "medium", "low")


def _about(i: int) -> About:
    return About(NAMES[i % 5], (None, "ada", "Bob")[i % 3])


def _score(i: int, month: int, prob: float, tier: str) -> Score:
    segments = {"firmographic": {"id": f"f{i % 2}"}, "needs": None}
    plain = json.dumps({"segments": segments})
    value = None if i % 7 == 0 else 1000 * prob
    return Score(f"A-{i:03d}", "v1", f"2026-0{month}-10", float(month), prob, tier, value, "{}", plain)


def _prob(i: int, month: int) -> float:
    return ((i * 37 + month * 11) % 101) / 101


@pytest.fixture
def many(live_store: Store) -> Store:
    """130 accounts, of which two of three had a score in an earlier month."""
    about = {f"A-{i:03d}": _about(i) for i in range(N)}
    with live_store.writing() as connection:
        write_scores(connection, [_score(i, 1, _prob(i, 1), TIERS[i // 2 % 3]) for i in range(N) if i % 3], about)
        write_scores(connection, [_score(i, 2, _prob(i, 2), TIERS[i % 3]) for i in range(N)], about)
    return live_store


def _listed(store: Store, **asked: str) -> list[str]:
    """Every page of the list, one after the other."""

    def pages() -> Iterator[list[str]]:
        with store.engine.connect() as connection:
            first = listing(connection, Wanted.of(asked))
            yield [row.account_id for row in first.rows]
            for page in range(2, -(-first.total // ROWS_A_PAGE) + 1):
                found = listing(connection, Wanted.of(asked | {"page": str(page)}))
                assert found.first == (page - 1) * ROWS_A_PAGE + 1
                yield [row.account_id for row in found.rows]

    return [account_id for page in pages() for account_id in page]


def _change(i: int) -> float:
    """What is not known counts as less than all that is."""
    return _prob(i, 2) - _prob(i, 1) if i % 3 else -9.0


KEYS: dict[str, Callable[[int], Any]] = {
    "account": lambda i: f"A-{i:03d}",
    "name": lambda i: ((NAMES[i % 5] or "").casefold(), i) if NAMES[i % 5] else ("", i),
    "owner": lambda i: (_about(i).owner or "", _prob(i, 2), i),
    "prob": lambda i: (_prob(i, 2), i),
    "change": lambda i: (_change(i), i),
    "value": lambda i: (-1.0 if i % 7 == 0 else 1000 * _prob(i, 2), i),
}


@pytest.mark.parametrize("name", ["account", "owner", "prob", "change", "value"])
def test_pages_one_after_the_other_are_all_accounts_in_order(many: Store, name: str) -> None:
    for sign, is_down in (("", False), ("-", True)):
        by_hand = sorted(range(N), key=KEYS[name], reverse=is_down)
        assert _listed(many, sort=f"{sign}{name}") == [f"A-{i:03d}" for i in by_hand], sign


def test_names_are_in_order_whatever_their_capitals(many: Store) -> None:
    found = [NAMES[int(account_id[2:]) % 5] for account_id in _listed(many, sort="name")]
    order = [NAMES[3], NAMES[4], NAMES[2], NAMES[1], NAMES[0]]  # who has no name is in order by id
    assert list(dict.fromkeys(found)) == order


@pytest.mark.parametrize(
    ("asked", "is_wanted"),
    [
        ({"tier": "high"}, lambda i: i % 3 == 0),
        ({"owner": "Bob"}, lambda i: i % 3 == 2),
        ({"owner": "bob"}, lambda i: False),
        ({"segment": "firmographic:f1"}, lambda i: i % 2 == 1),
        ({"segment": "needs:n1"}, lambda i: False),
        ({"worse": "prob"}, lambda i: i % 3 and _prob(i, 2) > _prob(i, 1)),
        ({"worse": "tier"}, lambda i: i % 3 and i % 3 < i // 2 % 3),
        ({"search": "BIRCH"}, lambda i: i % 5 in (1, 2)),
        ({"search": "lab birch"}, lambda i: i % 5 == 1),
        ({"search": "irch"}, lambda i: False),
        ({"search": "voss"}, lambda i: i % 5 == 0),
        ({"search": "a-01"}, lambda i: 10 <= i < 20),
        ({"search": "100% alder_"}, lambda i: i % 5 == 3),
        ({"search": "1__%"}, lambda i: False),
        ({"search": "' OR 1=1 --"}, lambda i: False),
        ({"tier": "low", "owner": "Bob", "search": "birch"}, lambda i: i % 3 == 2 and i % 5 in (1, 2)),
    ],
)
def test_filters_leave_whom_they_say(many: Store, asked: dict[str, str], is_wanted: Callable[[int], bool]) -> None:
    by_hand = [f"A-{i:03d}" for i in range(N) if is_wanted(i)]
    assert _listed(many, sort="account", **asked) == by_hand
    assert [row.account_id for row in all_rows(many, Wanted.of(asked))] == by_hand


def test_a_page_beyond_the_last_is_the_last(many: Store) -> None:
    with many.engine.connect() as connection:
        found = listing(connection, Wanted.of({"page": "999"}))
    assert (found.first, found.last, found.total) == (101, N, N)


def test_owners_are_those_there_are(many: Store) -> None:
    with many.engine.connect() as connection:
        assert owners(connection) == ["Bob", "ada"]


def test_all_are_downloaded_a_few_at_a_time(many: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.dashboard.account_list.AT_ONCE", 10)
    found = [row.account_id for row in all_rows(many, Wanted.of({}))]
    assert found == [f"A-{i:03d}" for i in range(N)]


@pytest.mark.parametrize(
    "asked",
    [
        {"tier": "purple"},
        {"sort": "colour"},
        {"page": "0"},
        {"page": "x"},
        {"page": "9" * 10},
        {"segment": "size:1"},
        {"worse": "yes"},
        {"search": "a " * 11},
        {"owner": "a\0"},
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(asked: dict[str, str]) -> None:
    with pytest.raises(Refusal, match=r"got .*expected") as refused:
        Wanted.of(asked)
    assert refused.value.status == 422


@pytest.mark.parametrize("sort", [f"{way}{name}" for name in SORTS for way in ("", "-")])
def test_every_order_is_read_off_an_index(many: Store, sort: str) -> None:
    wanted = Wanted.of({"sort": sort})
    order = wanted.order(is_down=wanted.is_down)
    query = select(LISTED.c.account_id).order_by(*order).limit(50).compile(many.engine, compile_kwargs=LITERAL)
    with many.engine.connect() as connection:
        if many.is_sqlite:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
        else:
            for setting in ("enable_seqscan", "enable_bitmapscan", "enable_incremental_sort"):
                connection.exec_driver_sql(f"SET {setting} = off")
            plan = connection.exec_driver_sql(f"EXPLAIN {query}").all()
    assert "listed_" in str(plan)
    assert "Sort" not in str(plan)
    assert "TEMP B-TREE" not in str(plan)
