"""Who the account is: size, industry, place, plan, age."""

from features.catalog import Feature, Kind
from features.compute import AccountColumn, DaysSince


def _column(name: str, unit: str, sentence: str) -> Feature:
    kind: Kind = "category" if unit == "category" else "number"
    return Feature(name, "firmographic", "context", unit, sentence, kind, compute=AccountColumn(name))


FEATURES = (
    _column("industry", "category", "Industry"),
    _column("country", "category", "Country"),
    _column("region", "category", "Region"),
    _column("plan", "category", "Plan"),
    _column("employees", "employees", "Employees"),
    _column("annual_revenue", "money", "The account's own revenue a year"),
    Feature("tenure_days", "firmographic", "context", "days", "Time as a customer", compute=DaysSince("created_at")),
)
