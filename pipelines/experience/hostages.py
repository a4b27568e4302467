"""Accounts that stay because they must: locked in and unhappy, and when they are released."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.experience.adjusting import covariates
from pipelines.experience.clustered import clustered_mean
from pipelines.experience.follow_up import why_no_hazard
from pipelines.experience.found import Found
from pipelines.experience.judged import judged
from pipelines.experience.regression import logit

TOPIC = "hostages"
FEWEST_ROWS, FEWEST_LEFT = 50, 10
CELLS = {
    (True, True): "unhappy and locked in",
    (True, False): "unhappy and free",
    (False, True): "content and locked in",
    (False, False): "content and free",
}
LISTED = ("account_id", "release_at", "mood", "risk_now", "risk_at_release")


@dataclass(frozen=True)
class Hostages:
    """Accounts (account_id, release_at, mood, and predicted risk a quarter now and at release), and the figures."""

    accounts: pd.DataFrame
    found: tuple[Found, ...]


def hostages(rows: pd.DataFrame, now: pd.DataFrame) -> Hostages:
    """Return who is held by a contract though unhappy, soonest released first, and what such accounts do when free.

    The share that leaves within a quarter by mood and contract, counted, and how much more a contract holds back the
    unhappy than the content (log-odds, adjusted for revenue and tenure, errors robust between accounts).

    Parameters
    ----------
    rows
        of `engaged_quarters`.
    now
        of `known_now`: the accounts as they are.
    """
    none = pd.DataFrame(columns=list(LISTED))
    known = rows[rows["unhappy"].notna() & rows["release_at"].notna()]
    why = why_no_hazard(known) if len(known) else "no account has both answers and a contract with a period"
    cells = {key: known[(known["unhappy"] == key[0]) & (known["locked"] == key[1])] for key in CELLS}
    smallest = min(cells, key=lambda key: len(cells[key]))
    if not why and len(cells[smallest]) < FEWEST_ROWS:
        why = f"{len(cells[smallest])} quarters of accounts {CELLS[smallest]}; {FEWEST_ROWS} are needed"
    if not why and cells[True, False]["left"].sum() < FEWEST_LEFT:
        why = f"{int(cells[True, False]['left'].sum())} of the unhappy left when free; {FEWEST_LEFT} are needed"
    if why:
        return Hostages(none, (Found.refused(TOPIC, "held by a contract", why),))
    rates = {key: clustered_mean(own["left"].astype(float), own["account_id"]) for key, own in cells.items()}
    held = now[(now["unhappy"] == 1) & now["locked"]]
    risks = {"risk_now": rates[True, True].value, "risk_at_release": rates[True, False].value}
    listed = held.assign(**risks)[list(LISTED)].sort_values(["release_at", "account_id"], ignore_index=True)
    shares = [
        Found(TOPIC, f"leaves within a quarter, {name}", 100 * rates[key].value, 100 * max(rates[key].low, 0.0),
              100 * rates[key].high, "% of accounts", n=len(cells[key]), n_accounts=rates[key].n_accounts)
        for key, name in CELLS.items()
    ]  # fmt: skip
    return Hostages(listed, (*shares, *_held(known), _count(listed)))


def _held(known: pd.DataFrame) -> Iterator[Found]:
    unhappy, locked = (known[name].to_numpy(dtype=float) for name in ("unhappy", "locked"))
    standing = covariates(known.assign(log_mrr=np.log1p(known["mrr"].astype(float))), ["log_mrr", "tenure_years"])
    columns = {"constant": np.ones(len(known)), "unhappy": unhappy, "locked": locked, "held": -unhappy * locked}
    columns |= {f"standing {place}": column for place, column in enumerate(standing.T)}
    model = logit(known["left"].to_numpy(dtype=float), pd.DataFrame(columns), known["account_id"])
    frame = Found(TOPIC, "", np.nan, unit="log-odds of leaving", basis="associated", n=model.n,
                  n_accounts=model.n_accounts)  # fmt: skip
    for figure, column, said in (
        ("unhappy", "unhappy", "the unhappy against the content, when free"),
        ("held by a contract", "held", "by how much more a contract holds back the unhappy than the content"),
    ):
        fit = model.of(column)
        yield judged(replace(frame, figure=figure, sentence=said), fit.value, fit.error)


def _count(listed: pd.DataFrame) -> Found:
    soon = "nobody" if listed.empty else f"the first is released on {listed['release_at'].iloc[0]:%Y-%m-%d}"
    return Found(TOPIC, "hostages now", float(len(listed)), unit="accounts", n_accounts=len(listed), sentence=soon)
