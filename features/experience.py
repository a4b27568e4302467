"""How the account is served, what it says of it, and whether it still says anything."""

from collections.abc import Mapping
from functools import partial

from features.compute import Compute, Windowed
from features.engagement import ROLE_GROUPS
from features.feature import Feature, Tier
from features.streams import (
    ANSWERED,
    CASE_CLOSED,
    CASE_ESCALATED,
    CASE_OPENED,
    CASE_REOPENED,
    CASE_RESPONDED,
    CASE_URGENT,
    CES,
    CSAT,
    EMOTION,
    INVITED,
    NPS,
)

# How fast what is expected follows what is experienced: the share of each surprise by which expectation moves.
LEARNING = 0.3
SLOW_HOURS = 24
SILENT_FOR = 3
NONE_OF_LATEST = f"none of the last {SILENT_FOR} invitations"
# What surveys measure: how it is called, its scale, and the days that count (asked by the year, or after a contact).
METRICS: Mapping[str, tuple[str, str, int]] = {
    NPS: ("NPS", "0 to 10", 365),
    CSAT: ("CSAT", "1 to 5", 180),
    CES: ("CES", "1 to 7", 180),
}
# From opening to an event of a case: how that is called.
WAITS: Mapping[str, tuple[str, str]] = {
    CASE_RESPONDED: ("first_response", "first response"),
    CASE_CLOSED: ("resolution", "time to solve a case"),
}

opened = partial(Windowed, (CASE_OPENED,))
urgent = partial(Windowed, (CASE_URGENT,), "count")
responded = partial(Windowed, (CASE_RESPONDED,))
closed = partial(Windowed, (CASE_CLOSED,))
escalated = partial(Windowed, (CASE_ESCALATED,), "count")
reopened = partial(Windowed, (CASE_REOPENED,), "total")
asked = partial(Windowed, (INVITED,), "count")
answered = partial(Windowed, (ANSWERED,), "count")
silence = partial(Windowed, (INVITED, ANSWERED))
nps, csat = partial(Windowed, (NPS,)), partial(Windowed, (CSAT,))
any_answer = partial(Windowed, tuple(METRICS))


def _experience(name: str, tier: Tier, unit: str, sentence: str, compute: Compute, direction: int = 0) -> Feature:
    return Feature(name, "experience", tier, unit, sentence, direction=direction, compute=compute)


def _served(name: str, unit: str, sentence: str, compute: Compute, direction: int = 1) -> Feature:
    return _experience(name, "operations", unit, sentence, compute, direction)


def _said(name: str, unit: str, sentence: str, compute: Compute, direction: int = -1) -> Feature:
    return _experience(name, "perception", unit, sentence, compute, direction)


def _wait(stream: str) -> tuple[Feature, ...]:
    """How long an account waits for one thing: usually, at worst, lately, and against what it has come to expect."""
    name, words = WAITS[stream]
    wait = partial(Windowed, (stream,))
    slowest = f"{words.capitalize()} within which nine in ten fall"
    median, p90 = wait("quantile", 90, parameter=0.5), wait("quantile", 180, parameter=0.9)
    slope, gap = wait("slope", 180), wait("gap_to_expectation", parameter=LEARNING)
    usual, expected = wait("quantile", parameter=0.5), wait("expectation", parameter=LEARNING)
    return (
        _served(f"{name}_hours_usual", "hours", f"Median {words} ever since", usual),
        _served(f"{name}_hours_expected", "hours", f"What the account has come to expect of the {words}", expected),
        _served(f"{name}_hours_median_90d", "hours", f"Median {words}, last 90 days", median),
        _served(f"{name}_hours_p90_180d", "hours", f"{slowest}, last 180 days", p90),
        _served(f"{name}_hours_last", "hours", f"Latest {words}", wait("last")),
        _served(f"{name}_hours_slope_180d", "hours", f"Change of the {words} in 30 days, last 180 days", slope),
        _served(f"{name}_hours_gap", "hours", f"Latest {words} beyond what the account had come to expect", gap),
    )


def _metric(metric: str) -> tuple[Feature, ...]:
    """What an account says on one scale: lately, on the whole, at worst, how unevenly, and against its expectation."""
    words, scale, days = METRICS[metric]
    answer = partial(Windowed, (metric,))
    slope, gap = answer("slope", 365), answer("gap_to_expectation", parameter=LEARNING)
    return (
        _said(f"{metric}_last", "score", f"Latest {words} answer ({scale})", answer("last")),
        _said(f"{metric}_mean_{days}d", "score", f"Mean {words} answer, last {days} days", answer("mean", days)),
        _said(f"{metric}_worst_{days}d", "score", f"Worst {words} answer, last {days} days", answer("smallest", days)),
        _said(f"{metric}_spread_365d", "score", f"Spread of {words} answers (standard deviation), last 365 days",
              answer("spread", 365), 0),
        _said(f"{metric}_slope_365d", "score", f"Change of {words} answers in 30 days, last 365 days", slope),
        _said(f"{metric}_gap", "score", f"Latest {words} answer less what the account had come to expect", gap),
        _said(f"{metric}_age_days", "days", f"Time since the last {words} answer", answer("days_since_last"), 0),
    )  # fmt: skip


def _of_group(group: str) -> tuple[Feature, ...]:
    """What contacts of one group of roles say, ask for, and no longer say."""
    words, roles = ROLE_GROUPS[group]
    mean, cases = Windowed((CSAT,), "mean", 365, roles=roles), opened("count", 180, roles=roles)
    fell_silent = silence("newly_silent", roles=roles, parameter=SILENT_FOR)
    return (
        _said(f"nps_last_{group}", "score", f"Latest NPS answer of {words} (0 to 10)", nps("last", roles=roles)),
        _said(f"csat_mean_365d_{group}", "score", f"Mean CSAT answer of {words}, last 365 days", mean),
        _said(f"newly_silent_{group}", "yes or no", f"Whether {words} answered before, but {NONE_OF_LATEST}",
              fell_silent, 1),
        _served(f"cases_180d_{group}", "count", f"Cases opened by {words}, last 180 days", cases),
    )  # fmt: skip


CASES = (
    *(_served(f"cases_{d}d", "count", f"Cases opened, last {d} days", opened("count", d)) for d in (30, 90, 365)),
    _served("cases_open", "count", "Cases open now", opened("count") - closed("count")),
    _served("case_slope_180d", "count", "Cases more or fewer from one 30 days to the next, last 180 days",
            opened("count_slope", 180)),
    _served("case_recency_days", "days", "Time since the last case was opened", opened("days_since_last"), 0),
    _served("case_subjects_365d", "count", "Different subjects of cases, last 365 days",
            opened("distinct_kinds", 365), 0),
    _served("urgent_cases_180d", "count", "Urgent cases opened, last 180 days", urgent(180)),
    _served("urgent_share_365d", "ratio", "Share of the cases of the last 365 days that were urgent",
            urgent(365) / opened("count", 365)),
    *(feature for stream in WAITS for feature in _wait(stream)),
    *(_served(f"first_response_hours_worst_{d}d", "hours", f"Longest first response, last {d} days",
              responded("largest", d)) for d in (90, 180)),
    *(_served(f"slow_response_share_{d}d", "ratio",
              f"Share of first responses that took {SLOW_HOURS} hours or more, last {d} days",
              responded("share_above", d, parameter=SLOW_HOURS)) for d in (180, 365)),
    *(_served(f"escalations_{d}d", "count", f"Cases escalated, last {d} days", escalated(d)) for d in (90, 180)),
    _served("escalated_share_365d", "ratio", "Share of the cases solved in the last 365 days that were escalated",
            escalated(365) / closed("count", 365)),
    *(_served(f"reopened_{d}d", "count", f"Times a case was opened again, last {d} days", reopened(d))
      for d in (90, 180)),
    _served("reopened_rate_365d", "ratio", "Times a case was opened again, as a share of those solved, last 365 days",
            reopened(365) / closed("count", 365)),
)  # fmt: skip

ANSWERS = (
    _said("answer_age_days", "days", "Time since the last survey answer", any_answer("days_since_last"), 0),
    *(feature for metric in METRICS for feature in _metric(metric)),
    _said("nps_detractor_share_365d", "ratio", "Share of NPS answers of 6 or less, last 365 days",
          nps("share_below", 365, parameter=6.5), 1),
    _said("nps_promoter_share_365d", "ratio", "Share of NPS answers of 9 or 10, last 365 days",
          nps("share_above", 365, parameter=8.5)),
    _said("csat_low_share_365d", "ratio", "Share of CSAT answers of 2 or less, last 365 days",
          csat("share_below", 365, parameter=2.5), 1),
    _said("csat_recovery_days", "days", "Time from the latest disappointment in CSAT until expectation was met again, "
          "or until now", csat("recovery_days", parameter=LEARNING), 1),
    _said("emotion_mean_365d", "score", "Mean answer on emotions, last 365 days", Windowed((EMOTION,), "mean", 365), 0),
    _said("answering_contacts_365d", "count", "Different persons who answered a survey, last 365 days",
          any_answer("distinct_contacts", 365)),
    # Above 0 those who pay are happier than those who use it.
    _said("nps_buyers_less_users_365d", "score", "Mean NPS answer of buyers less that of business users, last 365 days",
          nps("mean", 365).by(*ROLE_GROUPS["buyers"][1]) - nps("mean", 365).by(*ROLE_GROUPS["users"][1]), 0),
)  # fmt: skip

SILENCE = (
    _served("invitations_90d", "count", "Survey invitations sent, last 90 days", asked(90), 0),
    _said("answered_share_365d", "ratio", "Share of the survey invitations of the last 365 days that were answered",
          answered(365) / asked(365)),
    _said("unanswered_streak", "count", "Survey invitations since the last one that was answered",
          silence("unanswered_streak"), 1),
    _said("newly_silent", "yes or no", f"Whether it answered surveys before, but {NONE_OF_LATEST}",
          silence("newly_silent", parameter=SILENT_FOR), 1),
    _said("always_silent", "yes or no", "Whether it was invited to surveys and never answered",
          silence("always_silent"), 0),
)  # fmt: skip

FEATURES = (*CASES, *ANSWERS, *SILENCE, *(feature for group in ROLE_GROUPS for feature in _of_group(group)))
