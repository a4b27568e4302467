"""How large a rise in price accounts accept, by how they were served before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.churn.encoder import FloatArray
from pipelines.experience.adjusting import covariates
from pipelines.experience.found import Found
from pipelines.experience.judged import judged

TOPIC = "price acceptance"
STAYS_DAYS = 180
"""An account that is still served so long after a rise has accepted it."""
LARGEST_UPLIFT = 0.5
FEWEST_RISES, FEWEST_OUTCOMES, DRAWS = 100, 15, 500
TENTH = 0.1
GOOD, POOR = "well served", "poorly served"
GRID = np.linspace(0.0, LARGEST_UPLIFT, 201)


def price_rises(subscriptions: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Return one row a rise whose outcome is known: account_id, at, uplift (0.05: 5 % dearer), paid before, has_left.

    A rise is a subscription row that follows upon another of the same account without a break, at the same quantity and
    more money. Rows of accounts with several subscriptions at once say nothing of price, and are left out.
    """
    rows = subscriptions.sort_values(["account_id", "start_date"], kind="stable")
    same = rows["account_id"].eq(rows["account_id"].shift())
    follows = same & rows["start_date"].eq(rows["end_date"].shift())
    number = rows["quantity"].fillna(-1)
    quantity = number.eq(number.shift())
    uplift = rows["mrr"] / rows["mrr"].shift() - 1
    chosen = follows & quantity & (uplift > 0) & (uplift <= LARGEST_UPLIFT)
    overlaps = set(rows.loc[same & ~(rows["start_date"] >= rows["end_date"].shift()), "account_id"])
    rises = rows[chosen].assign(uplift=uplift[chosen], paid=rows["mrr"].shift()[chosen])
    known = rises[(rises["start_date"] < until - pd.Timedelta(days=STAYS_DAYS)) & ~rises["account_id"].isin(overlaps)]
    last = rows.groupby("account_id")["end_date"].agg(lambda ends: ends.iloc[-1])
    gone = known["account_id"].map(last)
    has_left = (gone - known["start_date"]).dt.days < STAYS_DAYS
    return known.rename(columns={"start_date": "at"}).assign(has_left=has_left)[
        ["account_id", "at", "uplift", "paid", "has_left"]
    ].reset_index(drop=True)  # fmt: skip


def price_acceptance(rises: pd.DataFrame) -> tuple[Found, ...]:
    """Return by how much a dearer price goes along with leaving, by experience, and how large a rise pays for itself.

    Logistic regression of leaving on uplift x experience, log of what was paid before, errors robust between accounts.
    The supportable uplift is the one with the most expected revenue, (1 + u) P(stays | u); its interval is of draws of
    the coefficients (Krinsky and Robb 1986, Review of Economics and Statistics 68).

    Parameters
    ----------
    rises
        of `price_rises`, with score (0 worst to 1 best, the mean of its answers before the rise; missing where none).
    """
    rises = rises.dropna(subset=["score"])
    left, well = rises["has_left"].to_numpy(dtype=float), (rises["score"] >= rises["score"].median()).to_numpy()
    counts = [(left[well == of].sum(), (1 - left[well == of]).sum()) for of in (True, False)]
    if len(rises) < FEWEST_RISES or min(min(pair) for pair in counts) < FEWEST_OUTCOMES:
        why = f"{len(rises)} rises with an answer before, fewest outcomes of a kind {min(min(p) for p in counts):.0f}"
        needed = f"{FEWEST_RISES} rises and {FEWEST_OUTCOMES} that stayed and left of either experience are needed"
        return (Found.refused(TOPIC, "supportable uplift", f"{why}; {needed}"),)
    return tuple(_fitted(rises, left, well.astype(float)))


def _fitted(rises: pd.DataFrame, left: FloatArray, well: FloatArray) -> Iterator[Found]:
    from statsmodels.discrete.discrete_model import Logit

    uplift = rises["uplift"].to_numpy(dtype=float)
    paid = covariates(rises.assign(log_paid=np.log(rises["paid"])), ["log_paid"])
    X = np.column_stack([np.ones(len(rises)), well, uplift, uplift * well, paid])
    fit = Logit(left, X).fit(disp=0, cov_type="cluster", cov_kwds={"groups": rises["account_id"].factorize()[0]})
    n, n_accounts = len(rises), rises["account_id"].nunique()
    frame = Found(TOPIC, "", np.nan, unit="log-odds of leaving for 10 % more", basis="associated", n=n,
                  n_accounts=n_accounts, sentence="rises were not given by lot")  # fmt: skip
    params, cov = np.asarray(fit.params), np.asarray(fit.cov_params())
    for name, of in ((POOR, np.array([0.0, 0.0, TENTH, 0.0])), (GOOD, np.array([0.0, 0.0, TENTH, TENTH]))):
        yield _of(frame, f"harm of a rise, {name}", of, params, cov)
    yield _of(frame, "harm spared by good experience", np.array([0.0, 0.0, 0.0, -TENTH]), params, cov)
    drawn = np.random.default_rng(0).multivariate_normal(params, cov, DRAWS)
    for name, is_well in ((POOR, 0.0), (GOOD, 1.0)):
        value = float(_best(params[None], is_well)[0])
        low, high = np.quantile(_best(drawn, is_well), [0.025, 0.975])
        said = "the rise with most expected revenue"
        said += f"; no larger one than {100 * LARGEST_UPLIFT:.0f} % was looked at" if value >= LARGEST_UPLIFT else ""
        yield Found(TOPIC, f"supportable uplift, {name}", 100 * value, 100 * float(low), 100 * float(high), "% dearer",
                    "associated", n=n, n_accounts=n_accounts, sentence=said)  # fmt: skip


def _of(frame: Found, name: str, direction: FloatArray, params: FloatArray, cov: FloatArray) -> Found:
    direction = np.pad(direction, (0, len(params) - len(direction)))
    error = float(np.sqrt(direction @ cov @ direction))
    return judged(replace(frame, figure=name), float(direction @ params), error)


def _best(coefficients: FloatArray, is_well: float) -> FloatArray:
    """The uplift with the most expected revenue by each row of coefficients."""
    start = coefficients[:, [0]] + is_well * coefficients[:, [1]]
    slope = coefficients[:, [2]] + is_well * coefficients[:, [3]]
    stays = 1 / (1 + np.exp(start + slope * GRID))
    best: FloatArray = GRID[np.argmax((1 + GRID) * stays, axis=1)]
    return best
