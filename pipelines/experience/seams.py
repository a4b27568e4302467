"""Who answers for which touchpoint: those nobody owns, what each owner has, and what is lost where owners change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.experience.adjusting import covariates
from pipelines.experience.found import Found
from pipelines.experience.judged import judged

TOPIC = "ownership"
NOBODY = "nobody"
FEWEST_ANSWERS, FEWEST_ACCOUNTS, FEWEST_STAYS = 30, 20, 60
PERCENT_OF_SCALE = 100.0


def ownership(met: pd.DataFrame, touchpoints: pd.DataFrame) -> tuple[Found, ...]:
    """Return which touchpoints that accounts meet have no owner, the share of all meetings there, and each owner's.

    Parameters
    ----------
    met
        account_id, touchpoint, n (`visits.read_met`).
    touchpoints
        touchpoint, owner.
    """
    if met.empty:
        return (Found.refused(TOPIC, "meetings without an owner", "no event names a touchpoint; map the column"),)
    owned = met.assign(owner=_owners(met["touchpoint"], touchpoints))
    total = int(owned["n"].sum())
    sums = {"n": ("n", "sum"), "places": ("touchpoint", "nunique"), "own": ("account_id", "nunique")}
    by_owner = owned.groupby("owner").agg(**sums)
    found = [
        Found(TOPIC, "meetings", 100 * row["n"] / total, unit="% of meetings", group_by="owner", group=str(owner),
              n=int(row["n"]), n_accounts=int(row["own"]), sentence=f"{int(row['places'])} touchpoints; all counted")
        for owner, row in by_owner.sort_values("n", ascending=False).iterrows()
    ]  # fmt: skip
    orphans = owned[owned["owner"] == NOBODY].groupby("touchpoint").agg(n=("n", "sum"), own=("account_id", "nunique"))
    for place, row in orphans.sort_values("n", ascending=False).iterrows():
        found.append(
            Found(TOPIC, "nobody owns it", 100 * row["n"] / total, unit="% of meetings", group_by="touchpoint",
                  group=str(place), n=int(row["n"]), n_accounts=int(row["own"]), verdict="found",
                  sentence="name an owner in the table touchpoints")
        )  # fmt: skip
    return tuple(found)


def seams(responses: pd.DataFrame, touchpoints: pd.DataFrame) -> tuple[Found, ...]:
    """Return what is lost where an account comes from one owner's touchpoint to another's: all seams, and each.

    Of satisfaction and effort answers that follow an earlier one, those after a change of owner against those without
    of the same account, at the same touchpoint, of the same survey type and metric: least squares on what is left when
    each account's mean is taken off (fixed effects), errors robust between accounts. An association: an account may
    come to another owner because it was cross.

    Parameters
    ----------
    responses
        account_id, answered_at, touchpoint, metric, survey_type, score (0 to 1).
    """
    rows = _in_a_row(responses, touchpoints)
    n_changes, n_stays = int(rows["changes"].sum()), int((~rows["changes"]).sum())
    accounts = rows.loc[rows["changes"], "account_id"].nunique()
    if n_changes < FEWEST_ANSWERS or accounts < FEWEST_ACCOUNTS or n_stays < FEWEST_STAYS:
        why = f"{n_changes} answers of {accounts} accounts after a change of owner, {n_stays} without"
        needed = f"{FEWEST_ANSWERS} of {FEWEST_ACCOUNTS} accounts, and {FEWEST_STAYS} are needed"
        return (Found.refused(TOPIC, "lost at seams", f"{why}; {needed}"),)
    return tuple(_lost(rows))


def _lost(rows: pd.DataFrame) -> Iterator[Found]:
    frame = Found(TOPIC, "lost at seams", np.nan, unit="% of the scale", basis="associated",
                  sentence="score after a change of owner less that without, at the same touchpoint")  # fmt: skip
    yield _fit(rows, rows["changes"].to_numpy(dtype=float), frame)
    seam = (rows["owner_before"] + " -> " + rows["owner"]).where(rows["changes"])
    counts = rows.groupby(seam)["account_id"].agg(["size", "nunique"])
    told = []
    for name, n in counts.iterrows():
        if n["size"] < FEWEST_ANSWERS or n["nunique"] < FEWEST_ACCOUNTS:
            continue
        # Against answers without a change, the other seams left out.
        own = (seam.isna() | (seam == name)).to_numpy()
        is_it = (seam[own] == name).to_numpy(dtype=float)
        told.append(_fit(rows[own], is_it, replace(frame, group_by="seam", group=str(name))))
    yield from sorted(told, key=lambda one: one.value)


def _fit(rows: pd.DataFrame, is_it: np.ndarray, frame: Found) -> Found:
    from statsmodels.regression.linear_model import OLS

    groups = rows["account_id"].factorize()[0]
    kinds = covariates(rows, ["touchpoint", "metric", "survey_type"])
    own = pd.DataFrame(np.column_stack([PERCENT_OF_SCALE * rows["score"], is_it, kinds]))
    apart = (own - own.groupby(groups).transform("mean")).to_numpy(dtype=float)
    X = apart[:, 1:][:, np.abs(apart[:, 1:]).max(axis=0) > 0]
    if not apart[:, 1].any() or np.linalg.matrix_rank(X) < X.shape[1]:
        why = "the touchpoint alone says whether the owner changed: nothing to compare with"
        return Found.refused(TOPIC, frame.figure, why, frame.group_by, frame.group)
    fitted = OLS(apart[:, 0], X).fit(cov_type="cluster", cov_kwds={"groups": groups})
    counted = replace(frame, n=int(is_it.sum()), n_accounts=rows.loc[is_it > 0, "account_id"].nunique())
    return judged(counted, float(fitted.params[0]), float(fitted.bse[0]))


def _in_a_row(responses: pd.DataFrame, touchpoints: pd.DataFrame) -> pd.DataFrame:
    """Answers that follow one given before, and whether the owner is another than then; nobody's are left out."""
    rows = responses[responses["metric"].isin(["csat", "ces"]) & responses["score"].notna()]
    # A survey's answers are one: its mean.
    rows = rows.assign(account_id=rows["account_id"].astype(str), owner=_owners(rows["touchpoint"], touchpoints))
    keys = ["account_id", "answered_at", "touchpoint", "owner", "metric", "survey_type"]
    rows = rows[rows["owner"] != NOBODY].groupby(keys)["score"].mean().reset_index()
    rows = rows.sort_values(["account_id", "answered_at", "touchpoint", "metric"], ignore_index=True)
    # The answer before is of an earlier survey: those given together are no sequence.
    last = rows.groupby(["account_id", "answered_at"])["owner"].last()
    before = last.groupby(level="account_id").shift().rename("owner_before")
    joined = rows.join(before, on=["account_id", "answered_at"]).dropna(subset=["owner_before"])
    return joined.assign(changes=joined["owner"] != joined["owner_before"]).reset_index(drop=True)


def _owners(places: pd.Series[str], touchpoints: pd.DataFrame) -> pd.Series[str]:
    known = touchpoints.dropna(subset=["owner"]).drop_duplicates("touchpoint").set_index("touchpoint")["owner"]
    owners: pd.Series[str] = places.map(known).astype(object).where(places.isin(known.index), NOBODY).astype(str)
    return owners
