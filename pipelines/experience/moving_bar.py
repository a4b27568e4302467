"""Whether the bar rises: what scored well last year is the normal of this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines.experience.answered_cases import answered_cases
from pipelines.experience.clustered import Estimate
from pipelines.experience.found import Found, Verdict, sure
from pipelines.experience.regression import linear

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC, UNIT = "moving bar", "standard deviations of score a year"
FEWEST, FEWEST_DAYS = 300, 540
SMALLEST = 0.1
"""Standard deviations a year; a bar that moves by less is taken to stand still."""


def moving_bar(data: ExperienceData) -> list[Found]:
    """Return by touchpoint how fast the bar rises, how fast the experience does, and by how much it lags.

    The bar rises where the same promptness of response scores lower each year: minus the coefficient of time beside
    that of promptness, each account's mean of both held equal (Mundlak 1978). The lag is minus the yearly change of
    the score as it is: what the bar rises beyond what the experience gains. Beside them the spread of scores, from the
    worst tenth to the best. Associated: whatever else changed with the years counts as the bar.
    """
    rows = answered_cases(data)
    if rows.empty:
        return [Found.refused(TOPIC, "bar", "no answers on cases are known; map cases and survey_responses")]
    return [one for place, own in rows.groupby("touchpoint", observed=True) for one in _at_place(str(place), own)]


def _at_place(place: str, rows: pd.DataFrame) -> list[Found]:
    days = (rows["at"].max() - rows["at"].min()).days
    if len(rows) < FEWEST or days < FEWEST_DAYS:
        why = f"{len(rows)} answers over {days} days; {FEWEST} over {FEWEST_DAYS} are needed"
        return [Found.refused(TOPIC, "bar", why, "touchpoint", place)]
    X = _design(rows)
    fitted = linear(rows["score"], X, rows["account_id"])
    bar, worth = fitted.combined({"years": -1.0}), fitted.of("prompt").value
    gained = linear(worth * rows["prompt"], X[["constant", "years", "usual_years"]], rows["account_id"]).of("years")
    score = linear(rows["score"], X[["constant", "years", "usual_years"]], rows["account_id"])
    lag = score.combined({"years": -1.0})
    of = {"group_by": "touchpoint", "group": place, "n": len(rows), "n_accounts": rows["account_id"].nunique()}
    said = f"the bar rises {bar.value:+.2f} a year, the experience gains {gained.value:+.2f}"
    said += f": you lag by {lag.value:+.2f}"
    return [
        _figure("bar", bar, said, of),
        _figure("experience gained", gained, "what faster or slower responses do to the score", of, "told"),
        _figure("lag", lag, "minus the change of the score as it is", of),
        _spread(rows, of),
    ]


def _design(rows: pd.DataFrame) -> pd.DataFrame:
    years = (rows["at"] - rows["at"].min()).dt.days / 365.25
    own = pd.DataFrame({"constant": 1.0, "prompt": rows["prompt"], "years": years})
    means = own[["prompt", "years"]].groupby(rows["account_id"]).transform("mean").add_prefix("usual_")
    return pd.concat([own, means], axis=1)


def _figure(name: str, found: Estimate, said: str, of: dict[str, Any], verdict: Verdict | None = None) -> Found:
    verdict = _rises(found.low, found.high) if verdict is None else verdict
    numbers = (found.value, found.low, found.high)
    return Found(TOPIC, name, *numbers, UNIT, "associated", verdict=verdict, sentence=said, **of)


def _rises(low: float, high: float) -> Verdict:
    if sure(low, high) > 0 and (low + high) / 2 >= SMALLEST:
        return "found"
    return "none found" if high < SMALLEST else "cannot tell"


def _spread(rows: pd.DataFrame, of: dict[str, Any]) -> Found:
    """By how much the distance from the worst tenth to the best grew, from the first half of the time to the last."""
    middle = rows["at"].min() + (rows["at"].max() - rows["at"].min()) / 2
    is_late = (rows["at"] > middle).to_numpy()
    score, codes = rows["score"].to_numpy(dtype=float), rows["account_id"].factorize()[0]
    order = np.argsort(codes, kind="stable")
    starts = np.r_[np.flatnonzero(np.diff(codes[order], prepend=-1)), len(codes)]
    rng = np.random.default_rng(len(rows))
    drawn = [_grown(score, is_late, _drawn(order, starts, rng)) for _ in range(200)]
    low, high = (float(limit) for limit in np.nanquantile(drawn, [0.025, 0.975]))
    verdict = _rises(low, high)
    return Found(TOPIC, "growth of spread", _grown(score, is_late, order), low, high, "standard deviations of score",
                 "counted", verdict=verdict, sentence="from the worst tenth of scores to the best", **of)  # fmt: skip


def _drawn(order: Any, starts: Any, rng: np.random.Generator) -> Any:
    """Rows of as many accounts drawn with replacement."""
    chosen = rng.integers(len(starts) - 1, size=len(starts) - 1)
    lengths = starts[chosen + 1] - starts[chosen]
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return order[np.repeat(starts[chosen], lengths) + within]


def _grown(score: Any, is_late: Any, places: Any) -> float:
    halves = [score[places][is_late[places] == late] for late in (True, False)]
    late, early = (float(np.subtract(*np.quantile(half, [0.9, 0.1]))) for half in halves)
    return late - early
