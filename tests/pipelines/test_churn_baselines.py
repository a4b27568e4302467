"""The baselines are honest: strong where they can be, and defined everywhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from features.catalog import Feature
from features.errors import ConfigError
from pipelines.churn.business_rule import RiskTable
from pipelines.churn.logistic import LogisticBaseline, signed_log

IDLE = Feature("idle", "behaviour", "behaviour", "days", "Time since the last activity")
PLAN = Feature("plan", "firmographic", "context", "", "Plan", kind="category")
NOISE = Feature("noise", "firmographic", "context", "", "Noise")
FEATURES = (NOISE, IDLE, PLAN)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 1_000
    idle = rng.lognormal(2, 1.5, n)
    churned = rng.random(n) < 1 / (1 + np.exp(3 - np.log1p(idle)))
    plan = pd.array(rng.choice(["free", "pro"], n), dtype="str")
    return pd.DataFrame({"noise": rng.normal(size=n), "idle": idle, "plan": plan, "churned": churned})


def test_the_rule_is_the_smoothed_churn_rate_of_each_part() -> None:
    plans = ["free"] * 40 + ["pro"] * 60
    churned = np.arange(100) < 20
    table = RiskTable.fit(pd.DataFrame({"plan": plans, "churned": churned}), [PLAN])
    expected = [(20 + 20 * 0.2) / (40 + 20), (0 + 20 * 0.2) / (60 + 20), 0.2, 0.2]
    np.testing.assert_allclose(table.prob({"plan": ["free", "pro", "galactic", None]}), expected)


def test_the_rule_takes_the_column_that_ranks_best(rows: pd.DataFrame) -> None:
    assert RiskTable.fit(rows, FEATURES).feature is IDLE


def test_the_rule_takes_the_column_it_is_told(rows: pd.DataFrame) -> None:
    assert RiskTable.fit(rows, FEATURES, column="plan").feature is PLAN


def test_a_rule_on_an_unknown_column_is_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(ConfigError, match="'tenure'; expected the name of a feature"):
        RiskTable.fit(rows, FEATURES, column="tenure")


def test_a_number_is_cut_into_ten_parts(rows: pd.DataFrame) -> None:
    table = RiskTable.fit(rows, [IDLE])
    parts = np.searchsorted(table.edges, rows["idle"], side="right")
    assert np.bincount(parts).tolist() == [100] * 10
    np.testing.assert_array_equal(table.prob(rows), table.rates[parts])


def test_a_column_of_which_nothing_is_known_gives_the_churn_rate(rows: pd.DataFrame) -> None:
    prob = RiskTable.fit(rows.assign(idle=np.nan), [IDLE]).prob({"idle": [1.0, None]})
    np.testing.assert_allclose(prob, rows["churned"].mean(), atol=1e-9)


def test_logistic_regression_on_logarithms_is_scikit_learns(rows: pd.DataFrame) -> None:
    z = signed_log(rows[["idle"]].to_numpy())
    theirs = LogisticRegression(tol=1e-8).fit((z - z.mean()) / z.std(), rows["churned"])
    ours = LogisticBaseline.fit(rows, [IDLE], log=True).prob(rows)
    np.testing.assert_allclose(ours, theirs.predict_proba((z - z.mean()) / z.std())[:, 1], atol=1e-3)


def test_logistic_regression_takes_numbers_as_they_are() -> None:
    x = np.random.default_rng(1).normal(0, 30, 2_000)
    churned = np.random.default_rng(2).random(2_000) < 1 / (1 + np.exp(-x / 10))
    prob = LogisticBaseline.fit(pd.DataFrame({"noise": x, "churned": churned}), [NOISE]).prob({"noise": [-30.0, 30.0]})
    np.testing.assert_allclose(prob, 1 / (1 + np.exp([3.0, -3.0])), atol=0.03)


def test_missing_unseen_and_absent_values_get_a_probability(rows: pd.DataFrame) -> None:
    holes = rows.assign(idle=rows["idle"].where(rows.index % 3 > 0), noise=np.nan)
    fitted = LogisticBaseline.fit(holes, FEATURES)
    prob = fitted.prob({"idle": [None, 3.0, -1e300], "plan": ["galactic", None, "pro"]})
    assert ((prob > 0) & (prob < 1)).all()
