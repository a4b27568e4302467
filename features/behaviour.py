"""What the account does: how often, how much, how lately, and whether it is less than before."""

from features.catalog import Feature
from features.compute import Compute, Windowed
from features.events import ACTIVITY, PURCHASE, RETURN

ACTIVITIES = Windowed((ACTIVITY,), "count")
PURCHASES = Windowed((PURCHASE,), "count")
SPENT = Windowed((PURCHASE,), "total")
DOING = Windowed((ACTIVITY, PURCHASE), "days_since_last")


def _behaviour(name: str, unit: str, sentence: str, compute: Compute, direction: int = 0) -> Feature:
    return Feature(name, "behaviour", "behaviour", unit, sentence, direction=direction, compute=compute)


FEATURES = (
    _behaviour("recency_days", "days", "Time since the account last bought or did something", DOING, 1),
    _behaviour("activities_30d", "count", "Activities, last 30 days", ACTIVITIES.within(30), -1),
    _behaviour("activities_90d", "count", "Activities, last 90 days", ACTIVITIES.within(90), -1),
    _behaviour(
        "activity_trend_30d",
        "ratio",
        "Activities of the last 30 days as a share of the last 180",
        ACTIVITIES.within(30) / ACTIVITIES.within(180),
        -1,
    ),
    _behaviour("active_days_30d", "days", "Days with activity, last 30", Windowed((ACTIVITY,), "active_days", 30), -1),
    _behaviour(
        "activity_kinds_90d",
        "count",
        "Different kinds of activity, last 90 days",
        Windowed((ACTIVITY,), "distinct_kinds", 90),
        -1,
    ),
    _behaviour("usage_90d", "as given", "Amount of use, last 90 days", Windowed((ACTIVITY,), "total", 90), -1),
    _behaviour("purchases_90d", "count", "Purchases, last 90 days", PURCHASES.within(90), -1),
    _behaviour("purchases_365d", "count", "Purchases, last 365 days", PURCHASES.within(365), -1),
    _behaviour(
        "purchase_days_365d", "days", "Days with a purchase, last 365", Windowed((PURCHASE,), "active_days", 365), -1
    ),
    _behaviour("spent_90d", "money", "Amount bought, last 90 days", SPENT.within(90), -1),
    _behaviour("spent_365d", "money", "Amount bought, last 365 days", SPENT.within(365), -1),
    _behaviour(
        "spending_trend_90d",
        "ratio",
        "Amount bought in the last 90 days as a share of the last 365",
        SPENT.within(90) / SPENT.within(365),
        -1,
    ),
    _behaviour(
        "mean_purchase_365d", "money", "Mean purchase, last 365 days", Windowed((PURCHASE,), "mean", 365)
    ),
    _behaviour(
        "products_365d",
        "count",
        "Different products bought, last 365 days",
        Windowed((PURCHASE,), "distinct_kinds", 365),
        -1,
    ),
    _behaviour(
        "history_days", "days", "Time since the first purchase or activity",
        Windowed((ACTIVITY, PURCHASE), "days_since_first"),
    ),
    _behaviour(
        "returned_share_365d",
        "ratio",
        "Amount returned as a share of the amount bought, last 365 days",
        Windowed((RETURN,), "total", 365) / SPENT.within(365),
    ),
)  # fmt: skip
