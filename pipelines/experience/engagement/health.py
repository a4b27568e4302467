"""A health score whose weights are fitted to who left, judged on later quarters: how many leavers looked healthy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.churn.bootstrap import share_interval
from pipelines.churn.encoder import FloatArray
from pipelines.experience.follow_up import why_no_hazard
from pipelines.experience.found import Found
from pipelines.experience.judged import judged
from pipelines.experience.regression import Regression, logit

TOPIC = "health score"
LATE_SHARE = 1 / 3
"""The last quarters, on which the score is judged."""
GREEN_SHARE, RED_SHARE = 0.7, 0.1
"""By capacity: the healthiest accounts of a quarter are green, the least healthy red."""
FEWEST_LATE = 10
DIMENSIONS = {"engaged": 1, "mood": 1, "cases": -1, "tenure_years": 1}
"""Where more of it is held to be healthy (1) or not (-1) when all weigh the same."""


@dataclass(frozen=True)
class Health:
    """Fitted weights: the health of an account is the sum of its standardised dimensions times these."""

    dimensions: tuple[str, ...]
    means: FloatArray
    spreads: FloatArray
    model: Regression

    def score(self, rows: pd.DataFrame) -> FloatArray:
        """Return (n,) the probability of staying a quarter, 0 to 1: the health."""
        odds = _design(rows, self).to_numpy(dtype=float) @ self.model.values
        stays: FloatArray = 1 / (1 + np.exp(odds))
        return stays


def health(rows: pd.DataFrame, names: Sequence[str] = tuple(DIMENSIONS)) -> tuple[Health | None, tuple[Found, ...]]:
    """Return the score, and the figures of it: the weights, false green, warned, and equal weights beside them.

    The weights are log-odds of leaving within the quarter for one standard deviation; a dimension that is not known has
    a weight of its own: it is neither good nor bad by decree. False green: of accounts that left in the last third of
    the quarters, which the score never saw, the share that was among the healthiest 70 %.

    Parameters
    ----------
    rows
        of `engaged_quarters`.
    """
    why = why_no_hazard(rows)
    if why:
        return None, (Found.refused(TOPIC, "false green", why),)
    early, late = split_in_time(rows)
    n_early, n_late, n_dates = int(early["left"].sum()), int(late["left"].sum()), rows["at"].nunique()
    if n_dates < 2 or min(n_early, n_late) < FEWEST_LATE:
        came = f"{n_dates} quarters, {n_early} departures to learn from and {n_late} to judge by"
        return None, (Found.refused(TOPIC, "false green", f"{came}; 2 and {FEWEST_LATE} of each are needed"),)
    fitted = fitted_health(early, names)
    return fitted, (*_weights(fitted), *_judged(late, fitted.score(late), "fitted"), *_equal(early, late, fitted))


def split_in_time(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the first two thirds of the quarters, to learn from, and the last third, to judge by."""
    dates = np.sort(rows["at"].unique())
    cut = dates[min(int(np.ceil(len(dates) * (1 - LATE_SHARE))), len(dates) - 1)]
    return rows[rows["at"] < cut], rows[rows["at"] >= cut]


def fitted_health(rows: pd.DataFrame, names: Sequence[str] = tuple(DIMENSIONS)) -> Health:
    """Return the score whose weights are fitted to who left."""
    told = tuple(name for name in names if name in rows and rows[name].nunique() > 1)
    values = rows[list(told)].astype(float)
    blank = Regression((), np.zeros(0), np.zeros((0, 0)), 0, 0, 0.0)
    bare = Health(told, values.mean().to_numpy(), values.std().to_numpy(), blank)
    design = _design(rows, bare)
    varies = [name for name in design if name == "constant" or design[name].nunique() > 1]
    model = logit(rows["left"].to_numpy(dtype=float), design[varies], rows["account_id"])
    full = {name: float(value) for name, value in zip(model.names, model.values, strict=True)}
    place = [list(design).index(name) for name in varies]
    covariance = np.zeros((design.shape[1], design.shape[1]))
    covariance[np.ix_(place, place)] = model.covariance
    whole = np.array([full.get(str(name), 0.0) for name in design])
    return replace(bare, model=replace(model, names=tuple(map(str, design)), values=whole, covariance=covariance))


def _design(rows: pd.DataFrame, of: Health) -> pd.DataFrame:
    values = rows[list(of.dimensions)].astype(float)
    z = np.nan_to_num((values.to_numpy(dtype=float) - of.means) / of.spreads)
    unknown = values.isna().to_numpy(dtype=float)
    names = ["constant", *of.dimensions, *(f"{name} unknown" for name in of.dimensions)]
    return pd.DataFrame(np.column_stack([np.ones(len(rows)), z, unknown]), rows.index, pd.Index(names))


def _weights(fitted: Health) -> Iterator[Found]:
    for name in fitted.model.names[1:]:
        fit = fitted.model.of(name)
        if fit.error > 0:
            said = "when it is not known" if name.endswith(" unknown") else "one standard deviation"
            frame = Found(TOPIC, f"weight of {name}", np.nan, unit="log-odds of leaving", basis="associated",
                          n=fit.n, n_accounts=fit.n_accounts, sentence=said)  # fmt: skip
            yield judged(frame, fit.value, fit.error)


def _judged(late: pd.DataFrame, healthy: FloatArray, how: str) -> Iterator[Found]:
    share = pd.Series(healthy, late.index).groupby(late["at"]).rank(pct=True, method="first")
    gone = late["left"].to_numpy(dtype=bool)
    n = int(gone.sum())
    for name, which in (
        ("false green", share > 1 - GREEN_SHARE),
        ("red before leaving", share <= RED_SHARE),
    ):
        part = float(which[gone].mean())
        low, high = share_interval(part, float(np.sqrt(part * (1 - part) / n)), n)
        green = f"the healthiest {100 * GREEN_SHARE:.0f} %"
        said = green if name == "false green" else f"the least healthy {100 * RED_SHARE:.0f} %"
        yield Found(TOPIC, f"{name}, {how} weights", 100 * part, 100 * low, 100 * high, "% of those who left",
                    "predicted", n=n, n_accounts=n, sentence=f"among {said} when an unseen quarter began")  # fmt: skip


def _equal(early: pd.DataFrame, late: pd.DataFrame, fitted: Health) -> Iterator[Found]:
    """The same of a score in which all dimensions weigh the same, as tools are set up by hand."""
    values = late[list(fitted.dimensions)].to_numpy(dtype=float)
    z = np.nan_to_num((values - fitted.means) / fitted.spreads)
    signs = np.array([DIMENSIONS.get(name, 1) for name in fitted.dimensions])
    yield from _judged(late, (z * signs).mean(axis=1), "equal")
