"""The tables `accounts` and `touchpoints`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.company.arrays import Array, identifiers, labels, timestamps
from experiments.company.firms import N_OWNERS_PER_REGION
from experiments.company.planted import INDUSTRIES, PLANS, REGIONS
from experiments.company.world import World

OWNERS = tuple(f"{region} {number}" for region in REGIONS for number in range(1, N_OWNERS_PER_REGION + 1))
COUNTRIES = tuple(country for countries in REGIONS.values() for country in countries)
TOUCHPOINTS = (
    ("onboarding", "Onboarding", "start", "Head of Onboarding", "onboarding_days", 45.0),
    ("product", "Product", "use", "Head of Product", "outages_per_quarter", 1.0),
    ("support", "Support", "use", "Head of Support", "first_response_hours", 24.0),
    ("invoicing", "Invoicing", "use", "Head of Finance", "billing_errors_per_year", 0.0),
    ("account_management", "Account management", "grow", "Head of Customer Success", "reviews_per_year", 2.0),
    ("community", "Community", "grow", "Head of Marketing", None, None),
    ("newsletter", "Newsletter", "grow", "Head of Marketing", None, None),
    ("renewal", "Renewal", "renew", "Head of Sales", "notice_days", 30.0),
)


def accounts_table(world: World) -> pd.DataFrame:
    """Return the table `accounts`, with two firmographics beyond the contract: `is_public` and `is_owner_led`."""
    firms, contracts = world.firms, world.contracts
    numbers = np.arange(len(firms))
    return pd.DataFrame(
        {
            "account_id": identifiers("A", numbers),
            "name": identifiers("Company", numbers),
            "created_at": timestamps(contracts.created),
            "industry": labels(INDUSTRIES, firms.industry),
            "country": labels(COUNTRIES, firms.country),
            "region": labels(tuple(REGIONS), firms.region),
            "employees": firms.employees.astype(np.int64),
            "annual_revenue": firms.annual_revenue,
            "owner": labels(OWNERS, firms.owner),
            "plan": labels(PLANS, contracts.plan),
            "is_public": firms.is_public,
            "is_owner_led": firms.is_owner_led,
        }
    )


def account_changes_table(world: World, changes: pd.DataFrame) -> pd.DataFrame:
    """Return the table `account_changes`: an account's owners follow one another in its region, up to today's.

    `changes` has the columns `account` and `at`, in the order of time.
    """
    accounts = changes["account"].to_numpy()
    still_to_come = changes.groupby("account").cumcount(ascending=False).to_numpy()
    today = world.firms.owner[accounts]
    return pd.DataFrame(
        {
            "change_id": identifiers("H", np.arange(len(changes))),
            "account_id": identifiers("A", accounts),
            "changed_at": timestamps(changes["at"].to_numpy()),
            "column": "owner",
            "old_value": labels(OWNERS, _before(today, still_to_come + 1)),
            "new_value": labels(OWNERS, _before(today, still_to_come)),
        }
    )


def _before(owner: Array, changes: Array) -> Array:
    """The owner so many changes before, in the same region."""
    region, number = owner // N_OWNERS_PER_REGION, owner % N_OWNERS_PER_REGION
    found: Array = region * N_OWNERS_PER_REGION + (number - changes) % N_OWNERS_PER_REGION
    return found


def touchpoints_table() -> pd.DataFrame:
    """Return the table `touchpoints`.

    >>> touchpoints_table().set_index("touchpoint").loc["support", "promise_threshold"]
    np.float64(24.0)
    """
    columns = ["touchpoint", "name", "stage", "owner", "promise_metric", "promise_threshold"]
    return pd.DataFrame(list(TOUCHPOINTS), columns=columns)
