"""What the account does: how often, how much, how lately, how broadly, and whether it is less than before."""

from functools import partial

from features.compute import Compute, Windowed
from features.feature import Feature
from features.streams import ACTIVITY, PURCHASE, RETURN

done = partial(Windowed, (ACTIVITY,))
bought = partial(Windowed, (PURCHASE,))
returned = partial(Windowed, (RETURN,))
either = partial(Windowed, (ACTIVITY, PURCHASE))


def _behaviour(name: str, unit: str, sentence: str, compute: Compute, direction: int = 0) -> Feature:
    return Feature(name, "behaviour", "behaviour", unit, sentence, direction=direction, compute=compute)


def _in_windows(name: str, unit: str, subject: str, what: Windowed, *windows: int) -> tuple[Feature, ...]:
    """The same amount over some windows: the more, the better."""
    return tuple(_behaviour(f"{name}_{d}d", unit, f"{subject}, last {d} days", what.within(d), -1) for d in windows)


def _share_of_longer(name: str, subject: str, what: Windowed, days: int, longer: int) -> Feature:
    """How much of a longer window lies in its latest part: less than its part of the days is a slow leak."""
    sentence = f"{subject} the last {days} days as a share of the last {longer}"
    return _behaviour(f"{name}_{days}d", "ratio", sentence, what.within(days) / what.within(longer), -1)


OVERALL = (
    _behaviour("recency_days", "days", "Time since the account last bought or did something",
               either("days_since_last"), 1),
    _behaviour("history_days", "days", "Time since the first purchase or activity", either("days_since_first")),
    _behaviour("silence_ratio_365d", "ratio", "Time since it last bought or did something, as a share of the usual "
               "time between its active days, last 365 days", either("gap_ratio", 365), 1),
)  # fmt: skip

ACTIVITIES = (
    *_in_windows("activities", "count", "Activities", done("count"), 7, 30, 90, 365),
    *(_share_of_longer("activity_trend", "Activities of", done("count"), *w) for w in ((7, 30), (30, 180), (90, 365))),
    _behaviour("activity_slope_180d", "count", "Activities gained or lost from one 30 days to the next, last 180 days",
               done("count_slope", 180), -1),
    _behaviour("activity_level", "count", "Activities, each counted by half for every 30 days of its age",
               done("decayed_count", parameter=30), -1),
    _behaviour("activity_recency_days", "days", "Time since the last activity", done("days_since_last"), 1),
    _behaviour("active_days_30d", "days", "Days with activity, last 30", done("active_days", 30), -1),
    _behaviour("active_days_90d", "days", "Days with activity, last 90", done("active_days", 90), -1),
    _behaviour("active_weeks_streak", "count", "Weeks in a row with activity, up to now",
               done("active_streak", parameter=7), -1),
    _behaviour("activity_gap_days_180d", "days", "Mean time between days with activity, last 180 days",
               done("mean_gap_days", 180), 1),
    *_in_windows("activity_kinds", "count", "Different kinds of activity", done("distinct_kinds"), 90),
    _behaviour("dropped_kinds_90d", "count", "Kinds of activity of the last 180 days that did not occur in the last 90",
               done("distinct_kinds", 180) - done("distinct_kinds", 90), 1),
    *_in_windows("usage", "as given", "Amount of use", done("total"), 30, 90),
    *(_share_of_longer("usage_trend", "Amount of use of", done("total"), *w) for w in ((30, 180), (90, 365))),
    _behaviour("usage_mean_90d", "as given", "Mean amount of use an activity, last 90 days", done("mean", 90)),
)  # fmt: skip

PURCHASES = (
    *_in_windows("purchases", "count", "Purchases", bought("count"), 90, 365),
    _behaviour("purchase_days_365d", "days", "Days with a purchase, last 365", bought("active_days", 365), -1),
    _behaviour("purchase_slope_365d", "count", "Purchases gained or lost from one 30 days to the next, last 365 days",
               bought("count_slope", 365), -1),
    _behaviour("purchase_recency_days", "days", "Time since the last purchase", bought("days_since_last"), 1),
    _behaviour("purchase_gap_days_365d", "days", "Mean time between days with a purchase, last 365 days",
               bought("mean_gap_days", 365), 1),
    _behaviour("purchase_silence_ratio", "ratio", "Time since the last purchase, as a share of the usual time between "
               "days with one", bought("gap_ratio"), 1),
    *_in_windows("spent", "money", "Amount bought", bought("total"), 30, 90, 365),
    *(_share_of_longer("spending_trend", "Amount bought in", bought("total"), *w) for w in ((30, 180), (90, 365))),
    _behaviour("spending_level", "money", "Amount bought, each purchase counted by half for every 90 days of its age",
               bought("decayed_total", parameter=90), -1),
    _behaviour("mean_purchase_365d", "money", "Mean purchase, last 365 days", bought("mean", 365)),
    _behaviour("largest_purchase_365d", "money", "Largest purchase, last 365 days", bought("largest", 365)),
    _behaviour("purchase_spread_365d", "money", "Spread of purchases (standard deviation), last 365 days",
               bought("spread", 365)),
    _behaviour("purchase_size_slope_365d", "money", "Change of the size of a purchase in 30 days, last 365 days",
               bought("slope", 365), -1),
    _behaviour("last_purchase_change", "ratio", "Change of the last purchase, as a share of the one before",
               bought("last_change_share"), -1),
    *_in_windows("products", "count", "Different products bought", bought("distinct_kinds"), 365),
    _behaviour("dropped_products_180d", "count", "Products bought in the last 365 days, but not in the last 180",
               bought("distinct_kinds", 365) - bought("distinct_kinds", 180), 1),
)  # fmt: skip

RETURNS = (
    _behaviour("returns_365d", "count", "Returns, last 365 days", returned("count", 365)),
    _behaviour("return_rate_365d", "ratio", "Returns as a share of the number of purchases, last 365 days",
               returned("count", 365) / bought("count", 365)),
    _behaviour("returned_share_365d", "ratio", "Amount returned as a share of the amount bought, last 365 days",
               returned("total", 365) / bought("total", 365)),
)  # fmt: skip

FEATURES = (*OVERALL, *ACTIVITIES, *PURCHASES, *RETURNS)
