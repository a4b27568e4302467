"""How the account is served and what it says of it."""

from features.catalog import Feature, Tier
from features.compute import Compute, Windowed
from features.events import (
    ANSWERED,
    CASE_CLOSED,
    CASE_ESCALATED,
    CASE_OPENED,
    CASE_REOPENED,
    CASE_RESPONDED,
    CES,
    CSAT,
    INVITED,
    NPS,
)

OPENED = Windowed((CASE_OPENED,), "count")


def _experience(name: str, tier: Tier, unit: str, sentence: str, compute: Compute, direction: int) -> Feature:
    return Feature(name, "experience", tier, unit, sentence, direction=direction, compute=compute)


FEATURES = (
    _experience("cases_90d", "operations", "count", "Cases opened, last 90 days", OPENED.within(90), 1),
    _experience(
        "cases_open", "operations", "count", "Cases open now", OPENED - Windowed((CASE_CLOSED,), "count"), 1
    ),
    _experience(
        "first_response_hours_median_90d",
        "operations",
        "hours",
        "Median first response, last 90 days",
        Windowed((CASE_RESPONDED,), "median", 90),
        1,
    ),
    _experience(
        "first_response_hours_worst_180d",
        "operations",
        "hours",
        "Longest first response, last 180 days",
        Windowed((CASE_RESPONDED,), "largest", 180),
        1,
    ),
    _experience(
        "resolution_hours_median_90d",
        "operations",
        "hours",
        "Median time to solve a case, last 90 days",
        Windowed((CASE_CLOSED,), "median", 90),
        1,
    ),
    _experience(
        "escalations_180d",
        "operations",
        "count",
        "Cases escalated, last 180 days",
        Windowed((CASE_ESCALATED,), "count", 180),
        1,
    ),
    _experience(
        "reopened_180d",
        "operations",
        "count",
        "Times a case was opened again, last 180 days",
        Windowed((CASE_REOPENED,), "total", 180),
        1,
    ),
    _experience("nps_last", "perception", "score", "Latest NPS answer (0 to 10)", Windowed((NPS,), "last"), -1),
    _experience(
        "nps_mean_365d", "perception", "score", "Mean NPS answer, last 365 days", Windowed((NPS,), "mean", 365), -1
    ),
    _experience("csat_last", "perception", "score", "Latest CSAT answer (1 to 5)", Windowed((CSAT,), "last"), -1),
    _experience(
        "csat_mean_180d", "perception", "score", "Mean CSAT answer, last 180 days", Windowed((CSAT,), "mean", 180), -1
    ),
    _experience(
        "csat_worst_180d",
        "perception",
        "score",
        "Worst CSAT answer, last 180 days",
        Windowed((CSAT,), "smallest", 180),
        -1,
    ),
    _experience(
        "ces_mean_180d", "perception", "score", "Mean CES answer, last 180 days", Windowed((CES,), "mean", 180), -1
    ),
    _experience(
        "answered_share_365d",
        "perception",
        "ratio",
        "Share of the survey invitations of the last 365 days that were answered",
        Windowed((ANSWERED,), "count", 365) / Windowed((INVITED,), "count", 365),
        -1,
    ),
    _experience(
        "answer_age_days",
        "perception",
        "days",
        "Time since the last survey answer",
        Windowed((NPS, CSAT, CES), "days_since_last"),
        0,
    ),
)  # fmt: skip
