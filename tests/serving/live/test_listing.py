"""The narrow table of accounts: in step with scores, with what they were in an earlier month."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from serving.about import About
from serving.dashboard.scored import totals, totals_by_segment
from serving.scores import Score, drop_scores, write_scores
from serving.store import Store
from serving.store_tables import LISTED, SCORES

PLAIN = {
    "churn_prob_low": 0.1,
    "churn_prob_high": 0.4,
    "percentile": 70.0,
    "segments": {"firmographic": {"id": "f1"}, "needs": None},
}


def score(prob: float, as_of: str | None, at: float, account_id: str = "A-1", tier: str = "low", **more: Any) -> Score:
    value = more.pop("value", None)
    return Score(account_id, "v1", as_of, at, prob, tier, value, "{}", json.dumps(PLAIN | more))


def write(store: Store, *scores: Score) -> None:
    for one in scores:
        with store.writing() as connection:
            write_scores(connection, [one])


def listed(store: Store, account_id: str = "A-1") -> Any:
    with store.engine.connect() as connection:
        return connection.execute(sa.select(LISTED).where(LISTED.c.account_id == account_id)).one_or_none()


def former(store: Store) -> tuple[Any, ...]:
    row = listed(store)
    return row.former_prob, row.former_tier, row.former_as_of, None if row.change is None else round(row.change, 6)


def test_a_score_is_listed_with_what_the_account_is_called(live_store: Store) -> None:
    about = {"A-1": About("Müller-Voß", "ada", "pro", "retail")}
    with live_store.writing() as connection:
        write_scores(connection, [score(0.2, "2026-01-31", 1.0, value=50.0)], about)
    row = listed(live_store)
    assert (row.name, row.owner, row.plan, row.industry) == ("Müller-Voß", "ada", "pro", "retail")
    assert row.words == " müller-voss müller voss a-1"
    assert (row.churn_prob, row.churn_prob_low, row.churn_prob_high, row.percentile) == (0.2, 0.1, 0.4, 70.0)
    assert (row.firmographic, row.behavioural, row.needs, row.value_at_risk) == ("f1", None, None, 50.0)
    assert former(live_store) == (None, None, None, None)


def test_the_first_score_of_a_month_makes_the_last_of_the_month_before_the_former_one(live_store: Store) -> None:
    write(live_store, score(0.2, "2026-01-10", 1.0), score(0.3, "2026-01-31T23:00:00", 2.0, tier="medium"))
    assert former(live_store) == (None, None, None, None)
    write(live_store, score(0.5, "2026-02-01T01:00:00", 3.0, tier="high"))
    assert former(live_store) == (0.3, "medium", "2026-01-31T23:00:00", 0.2)
    write(live_store, score(0.25, "2026-02-20", 4.0))
    assert former(live_store) == (0.3, "medium", "2026-01-31T23:00:00", -0.05)
    write(live_store, score(0.6, "2026-04-01", 5.0))
    assert former(live_store) == (0.25, "low", "2026-02-20", 0.35)


def test_a_look_at_an_earlier_time_is_compared_with_no_later_one(live_store: Store) -> None:
    write(live_store, score(0.2, "2026-01-10", 1.0), score(0.3, "2026-02-10", 2.0), score(0.4, "2026-01-05", 3.0))
    assert former(live_store) == (None, None, None, None)


def test_an_undated_score_has_no_former_one(live_store: Store) -> None:
    write(live_store, score(0.2, None, 1.0), score(0.3, None, 2.0))
    assert former(live_store) == (None, None, None, None)


def test_a_score_that_was_computed_earlier_changes_neither_table(live_store: Store) -> None:
    write(live_store, score(0.5, "2026-02-01", 5.0), score(0.1, "2026-03-01", 4.0))
    with live_store.engine.connect() as connection:
        assert connection.scalar(sa.select(SCORES.c.churn_prob)) == 0.5
    assert listed(live_store).churn_prob == 0.5


def test_a_score_that_is_dropped_is_listed_no_more(live_store: Store) -> None:
    write(live_store, score(0.5, "2026-02-01", 5.0), score(0.5, "2026-02-01", 5.0, "A-2"))
    with live_store.writing() as connection:
        drop_scores(connection, ["A-1"])
    assert listed(live_store) is None
    assert listed(live_store, "A-2") is not None


def test_sums_are_those_made_by_hand(live_store: Store) -> None:
    write(
        live_store,
        score(0.2, "2026-01-31", 1.0, "A-1", value=10.0),
        score(0.5, "2026-01-30", 1.0, "A-2", tier="high", value=20.0),
        score(0.3, "2026-01-31", 1.0, "A-3", tier="high", segments={"firmographic": {"id": "f2"}}),
        score(0.1, "2026-01-31", 1.0, "A-4", segments={}),
    )
    with live_store.engine.connect() as connection:
        found, by_segment = totals(connection), totals_by_segment(connection, "firmographic")
        nowhere = totals_by_segment(connection, "needs")
    assert (found.n_by_tier, found.n_accounts, found.n_valued) == ({"low": 2, "high": 2}, 4, 2)
    assert found.churners == pytest.approx(1.1)
    assert found.churners_sd == pytest.approx((0.16 + 0.25 + 0.21 + 0.09) ** 0.5)
    assert (found.value, found.since) == (30.0, "2026-01-30")
    # 10 is expected of 50 that are lost with probability 0.2, 20 of 40 with 0.5
    assert found.value_sd == pytest.approx((50**2 * 0.16 + 40**2 * 0.25) ** 0.5)
    assert {name: one.n_accounts for name, one in by_segment.items()} == {"f1": 2, "f2": 1, "": 1}
    assert by_segment["f1"].churners == pytest.approx(0.7)
    assert by_segment["f2"].value == by_segment["f2"].n_valued == 0
    assert nowhere[""].n_accounts == 4


def test_nothing_scored_sums_to_nothing(live_store: Store) -> None:
    with live_store.engine.connect() as connection:
        found = totals(connection)
        assert totals_by_segment(connection, "needs") == {}
    assert (found.n_accounts, found.churners, found.value_sd, found.since) == (0, 0.0, 0.0, None)


def test_stores_of_before_list_what_they_had_scored(tmp_path: Any) -> None:
    from serving.migrations import HEAD

    url = f"sqlite:///{tmp_path / 'online.db'}"
    store = Store(url)
    write(store, score(0.5, "2026-02-01", 5.0, "A-É"))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE listed")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")
    store.close()
    row = listed(Store(url), "A-É")
    assert (HEAD, row.churn_prob, row.as_of, row.former_prob) == ("0003", 0.5, "2026-02-01", None)


def test_the_name_follows_live_rows_and_leaves_with_its_account(
    world: Any, history: Callable[..., dict[str, list[Any]]]
) -> None:
    assert listed(world.store, "a").name is None
    world.send("accounts", {"account_id": "a", "name": "Acme", "owner": "ada", "created_at": "2025-01-01T00:00:00Z"})
    world.work()
    assert (listed(world.store, "a").name, listed(world.store, "a").owner) == ("Acme", "ada")
    activity = {"activity_id": "e", "account_id": "a", "occurred_at": "2026-03-01T11:00:00Z", "event": "login"}
    world.send("activities", activity)
    world.work()
    row = listed(world.store, "a")
    assert (row.name, row.tier, row.churn_prob) == ("Acme", "low", 0.2)
    ended = datetime(2025, 6, 1, tzinfo=UTC).isoformat()
    subscription = {"subscription_id": "s-a", "account_id": "a", "start_date": "2025-01-01T00:00:00Z"}
    world.send("subscriptions", {**subscription, "end_date": ended})
    world.work()
    assert listed(world.store, "a") is None
    assert listed(world.store, "b") is not None
