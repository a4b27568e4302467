"""A category with hundreds of levels helps where it tells something, does no harm where not, and is told by name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from features.catalog import Feature
from pipelines.churn.calibration import probability
from pipelines.churn.level_rates import level_rates, with_rates, with_rates_of_others
from pipelines.churn.model import ChurnModel
from pipelines.churn.reasons import explain
from pipelines.churn.splits import search_split
from pipelines.churn.study import Effort
from pipelines.churn.training import Training, train_churn

AREAS = 747
USE = Feature("use", "behaviour", "behaviour", "", "Use")
CALLS = Feature("calls", "behaviour", "behaviour", "", "Calls")
AREA = Feature("area", "firmographic", "context", "", "Sales area", kind="category")


class Company(NamedTuple):
    """A model with the areas, one without, and accounts that neither has seen."""

    training: Training
    without: ChurnModel
    later: pd.DataFrame

    def loss_of(self, model: ChurnModel) -> float:
        return float(log_loss(self.later["churned"].astype(bool), model.prob(self.later)))


def accounts(effect: float, n: int, seed: int) -> pd.DataFrame:
    """Accounts of areas of very different sizes, each with its own log-odds of churn."""
    of_area = np.random.default_rng(1).normal(0, effect, AREAS)
    rng = np.random.default_rng(seed)
    sizes = 1 / np.arange(1, AREAS + 1) ** 0.8
    area = rng.choice(AREAS, n, p=sizes / sizes.sum())
    use, calls = rng.normal(size=(2, n))
    churned = rng.random(n) < probability(-1.2 + 0.7 * use - 0.5 * calls + of_area[area])
    frame = pd.DataFrame({"account_id": [f"a{i}" for i in range(n)], "use": use, "calls": calls})
    return frame.assign(area=[f"area {number}" for number in area], churned=pd.array(churned, dtype="boolean"))


def company(effect: float) -> Company:
    rows = accounts(effect, 5_000, 2)
    split, effort = search_split(rows, 0), Effort(trials=4)
    training = train_churn(rows, (USE, CALLS, AREA), split, effort=effort)
    without = train_churn(rows, (USE, CALLS), split, effort=effort).model
    return Company(training, without, accounts(effect, 10_000, 3))


@pytest.fixture(scope="module")
def telling() -> Company:
    return company(1.0)


@pytest.fixture(scope="module")
def noise() -> Company:
    return company(0.0)


def test_areas_that_differ_are_read_by_their_churn_rate_and_help(telling: Company) -> None:
    assert telling.training.search.chosen.shape.by_rates
    assert telling.loss_of(telling.training.model) < telling.loss_of(telling.without) - 0.02


def test_areas_that_are_noise_do_not_hurt(noise: Company) -> None:
    assert not noise.training.search.chosen.shape.by_rates
    assert noise.loss_of(noise.training.model) < noise.loss_of(noise.without) + 0.002


def test_rates_are_right_for_new_accounts_in_the_mean(telling: Company) -> None:
    prob = telling.training.model.prob(telling.later)
    assert prob.mean() == pytest.approx(telling.later["churned"].astype(float).mean(), abs=0.015)


def test_reasons_add_up_and_tell_the_area_by_its_name(telling: Company) -> None:
    model, some = telling.training.model, telling.later.head(200)
    contributions, base = model.contributions(some)
    np.testing.assert_allclose(contributions.sum(axis=1) + base, model.log_odds(some), atol=1e-9)
    assert model.usual["area"] == "area 0"
    told = [reason for one in explain(model, some, top=3) for reason in one.reasons if reason.feature == "area"]
    assert told
    assert all(str(reason.value) in reason.text and str(reason.value).startswith("area ") for reason in told)


def test_a_saved_model_reads_areas_the_same_without_any_label(telling: Company, tmp_path: Path) -> None:
    model, some = telling.training.model, telling.later.drop(columns="churned").head(100)
    model.save(tmp_path)
    np.testing.assert_array_equal(ChurnModel.load(tmp_path).prob(some), model.prob(some))
    unseen = some.assign(area="never seen")
    np.testing.assert_array_equal(model.prob(unseen), model.prob(some.assign(area=None)))


def test_the_rate_of_a_level_is_what_sql_says() -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"account": rng.integers(0, 60, 300), "churned": rng.random(300) < 0.3})
    rows["code"] = (rows["account"] % 7).astype("float32").where(rows["account"] % 11 > 0)
    found = level_rates(rows["code"].to_numpy(), rows["churned"].to_numpy(), rows["account"].to_numpy(), 7)
    expected = duckdb.sql("""
        with counted as (select *, 1.0 / count(*) over (partition by account) as w from rows),
        prior as (select sum(w * churned::int) / sum(w) as p from counted)
        select (sum(w * churned::int) + 20 * any_value(p)) / (sum(w) + 20)
        from counted, prior where code is not null and not isnan(code) group by code order by code
    """).fetchall()
    np.testing.assert_allclose(found, [row[0] for row in expected])


def test_the_outcomes_of_an_account_are_not_in_the_rates_it_learns_from() -> None:
    rng = np.random.default_rng(0)
    account = np.repeat(np.arange(40), 3)
    codes, churned = rng.integers(0, 5, (120, 1)).astype(np.float32), rng.random(120) < 0.4
    crowded = [(0, 5)]
    before = with_rates_of_others(codes, churned, account, crowded, 0)
    for one in range(40):
        other = churned.copy()
        other[account == one] = ~other[account == one]
        after = with_rates_of_others(codes, other, account, crowded, 0)
        np.testing.assert_array_equal(after[account == one], before[account == one])
        assert not np.array_equal(after, before)


def test_a_level_that_no_row_had_stays_not_known() -> None:
    X = np.array([[0.0, 5.0], [np.nan, 6.0]], dtype=np.float32)
    found = with_rates(X, {0: np.array([0.25])})
    np.testing.assert_array_equal(found, np.array([[0.25, 5.0], [np.nan, 6.0]], dtype=np.float32))
    np.testing.assert_array_equal(X[0], [0.0, 5.0])
