"""What is signed: revenue, seats, renewal."""

from features.catalog import Feature
from features.compute import Compute, Windowed
from features.events import (
    AUTO_RENEW,
    INTERNAL_RATING,
    MRR_ENDED,
    MRR_STARTED,
    RENEWAL_MONTHS,
    SEATS_ENDED,
    SEATS_STARTED,
)


def _relationship(name: str, unit: str, sentence: str, compute: Compute, direction: int = 0) -> Feature:
    return Feature(name, "relationship", "context", unit, sentence, direction=direction, compute=compute)


def _running(started: str, ended: str) -> Compute:
    return Windowed((started,), "total") - Windowed((ended,), "total")


def _changed(started: str, ended: str, days: int) -> Compute:
    return Windowed((started,), "total", days) - Windowed((ended,), "total", days)


FEATURES = (
    _relationship("mrr_now", "money a month", "Recurring revenue a month, now", _running(MRR_STARTED, MRR_ENDED)),
    _relationship(
        "mrr_change_180d",
        "money a month",
        "Change of recurring revenue a month, last 180 days",
        _changed(MRR_STARTED, MRR_ENDED, 180),
    ),
    _relationship("seats_now", "seats", "Seats, now", _running(SEATS_STARTED, SEATS_ENDED)),
    _relationship(
        "seats_change_180d", "seats", "Change of seats, last 180 days", _changed(SEATS_STARTED, SEATS_ENDED, 180), -1
    ),
    _relationship(
        "days_to_renewal", "days", "Time to the next renewal", Windowed((RENEWAL_MONTHS,), "days_to_renewal")
    ),
    _relationship(
        "billing_months", "months", "Months from one renewal to the next", Windowed((RENEWAL_MONTHS,), "last"), -1
    ),
    _relationship("auto_renew", "yes or no", "Whether it renews by itself", Windowed((AUTO_RENEW,), "last"), -1),
    Feature(
        "internal_rating_last",
        "relationship",
        "perception",
        "score",
        "Latest rating by our own people",
        direction=-1,
        compute=Windowed((INTERNAL_RATING,), "last"),
    ),
)
