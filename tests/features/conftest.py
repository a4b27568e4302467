"""Engines to run the relational step on, and a company large enough to compare them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.slow)])
def open_engine(request: pytest.FixtureRequest) -> Callable[[], AbstractContextManager]:
    """What opens an empty warehouse: a test that asks for it runs on every engine."""
    from features.sources import open_warehouse

    if request.param == "duckdb":
        return open_warehouse
    from features.spark import open_spark

    master = request.getfixturevalue("spark")
    return lambda: open_spark(master)


@pytest.fixture(scope="session")
def company() -> dict[str, pd.DataFrame]:
    """A simulated company's tables, small, with late records, parents and a history of columns."""
    from experiments.company import simulate

    tables = simulate(120, years=2, seed=5).tables
    rng = np.random.default_rng(0)
    accounts = tables["accounts"]
    ids = accounts["account_id"].to_numpy()
    accounts["parent_account_id"] = np.where(rng.random(len(ids)) < 0.4, rng.choice(ids[:5], len(ids)), None)
    activities = tables["activities"]
    delay = pd.to_timedelta(np.where(rng.random(len(activities)) < 0.1, 20, 0), unit="D")
    activities["recorded_at"] = activities["occurred_at"] + delay
    changed_at = accounts["created_at"].max() + pd.to_timedelta(rng.integers(1, 300, 40), unit="D")
    tables["account_changes"] = pd.DataFrame(
        {
            "change_id": [f"c{i}" for i in range(40)],
            "account_id": rng.choice(ids, 40),
            "changed_at": changed_at,
            "column": rng.choice(["owner", "employees", "region"], 40),
            "old_value": rng.choice(["10", "20"], 40),
            "new_value": rng.choice(["30", "40"], 40),
        }
    )
    return tables
