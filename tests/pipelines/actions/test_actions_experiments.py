"""Experiments: power as published and as simulated, lots that come back and balance, a ledger that shows changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError, DataError
from pipelines.actions.assign import by_lot, is_held_out
from pipelines.actions.experiments import Lot, assign, assigned_rows, imbalance, ledger_of, plan, read, read_programme
from pipelines.actions.ledger import append, entries
from pipelines.actions.power import Design, accounts_needed, detectable_points, power
from pipelines.actions.readout import read_out
from pipelines.actions.rows import Followed

DAY = pd.Timestamp("2025-01-01")


def _accounts(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    ids = [f"A{i}" for i in range(n)]
    clusters = [f"P{i // 3}" if i < 90 else one for i, one in enumerate(ids)]
    stratum = pd.Series(rng.choice(["high", "low", "medium"], n))
    return pd.DataFrame(
        {"account_id": ids, "cluster": clusters, "stratum": stratum, "churn_prob": rng.uniform(0, 0.3, n)}
    )


def _followed(left: dict[str, str], until: str = "2025-12-01") -> Followed:
    days = pd.to_datetime(list(left.values())).astype("datetime64[us]")
    departures = pd.DataFrame({"account_id": pd.Series(list(left), dtype="str"), "left_at": days})
    return Followed(departures, 90, pd.Timestamp(until))


def test_power_with_clusters_is_what_simulation_shows():
    size, alike, churn, saved = 10, 0.05, 0.3, 8.0
    design = Design(2000, churn, cluster_size=size, alike=alike)
    rng, found, n = np.random.default_rng(0), 0, 600
    for _ in range(n):
        helped = rng.permutation(np.arange(200) % 2)
        # Beta-binomial clusters: their chances differ so much that two accounts of one are `alike` correlated.
        a = (churn - saved / 100 * helped) * (1 / alike - 1)
        b = (1 / alike - 1) - a
        left = rng.binomial(size, rng.beta(a, b))
        share = [left[helped == arm].mean() / size for arm in (0, 1)]
        error = np.sqrt(sum(left[helped == arm].var(ddof=1) / size**2 / 100 for arm in (0, 1)))
        found += abs(share[0] - share[1]) > 1.96 * error
    assert power(design, saved) == pytest.approx(found / n, abs=0.05)


def test_what_is_detectable_is_found_with_the_wanted_power():
    design = Design(1200, 0.12, share=0.3, holdout_share=0.1)
    points = detectable_points(design)
    assert points is not None
    assert power(design, points) == pytest.approx(0.8, abs=1e-4)
    needed = accounts_needed(design, points)
    assert needed == pytest.approx(1200, abs=3)


def test_whatever_the_churn_there_is_a_smallest_effect_or_none():
    for churn_prob in np.linspace(0.001, 0.999, 97):
        points = detectable_points(Design(500, float(churn_prob)))
        assert points is None or 0 < points <= 100 * churn_prob


def test_lots_are_the_same_whatever_the_order_and_balance_strata():
    accounts = _accounts()
    helped = by_lot(accounts, "e", share=0.4, seed=3)
    shuffled = accounts.sample(frac=1, random_state=1)
    again = pd.Series(by_lot(shuffled, "e", share=0.4, seed=3), index=shuffled.index).sort_index().to_numpy()
    assert (helped == again).all()
    assert (helped != by_lot(accounts, "other", share=0.4, seed=3)).any()
    assert (helped != by_lot(accounts, "e", share=0.4, seed=4)).any()
    by_stratum = pd.Series(helped).groupby(accounts["stratum"]).mean()
    assert (by_stratum - 0.4).abs().max() < 0.05
    assert (pd.Series(helped).groupby(accounts["cluster"]).nunique() == 1).all()


def test_every_account_has_the_same_chance_over_seeds():
    accounts = _accounts(40).assign(cluster=lambda frame: frame["account_id"])
    share = np.mean([by_lot(accounts, "e", share=0.25, seed=seed) for seed in range(800)], axis=0)
    assert np.abs(share - 0.25).max() < 0.07


def test_who_stands_aside_does_so_for_good_in_every_experiment(tmp_path):
    accounts = _accounts()
    aside = set(accounts.loc[is_held_out(accounts["cluster"], share=0.1, seed=0), "account_id"])
    assert 30 < len(aside) < 90
    for name in ("one", "two"):
        plan(tmp_path, name, Design(600, 0.1), 5.0, at="2025-01-01")
        rows = assign(tmp_path, name, accounts, Lot("call", 0.5, 0.1, seed=0), at="2025-01-01")
        assert not aside & set(rows["account_id"])
        assert imbalance(rows) < 0.05
    assert len(assigned_rows(tmp_path, pd.Timestamp("2025-02-01"))) == 2 * (600 - len(aside))


def test_an_experiment_is_planned_assigned_and_read_in_that_order(tmp_path):
    accounts = _accounts()
    with pytest.raises(ConfigError, match="no plan of 'e'"):
        assign(tmp_path, "e", accounts, Lot("call", 0.5, 0.0, seed=0), at="2025-01-01")
    with pytest.raises(ConfigError, match="no assignment of 'e'"):
        read(tmp_path, "e", _followed({}), at="2025-06-01")
    plan(tmp_path, "e", Design(600, 0.1), None, at="2025-01-01")
    with pytest.raises(ConfigError, match="there already"):
        plan(tmp_path, "e", Design(600, 0.1), None, at="2025-01-02")
    rows = assign(tmp_path, "e", accounts, Lot("call", 0.5, 0.0, seed=0), at="2025-01-01")
    with pytest.raises(ConfigError, match="assigned already"):
        assign(tmp_path, "e", accounts, Lot("call", 0.5, 0.0, seed=0), at="2025-01-02")
    not_helped = rows.loc[rows["is_holdout"], "account_id"]
    reading = read(tmp_path, "e", _followed(dict.fromkeys(not_helped[::2], "2025-02-01")), at="2025-06-01")
    assert reading.says == "helps"
    assert reading.points == pytest.approx(50, abs=8)
    assert [entry.what for entry in entries(ledger_of(tmp_path))] == ["planned", "assigned", "read"]


def test_before_the_horizon_is_over_nothing_is_read(tmp_path):
    plan(tmp_path, "e", Design(600, 0.1), None, at="2025-01-01")
    assign(tmp_path, "e", _accounts(), Lot("call", 0.5, 0.0, seed=0), at="2025-01-01")
    reading = read(tmp_path, "e", _followed({}, until="2025-03-01"), at="2025-03-01")
    assert (reading.n_accounts, reading.says) == (0, "goes on")


def test_the_whole_programme_is_read_against_those_that_stand_aside(tmp_path):
    accounts = _accounts(3000).assign(cluster=lambda frame: frame["account_id"])
    aside = accounts.loc[is_held_out(accounts["cluster"], share=0.2, seed=0), "account_id"]
    followed = _followed(dict.fromkeys(aside[::3], "2025-02-01"))
    reading = read_programme(tmp_path, accounts, DAY, followed, holdout_share=0.2, seed=0)
    assert reading.says == "helps"
    assert reading.low < 33 < reading.high


@pytest.mark.parametrize("harm", ["change", "drop", "insert"])
def test_a_ledger_that_was_changed_is_refused(tmp_path, harm):
    path = tmp_path / "ledger.jsonl"
    for n in range(3):
        append(path, "read", "e", {"points": float(n)}, at="2025-01-01")
    lines = path.read_text().splitlines()
    if harm == "change":
        lines[1] = lines[1].replace("1.0", "9.0")
    elif harm == "drop":
        del lines[1]
    else:
        lines.insert(1, lines[0])
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"changed at or before line"):
        entries(path)


def test_reading_after_every_few_accounts_finds_nothing_where_there_is_nothing():
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        helped, stayed = rng.permutation(np.arange(1000) % 2), (rng.random(1000) < 0.9).astype(np.int64)
        looks = (read_out(helped[:n], stayed[:n], np.full(n, 0.5), np.arange(n)).says for n in range(100, 1001, 50))
        alarms += any(said != "goes on" for said in looks)
    assert alarms <= 5


def test_an_expected_outcome_makes_a_reading_narrower_and_not_biased():
    rng = np.random.default_rng(0)
    n = 4000
    expected, helped = rng.choice([0.1, 0.9], n), rng.permutation(np.arange(n) % 2)
    stayed = (rng.random(n) < np.clip(expected + 0.05 * helped, 0, 1)).astype(np.int64)
    plain = read_out(helped, stayed, np.full(n, 0.5), np.arange(n))
    better = read_out(helped, stayed, np.full(n, 0.5), np.arange(n), expected)
    assert better.high - better.low < 0.7 * (plain.high - plain.low)
    assert better.low < 5 < better.high
