"""Who the account is: size, industry, place, plan, age, and the accounts around it."""

from features.compute import Compute, Windowed
from features.feature import Feature, Kind
from features.streams import ACCOUNT, ACCOUNT_TIME, CHILD, SIBLING


def account_column(name: str, unit: str, sentence: str, kind: Kind) -> Feature:
    """Return the feature of a column of accounts, taken as it is today unless its changes are recorded."""
    compute = Windowed((ACCOUNT,), "current_text" if kind == "category" else "current", kind=name)
    return Feature(name, "firmographic", "context", unit, sentence, kind, compute=compute, static=True)


def _firmographic(name: str, unit: str, sentence: str, compute: Compute) -> Feature:
    return Feature(name, "firmographic", "context", unit, sentence, compute=compute)


TENURE = Windowed((ACCOUNT_TIME,), "days_since_first", kind="created_at")

FEATURES = (
    account_column("industry", "category", "Industry", "category"),
    account_column("country", "category", "Country", "category"),
    account_column("region", "category", "Region", "category"),
    account_column("plan", "category", "Plan", "category"),
    account_column("employees", "employees", "Employees", "number"),
    account_column("annual_revenue", "money", "The account's own revenue a year", "number"),
    _firmographic("tenure_days", "days", "Time as a customer", TENURE),
    _firmographic("child_accounts", "count", "Accounts that are part of it, at most 100", Windowed((CHILD,), "count")),
    _firmographic(
        "sibling_accounts", "count", "Other accounts of the same parent, at most 100", Windowed((SIBLING,), "count")
    ),
)
