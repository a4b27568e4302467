"""Driver rows whose causal truth is known: what a bad experience does is written into them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.compute import Windowed
from features.feature import Feature
from features.streams import CSAT, OUTREACH
from pipelines.drivers.driver import Driver
from pipelines.drivers.rows import DriverRows

OUTAGE = Feature(
    "outreach_outage_90d", "engagement", "operations", "count", "Outages, last 90 days",
    compute=Windowed((OUTREACH,), "count", 90, kind="outage"),
)  # fmt: skip
MAIL = Feature(
    "outreach_mail_90d", "engagement", "operations", "count", "Mails, last 90 days",
    compute=Windowed((OUTREACH,), "count", 90, kind="mail"),
)  # fmt: skip
CSAT_WORST = Feature(
    "csat_worst_90d", "experience", "perception", "score", "Worst CSAT answer, last 90 days", direction=-1,
    compute=Windowed((CSAT,), "smallest", 90),
)  # fmt: skip
SIZE = Feature("employees", "firmographic", "context", "count", "Employees")
SEATS = Feature("seats", "relationship", "context", "seats", "Seats")
FEATURES = (OUTAGE, MAIL, CSAT_WORST, SIZE, SEATS)
BASE, OUTAGE_POINTS, SMALL_POINTS = 0.05, 0.08, 0.10


def _made_rows(seed: int, *, n_accounts: int = 1500, n_quarters: int = 4, harm: float = OUTAGE_POINTS) -> DriverRows:
    """Return rows in which small accounts have outages more often and leave more; an outage adds `harm` to churn.

    Mails are sent to small accounts too and do nothing. The last quarter's labels are not due.
    """
    rng = np.random.default_rng(seed)
    n = n_accounts * n_quarters
    account = np.tile(np.arange(n_accounts), n_quarters)
    quarter = np.repeat(np.arange(n_quarters), n_accounts)
    employees = np.exp(rng.normal(4, 1, n_accounts))[account]
    is_small = employees < np.exp(4)
    outages = (rng.random(n) < np.where(is_small, 0.4, 0.15)).astype(float)
    mails = (rng.random(n) < np.where(is_small, 0.6, 0.2)).astype(float)
    prob = BASE + SMALL_POINTS * is_small + harm * outages
    churned = (rng.random(n) < prob).astype(float)
    churned[quarter == n_quarters - 1] = np.nan
    as_of = pd.to_datetime("2024-01-01") + np.array([pd.DateOffset(months=3 * int(one)) for one in range(n_quarters)])
    keys = pd.DataFrame({"account_id": [f"A{one}" for one in account], "as_of": as_of[quarter], "churned": churned})
    csat = np.where(rng.random(n) < 0.5, np.nan, np.round(5 - 2 * outages + rng.normal(0, 0.5, n)))
    now = pd.DataFrame(
        {OUTAGE.name: outages, MAIL.name: mails, CSAT_WORST.name: csat, "employees": employees, "seats": 10.0}
    )
    before = now.assign(**{OUTAGE.name: 0.0, MAIL.name: 0.0, CSAT_WORST.name: np.nan})
    return DriverRows(keys, now, before, FEATURES, horizon_days=90)


@pytest.fixture(scope="session")
def make_rows() -> Callable[..., DriverRows]:
    """A function that makes such rows from a seed."""
    return _made_rows


@pytest.fixture(scope="session")
def rows() -> DriverRows:
    return _made_rows(0)


@pytest.fixture(scope="session")
def outage() -> Driver:
    return Driver("outage", OUTAGE)


@pytest.fixture(scope="session")
def mail() -> Driver:
    return Driver("mail", MAIL)
