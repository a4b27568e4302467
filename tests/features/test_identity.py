"""Ids that pass for features, and accounts that are one under two ids."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.feature import Feature
from features.identity import numbered, twins

RNG = np.random.default_rng(0)
N = 200


def number(name: str, *, static: bool = True) -> Feature:
    return Feature(name, "firmographic", "context", "as given", name, static=static)


def rows(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"account_id": [f"a{i}" for i in range(N)], "churned": False, **columns})


@pytest.mark.parametrize(
    ("columns", "how"),
    [
        ({"customer_no": RNG.permutation(N) + 10_001}, "given out one after the other"),
        (
            {"customer_no": np.sort(RNG.integers(1, 10**9, N)), "tenure_days": np.linspace(2000, 10, N)},
            "in the order in which accounts came",
        ),
    ],
)
def test_a_column_that_numbers_accounts_is_named(columns: dict[str, np.ndarray], how: str) -> None:
    features = tuple(number(name) for name in columns)
    (found,) = numbered(rows(**columns), features)
    assert (found.column, found.severity) == ("customer_no", "warning")
    assert found.what.endswith(how)
    assert "ignore = ['customer_no']" in found.do


@pytest.mark.parametrize(
    "column",
    [
        RNG.lognormal(10, 2, N),
        np.round(RNG.lognormal(14, 2, N)),
        RNG.integers(1, 60, N).astype(float),
        np.where(np.arange(N) % 2, np.nan, 1.0),
    ],
    ids=["amounts", "whole amounts", "counts", "mostly missing"],
)
def test_what_accounts_have_or_do_is_no_id(column: np.ndarray) -> None:
    columns = {"size": column, "tenure_days": RNG.uniform(0, 2000, N)}
    assert list(numbered(rows(**columns), (number("size"), number("tenure_days")))) == []


def test_few_accounts_tell_nothing() -> None:
    assert list(numbered(rows(customer_no=np.arange(N)).head(49), (number("customer_no"),))) == []


def test_a_column_computed_at_each_date_is_no_id() -> None:
    dated = rows(rank=np.arange(N), as_of=pd.Timestamp("2025-01-01"))
    assert list(numbered(dated, (number("rank", static=False),))) == []


def test_accounts_under_two_ids_are_found() -> None:
    frame = rows(size=RNG.normal(size=N), use=RNG.poisson(20, N), plan=RNG.choice(["free", "pro"], N))
    again = frame.head(8).assign(account_id=[f"b{i}" for i in range(8)])
    features = (number("size"), number("use"), number("plan"))
    (found,) = twins(pd.concat([frame, again], ignore_index=True), features)
    assert found.what == "16 accounts are like another in every column, such as a0 and a1"
    assert found.severity == "warning"


def test_accounts_that_chance_makes_alike_are_none() -> None:
    frame = rows(plan=RNG.choice(["free", "pro"], N), region=RNG.choice(["north", "south"], N))
    assert list(twins(frame, (number("plan"), number("region")))) == []


def test_an_account_is_not_its_own_twin_at_another_date() -> None:
    frame = rows(size=RNG.normal(size=N))
    dated = pd.concat([frame.assign(as_of=month) for month in pd.date_range("2025-01-01", periods=3, freq="MS")])
    assert list(twins(dated, (number("size"),))) == []
