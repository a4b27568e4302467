"""What one point of NPS goes along with in money, from the company's own accounts, by the four ways it may come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.churn.encoder import FloatArray
from pipelines.experience.adjusting import covariates
from pipelines.experience.found import EVERYONE, Found
from pipelines.experience.judged import judged
from pipelines.experience.value.account_year import DETRACTOR, PASSIVE, PROMOTER

TOPIC = "value of one NPS point"
FEWEST = 30
"""Promoters, and detractors."""
POINTS = 200.0
"""A hundredth of all accounts turned from detractors to promoters are two points: one point, so many accounts' part."""
MONTHS_A_YEAR = 12
COUNTED, ADJUSTED = "as counted", "adjusted"
COVARIATES = ("log_opening", "tenure_days")


@dataclass(frozen=True, slots=True)
class UnitValues:
    """What the company says one of these is worth or costs, in its currency; None: it does not say."""

    reference: float | None = None
    case: float | None = None


def point_value(
    year: pd.DataFrame,
    units: UnitValues | None = None,
    *,
    adjust_for: Sequence[str] = (),
    group_by: str = EVERYONE,
    group: str = EVERYONE,
) -> tuple[Found, ...]:
    """Return what one point more of NPS goes along with a year later, in currency a year, over all these accounts.

    One point: a two-hundredth of the accounts detractors no more but promoters. Its worth is that share of what all
    accounts pay, times how much more of it promoters of a year ago kept or added than detractors; retention and growth
    add up to revenue, advocacy (references) and cost to serve (cases) are told where it is said what one is worth.
    Each as counted, and adjusted for what was known before (weighted least squares, robust errors: MacKinnon and White
    1985, HC3). Both are associations: nobody was made a promoter by lot. Where there are several years, differences are
    learnt from all of them with a term for each, errors count accounts, and worth is that of the latest year.

    Parameters
    ----------
    year
        of `account_year`; references and cases where it counted them; `anniversary` where there are several years, 0
        for the latest.
    adjust_for
        further columns of it, known before the year.
    """
    n = year.groupby("kind")["account_id"].nunique()
    few = {kind: int(n.get(kind, 0)) for kind in (PROMOTER, DETRACTOR)}
    if min(few.values()) < FEWEST:
        why = f"{few[PROMOTER]} promoters and {few[DETRACTOR]} detractors of a year ago; {FEWEST} of each are needed"
        return (Found.refused(TOPIC, "revenue, adjusted", why, group_by, group),)
    rows = year.assign(log_opening=np.log(year["opening"]), anniversary=_anniversary(year))
    # Types of survey, and years, are never pooled without a term of their own.
    apart = ["survey_type", "anniversary"]
    types = covariates(rows.astype({"anniversary": str}), apart)
    known = [name for name in dict.fromkeys([*COVARIATES, *adjust_for]) if name in rows]
    before = [str(name) for name in rows if str(name).endswith("_before")]
    designs = {COUNTED: types, ADJUSTED: covariates(rows.astype({"anniversary": str}), [*apart, *known, *before])}
    frame = Found(TOPIC, "", np.nan, unit="currency a year", basis="associated", group_by=group_by, group=group,
                  n=int(rows["n_answers"].sum()) if "n_answers" in rows else 0,
                  n_accounts=rows["account_id"].nunique())  # fmt: skip
    return tuple(_routes(rows, designs, units or UnitValues(), frame))


def _routes(rows: pd.DataFrame, designs: dict[str, FloatArray], units: UnitValues, frame: Found) -> Iterator[Found]:
    opening = rows["opening"].to_numpy(dtype=float)
    change = rows["closing"].to_numpy(dtype=float) / opening - 1
    left = rows["has_left"].to_numpy(dtype=bool)
    paid = MONTHS_A_YEAR * opening[rows["anniversary"] == 0].sum() / POINTS
    kinds = rows["kind"].to_numpy(dtype=object)
    for way, design in designs.items():
        X = np.column_stack([np.ones(len(rows)), kinds == PROMOTER, kinds == PASSIVE, design]).astype(float)
        for name, outcome in (
            ("revenue", change),
            ("retention", np.where(left, change, 0.0)),
            ("growth", np.where(left, 0.0, change)),
        ):
            yield _told(frame, f"{name}, {way}", _promoters(X, outcome, opening, rows["account_id"]), paid)
        yield from _counts(rows, X, way, units, frame)


def _counts(rows: pd.DataFrame, X: FloatArray, way: str, units: UnitValues, frame: Found) -> Iterator[Found]:
    """References given and cases opened in the year, where it is said what one is worth."""
    each = int((rows["anniversary"] == 0).sum()) / POINTS
    for name, column, worth, what in (
        ("advocacy", "references", units.reference, "a reference"),
        ("cost to serve", "cases", units.case, "a case"),
    ):
        if column not in rows or worth is None:
            why = f"nothing says what {what} is worth" if column in rows else f"no {column} are known"
            yield Found.refused(TOPIC, f"{name}, {way}", f"{why}: say it, or leave it out", frame.group_by, frame.group)
            continue
        sign = -1.0 if name == "cost to serve" else 1.0
        outcome = rows[column].to_numpy(dtype=float)
        found = _promoters(X, outcome, np.ones(len(rows)), rows["account_id"])
        yield _told(frame, f"{name}, {way}", found, sign * worth * each)


def _anniversary(year: pd.DataFrame) -> pd.Series:
    return year["anniversary"] if "anniversary" in year else pd.Series(0, index=year.index)


def _promoters(X: FloatArray, outcome: FloatArray, weights: FloatArray, accounts: pd.Series) -> tuple[float, float]:
    """By how much promoters differ from detractors, and its standard error, by account where it has several rows."""
    from statsmodels.regression.linear_model import WLS

    model = WLS(outcome, X, weights=weights)
    if accounts.is_unique:
        fitted = model.fit(cov_type="HC3")
    else:
        fitted = model.fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(accounts)[0]})
    return float(fitted.params[1]), float(fitted.bse[1])


def _told(frame: Found, name: str, found: tuple[float, float], worth: float) -> Found:
    said = "promoters against detractors of a year ago; goes along with NPS, not shown to be caused by it"
    return judged(replace(frame, figure=name, sentence=said), worth * found[0], abs(worth) * found[1])
