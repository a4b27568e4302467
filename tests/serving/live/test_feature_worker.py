"""When accounts are computed anew, by whom, and what is kept."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from features.feature import Feature
from features.labels import ChurnDefinition
from serving.accounts import LEASE_SECONDS, REFRESH_SECONDS, claim
from serving.fillings import begin_filling, end_filling, fill
from serving.published import load_rows
from serving.scores import scores_of
from serving.store_tables import ACCOUNTS, LIVE_ROWS

LOGIN = {"activity_id": "1", "account_id": "a", "occurred_at": "2026-02-20T08:00:00Z", "event": "login"}
HOUR = 3_600.0


def _scores(world: Any, *account_ids: str) -> Any:
    with world.store.engine.connect() as connection:
        return scores_of(connection, account_ids)


def test_an_event_changes_its_account_and_no_other(world: Any) -> None:
    before = world.store.rows(["a", "b"])
    world.clock.now += 1
    world.send("activities", LOGIN)
    assert world.work() == 1
    after = world.store.rows(["a", "b"])
    assert (before["a"].values["activities_30d"], after["a"].values["activities_30d"]) == (0.0, 1.0)
    assert after["a"].as_of == "2026-03-01T12:00:01"
    assert after["b"] == before["b"]
    assert (_scores(world, "a")["a"].tier, _scores(world, "a")["a"].as_of) == ("low", after["a"].as_of)


def test_who_listens_is_told_of_a_tier_that_changed_and_of_nothing_else(world: Any) -> None:
    for number in ("1", "2"):
        world.clock.now += 1
        world.send("activities", {**LOGIN, "activity_id": number})
        world.work()
    assert world.told == [("a", "high", "low")]


def test_an_event_of_the_future_counts_when_its_time_has_come(world: Any) -> None:
    world.send("activities", {**LOGIN, "occurred_at": "2026-03-01T15:00:00Z"})
    world.work()
    assert world.activities("a") == 0
    world.clock.now += 2 * HOUR
    assert world.work() == 0
    world.clock.now += HOUR + 2
    assert world.work() == 1
    assert world.activities("a") == 1


def test_without_events_windows_move_and_no_row_grows_a_day_old(world: Any) -> None:
    world.send("activities", {**LOGIN, "occurred_at": "2026-01-31T00:00:00Z"})
    world.work()
    assert world.activities("a") == 1
    world.clock.now += REFRESH_SECONDS - 60
    assert world.work() == 0
    world.clock.now += 120
    assert world.work() == 2
    assert world.activities("a") == 0
    assert world.store.rows(["b"])["b"].as_of == "2026-03-02T08:01:00"
    assert REFRESH_SECONDS < 24 * HOUR


def test_what_comes_while_an_account_is_computed_is_computed_next(world: Any) -> None:
    world.send("activities", LOGIN)
    scoring = world.worker._scoring()
    of = scoring.of

    def and_meanwhile(*given: Any) -> Any:
        scoring.of = of
        world.send("activities", {**LOGIN, "activity_id": "2"})
        return of(*given)

    scoring.of = and_meanwhile
    assert world.worker.step() == 1
    assert world.activities("a") == 1
    assert world.worker.step() == 1
    assert world.activities("a") == 2
    assert world.worker.step() == 0


def test_accounts_of_a_worker_that_died_come_back_after_its_lease(world: Any) -> None:
    world.send("activities", LOGIN)
    with world.store.writing() as connection:
        assert [each.account_id for each in claim(connection, world.clock(), 10, 10)] == ["a"]
    assert world.work() == 0
    world.clock.now += LEASE_SECONDS + 1
    assert world.work() == 1
    assert world.activities("a") == 1


def test_who_comes_back_after_his_lease_writes_nothing(world: Any) -> None:
    world.send("activities", LOGIN)
    slow = world.another_worker()
    compute = slow._compute

    def late(live: Any, claims: Any) -> None:
        world.clock.now += LEASE_SECONDS + 1
        assert world.work() == 1
        compute(live, claims)

    slow._compute = late  # type: ignore[method-assign]
    slow.announce = lambda *_: pytest.fail("told twice")
    slow.step()
    assert world.told == [("a", "high", "low")]


def test_two_workers_never_have_the_same_account(world: Any) -> None:
    world.send("activities", LOGIN, {**LOGIN, "activity_id": "2", "account_id": "b"})
    with world.store.writing() as one:
        first = claim(one, world.clock(), 1, 1)
        if not world.store.is_sqlite:  # there writers wait for each other
            with world.store.writing() as other:
                second = claim(other, world.clock(), 10, 10)
            assert {each.account_id for each in first + second} == {"a", "b"}
            assert len(first + second) == 2
    with world.store.writing() as connection:
        rest = claim(connection, world.clock(), 10, 10)
    assert not {each.account_id for each in rest} & {each.account_id for each in first}


def test_two_workers_side_by_side_lose_nothing_and_tell_each_change_once(world: Any) -> None:
    told: list[str] = []
    sent = threading.Event()

    def work(worker: Any) -> None:
        while worker.step() or not sent.is_set():
            time.sleep(0.001)

    workers = [world.another_worker(announce=lambda _, __, after: told.append(after.account_id)) for _ in range(2)]
    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for i in range(60):
        world.send("activities", {**LOGIN, "activity_id": str(i), "account_id": "ab"[i % 2]})
    sent.set()
    for thread in threads:
        thread.join()
    world.work()
    assert (world.activities("a"), world.activities("b")) == (30, 30)
    assert sorted(told) == ["a", "b"]


def test_after_a_promotion_all_are_scored_by_the_new_champion(world: Any, make_champion: Any) -> None:
    world.clock.now += 1
    world.champion.predictor = make_champion("activities_30d", version="v2").predictor
    world.worker.refresh()
    assert world.work() == 2
    assert {score.release for score in _scores(world, "a", "b").values()} == {"v2"}
    world.worker.refresh()
    assert world.work() == 0


def test_a_release_that_says_not_what_its_features_compute_changes_nothing(
    world: Any, make_champion: Any, caplog: Any
) -> None:
    world.champion.predictor = make_champion(
        features=[Feature("seats", "firmographic", "context", "", "Seats")], version="v0"
    ).predictor
    world.send("activities", LOGIN)
    world.worker.refresh()
    assert world.work() == world.work() == 0
    assert world.activities("a") == 0
    assert caplog.text.count("got release v0, which does not say what its features compute") == 1


def test_an_account_that_cannot_be_computed_does_not_keep_others_waiting(world: Any, caplog: Any) -> None:
    world.send("activities", LOGIN, {**LOGIN, "activity_id": "2", "account_id": "b"})
    scoring = world.worker._scoring()
    of = scoring.of

    def fails_for_a(events: Any, *given: Any) -> Any:
        if any("a" in table["account_id"].to_pylist() for table in events):
            raise ValueError("spoilt")
        return of(events, *given)

    scoring.of = fails_for_a
    world.worker.step()
    assert (world.activities("a"), world.activities("b")) == (0, 1)
    assert "the features of account a cannot be computed" in caplog.text
    assert world.work() == 0


def test_who_is_no_customer_any_more_has_neither_row_nor_score(world: Any) -> None:
    ended = {"subscription_id": "s-a", "account_id": "a", "start_date": "2025-01-01", "end_date": "2026-02-01"}
    assert world.send("subscriptions", ended).accepted == 1
    world.work()
    assert world.store.rows(["a", "b"]).keys() == {"b"}
    assert _scores(world, "a") == {}
    world.send("subscriptions", {**ended, "subscription_id": "s-new", "start_date": "2026-02-10", "end_date": None})
    world.work()
    assert _scores(world, "a")["a"].release == "v1"


def test_a_new_account_is_computed_with_those_around_it(world: Any) -> None:
    world.send("accounts", {"account_id": "c", "parent_account_id": "a", "created_at": "2026-02-01"})
    subscription = {"subscription_id": "s-c", "account_id": "c", "start_date": "2026-02-01"}
    world.send("subscriptions", subscription)
    world.send("accounts", {"account_id": "b", "parent_account_id": "a", "created_at": "2025-01-01"})
    world.work()
    rows = world.store.rows(["a", "b", "c"])
    assert rows["a"].values["child_accounts"] == 2
    assert (rows["b"].values["sibling_accounts"], rows["c"].values["sibling_accounts"]) == (1, 1)
    world.send("accounts", {"account_id": "b", "created_at": "2025-01-01"})
    world.work()
    rows = world.store.rows(["a", "b", "c"])
    assert (rows["a"].values["child_accounts"], rows["c"].values["sibling_accounts"]) == (1, 0)


def test_filling_again_keeps_live_rows_but_those_that_the_batch_holds_too(world: Any, history: Any) -> None:
    world.send("activities", LOGIN, {**LOGIN, "activity_id": "2"})
    world.send("accounts", {"account_id": "c"})
    in_batch = {"activity_id": "1", "account_id": "a", "occurred_at": datetime(2026, 2, 20, 8), "event": "login"}
    number = begin_filling(world.store, ChurnDefinition("subscription"), world.clock())
    fill(world.store, number, {"a": {**history("a"), "activities": [in_batch]}})
    assert end_filling(world.store, number, world.clock()) == 1
    world.work()
    assert world.activities("a") == 2
    with world.store.engine.connect() as connection:
        assert set(connection.scalars(select(LIVE_ROWS.c.row_key))) == {"2", "c"}
        assert set(connection.scalars(select(ACCOUNTS.c.account_id))) == {"a", "c"}
    assert world.store.rows(["b"]) == {}


def test_published_rows_take_no_place_of_newer_ones(world: Any, tmp_path: Any) -> None:
    world.send("activities", LOGIN)
    world.work()
    rows = pd.DataFrame({"account_id": ["a", "x"], "as_of": pd.Timestamp("2026-02-28"), "activities_30d": [7.0, 8.0]})
    rows.to_parquet(tmp_path / "rows.parquet", index=False)
    assert load_rows(tmp_path / "rows.parquet", world.store)
    assert (world.activities("a"), world.activities("b"), world.activities("x")) == (1, 0, 8)
    rows.assign(as_of=pd.Timestamp("2026-03-05")).to_parquet(tmp_path / "rows.parquet", index=False)
    assert load_rows(tmp_path / "rows.parquet", world.store)
    assert (world.activities("a"), world.activities("b")) == (7, 0)
    assert world.work() == 1
