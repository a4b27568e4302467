"""Whether like accounts were helped as well as not: else no effect is told, but what would settle it."""

from __future__ import annotations

from pipelines.actions.power import Design, detectable_points
from pipelines.actions.trial import Trial
from pipelines.drivers.nuisance import Bools, Floats

RARE = 0.03
"""Accounts that are helped less often than this, or more often than all but this, have hardly a counterpart."""
MOST_LEFT_OUT = 0.5
FEWEST_ROWS, FEWEST_LEFT = 50, 10


def is_comparable(chance: Floats) -> Bools:
    """Return which rows have a counterpart that was treated the other way (Crump, Hotz, Imbens and Mitnik 2009)."""
    return (chance > RARE) & (chance < 1 - RARE)


def refusal(trial: Trial, chance: Floats) -> str | None:
    """Return why no effect can be told of these rows, None where one can."""
    n_helped, n = int(trial.helped.sum()), len(trial.helped)
    if min(n_helped, n - n_helped) < FEWEST_ROWS:
        few, which = min((n_helped, "helped"), (n - n_helped, "not helped"))
        return f"{few} rows were {which}; {FEWEST_ROWS} are needed"
    kept = is_comparable(chance)
    left_out = float(1 - kept[trial.helped == 1].mean())
    if left_out > MOST_LEFT_OUT:
        return f"of {left_out:.0%} of those helped hardly any like account was not: there is nobody to compare with"
    own = trial.some(kept)
    if min(int(own.helped.sum()), int((1 - own.helped).sum())) < FEWEST_ROWS:
        return f"fewer than {FEWEST_ROWS} rows that were helped, or not, have a like one on the other side"
    left = int((1 - own.stayed).sum())
    return f"{left} of these accounts left; {FEWEST_LEFT} are needed" if left < FEWEST_LEFT else None


def settling_experiment(kind: str, n_accounts: int, churn_prob: float) -> str:
    """Return in words the experiment that would settle what a kind of action does.

    >>> settling_experiment("call", 1000, 0.1)
    'assign call by lot to half of the 1,000 accounts that may have it: with 80 % power that finds an effect of 4.7 ...'
    """
    points = detectable_points(Design(n_accounts, churn_prob))
    said = f"with 80 % power that finds an effect of {points:.1f} points of churn" if points else "too few to find any"
    return f"assign {kind} by lot to half of the {n_accounts:,} accounts that may have it: {said}"
