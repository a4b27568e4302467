"""What is signed: revenue, seats, prices, renewal, who looks after it, and how our own people see it."""

from functools import partial

from features.compute import Combined, Compute, Windowed
from features.feature import Feature, Tier
from features.streams import (
    ACCOUNT_CHANGED,
    AUTO_RENEW,
    INTERNAL_RATING,
    MRR_ENDED,
    MRR_STARTED,
    PRICE,
    RENEWAL_MONTHS,
    SEATS_ENDED,
    SEATS_STARTED,
    SUBSCRIBED,
    UNSUBSCRIBED,
)

signed = partial(Windowed, (SUBSCRIBED,))
priced = partial(Windowed, (PRICE,))
changed = partial(Windowed, (ACCOUNT_CHANGED,))
rated = partial(Windowed, (INTERNAL_RATING,))
renewed = partial(Windowed, (RENEWAL_MONTHS,))
renews_itself = partial(Windowed, (AUTO_RENEW,))


def _relationship(
    name: str, unit: str, sentence: str, compute: Compute, direction: int = 0, tier: Tier = "context"
) -> Feature:
    return Feature(name, "relationship", tier, unit, sentence, direction=direction, compute=compute)


def _rating(name: str, unit: str, sentence: str, compute: Compute, direction: int = -1) -> Feature:
    return _relationship(name, unit, sentence, compute, direction, "perception")


def _running(started: str, ended: str, days: int | None = None) -> Combined:
    """What was begun less what has ended: over all of history what runs now, over a window its change."""
    return Windowed((started,), "total", days) - Windowed((ended,), "total", days)


def _subscriptions(days: int | None = None) -> Combined:
    return signed("count", days) - Windowed((UNSUBSCRIBED,), "count", days)


SIGNED = (
    _relationship("mrr_now", "money a month", "Recurring revenue a month, now", _running(MRR_STARTED, MRR_ENDED)),
    _relationship("mrr_change_180d", "money a month", "Change of recurring revenue a month, last 180 days",
                  _running(MRR_STARTED, MRR_ENDED, 180)),
    _relationship("seats_now", "seats", "Seats, now", _running(SEATS_STARTED, SEATS_ENDED)),
    _relationship("seats_change_180d", "seats", "Change of seats, last 180 days",
                  _running(SEATS_STARTED, SEATS_ENDED, 180), -1),
    _relationship("subscriptions_now", "count", "Subscriptions, now", _subscriptions(), -1),
    _relationship("subscriptions_change_180d", "count", "Change of the number of subscriptions, last 180 days",
                  _subscriptions(180), -1, "intent"),
)  # fmt: skip

PRICES = (
    _relationship("price_now", "money a month", "Price a unit a month, as last signed", priced("last")),
    _relationship("price_last_change", "ratio", "Last change of the price a unit, as a share of the price before",
                  priced("last_change_share"), 1, "operations"),
    _relationship("price_change_365d", "money a month", "Change of the price a unit a month, last 365 days",
                  priced("last", 365) - priced("first", 365), 1, "operations"),
)  # fmt: skip

LOCK_IN = (
    _relationship("days_to_renewal", "days", "Time to the next renewal", renewed("days_to_renewal")),
    _relationship("billing_months", "months", "Months from one renewal to the next", renewed("last"), -1),
    _relationship("auto_renew", "yes or no", "Whether it renews by itself", renews_itself("last"), -1),
    _relationship("auto_renew_change", "count", "Change of whether it renews by itself, as last signed (-1: no longer)",
                  renews_itself("last_change"), -1, "intent"),
    _relationship("signed_recency_days", "days", "Time since a subscription last began", signed("days_since_last")),
)  # fmt: skip

PEOPLE = (
    *(_relationship(f"owner_changes_{d}d", "count", f"Changes of who looks after the account, last {d} days",
                    changed("count", d, kind="owner"), 1, "operations") for d in (90, 365)),
    _relationship("owner_recency_days", "days", "Time since it changed who looks after the account",
                  changed("days_since_last", kind="owner"), -1, "operations"),
    _relationship("plan_changes_365d", "count", "Changes of plan, last 365 days", changed("count", 365, kind="plan")),
    _rating("internal_rating_last", "score", "Latest rating by our own people", rated("last")),
    _rating("internal_rating_mean_365d", "score", "Mean rating by our own people, last 365 days", rated("mean", 365)),
    _rating("internal_rating_change", "score", "Change of the latest rating by our own people", rated("last_change")),
    _rating("internal_rating_age_days", "days", "Time since the last rating by our own people",
            rated("days_since_last"), 0),
)  # fmt: skip

FEATURES = (*SIGNED, *PRICES, *LOCK_IN, *PEOPLE)
