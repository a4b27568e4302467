"""Why they leave is not why they stay: what a bad experience costs, and what a good one earns, by touchpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.follow_up import followed, why_no_hazard
from pipelines.experience.found import Found, Verdict, verdict_of
from pipelines.experience.hazards import hazard_design
from pipelines.experience.history import standardised
from pipelines.experience.invited import independent
from pipelines.experience.regression import Regression, logit

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "penalty and reward"
BAD, GOOD = -0.5, 0.5
"""In standard deviations from what is usual at the touchpoint; in between lies what nobody minds."""
YEAR_DAYS = 365
FEWEST = 50
SMALLEST = 0.3


def asymmetry(data: ExperienceData) -> list[Found]:
    """Return by touchpoint the odds of leaving after a bad year there, and after a good one, beside a usual one.

    All touchpoints side by side, at equal revenue and tenure (associated). A touchpoint with a penalty and no reward is
    a hygiene factor, one with a reward and no penalty a delighter (Kano 1984; Mittal, Ross and Baldasare 1998).
    """
    rows, scores = followed(data), standardised(data.responses)
    why = why_no_hazard(rows) or (None if len(scores) else "no scores are known")
    if why:
        return [Found.refused(TOPIC, "kind", why)]
    places = list(scores["touchpoint"].value_counts().index)
    rows = pd.concat([_at(scores, own, places) for _, own in rows.groupby("at")], ignore_index=True)
    told = [place for place in places if min(rows[f"bad {place}"].sum(), rows[f"good {place}"].sum()) >= FEWEST]
    refused = [
        Found.refused(TOPIC, "kind", f"fewer than {FEWEST} bad or good account-quarters", "touchpoint", place)
        for place in places
        if place not in told
    ]
    if not told:
        return refused
    columns = [f"{kind} {place}" for place in told for kind in ("known", "bad", "good")]
    X = independent(pd.concat([hazard_design(rows, []), rows[columns].astype(float)], axis=1))
    fitted = logit(rows["left"], X, rows["account_id"])
    return [*(one for place in told for one in _kind(fitted, place, rows)), *refused]


def _at(scores: pd.DataFrame, rows: pd.DataFrame, places: list[str]) -> pd.DataFrame:
    at = rows["at"].iloc[0]
    own = scores[(scores["answered_at"] < at) & (scores["answered_at"] >= at - pd.Timedelta(days=YEAR_DAYS))]
    means = own.groupby(["account_id", "touchpoint"], observed=True)["z"].mean().unstack("touchpoint")
    by = means.reindex(index=rows["account_id"], columns=places).set_axis(rows.index)
    flags = {"known": by.notna(), "bad": by < BAD, "good": by > GOOD}
    named: list[pd.DataFrame] = [flag.add_prefix(f"{kind} ") for kind, flag in flags.items()]
    found: pd.DataFrame = pd.concat([rows, *named], axis=1)
    return found


def _kind(fitted: Regression, place: str, rows: pd.DataFrame) -> Iterator[Found]:
    verdicts: dict[str, Verdict] = {}
    for kind, figure in (("bad", "penalty"), ("good", "reward")):
        one = fitted.of(f"{kind} {place}")
        value, low, high = (float(np.exp(number)) for number in (one.value, one.low, one.high))
        is_it = one.low > 0 if kind == "bad" else one.high < 0
        judgement = verdict_of(one.low, one.high, SMALLEST)
        verdicts[figure] = judgement if judgement != "found" or is_it else "cannot tell"
        said = f"after a {kind} year there, beside a usual one"
        yield Found(TOPIC, figure, value, low, high, "times the odds", "associated", "touchpoint", place,
                    int(rows[f"{kind} {place}"].sum()), fitted.n_accounts, verdicts[figure], said)  # fmt: skip
    kinds = {(True, False): "hygiene: bad costs, good earns nothing that shows",
             (False, True): "delighter: good earns, bad costs nothing that shows",
             (True, True): "both: bad costs and good earns"}  # fmt: skip
    shown = (verdicts["penalty"] == "found", verdicts["reward"] == "found")
    yield Found(TOPIC, "kind", np.nan, basis="associated", group_by="touchpoint", group=place,
                verdict="found" if any(shown) else "cannot tell",
                sentence=kinds.get(shown, "neither is shown"))  # fmt: skip
