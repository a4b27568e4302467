"""The journey as it was designed against the one that accounts make: skipped, added, in another order, slow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.churn.bootstrap import share_interval
from pipelines.experience.found import Found

TOPIC = "designed journey"
STAGE = "stage"
FEWEST = 10
SLOW = 2.0
"""A step is slow when it takes more than so many times the median of all accounts that made it."""


@dataclass(frozen=True)
class Conformance:
    """Accounts (account_id, fits) and each deviation (account_id, kind, stage), and the figures of them."""

    accounts: pd.DataFrame
    deviations: pd.DataFrame
    found: tuple[Found, ...]


def stages_of(touchpoints: pd.DataFrame) -> list[str]:
    """Return the designed stages in the order in which the table `touchpoints` first names them.

    >>> stages_of(pd.DataFrame({"stage": ["start", "use", None, "use", "renew"]}))
    ['start', 'use', 'renew']
    """
    return [str(stage) for stage in touchpoints["stage"].dropna().unique()]


def conformance(met: pd.DataFrame, touchpoints: pd.DataFrame, begun: pd.DataFrame) -> Conformance:
    """Return how accounts that began while they were watched went through the designed stages.

    Skipped: a stage was not met, though a later one was. Added: a touchpoint that no stage has. Other order: a stage
    was first met before the one designed before it. Slow: longer than twice the median from one stage to the next.

    Parameters
    ----------
    met
        account_id, touchpoint, first_at (`visits.read_met`).
    touchpoints
        touchpoint, stage: rows in the order of the design.
    begun
        account_id of the accounts whose whole journey was watched.
    """
    stages = stages_of(touchpoints)
    rows = met[met["account_id"].isin(set(begun["account_id"].astype(str)))]
    n = rows["account_id"].nunique()
    none = pd.DataFrame(columns=["account_id", "kind", STAGE])
    if len(stages) < 2 or n < FEWEST:
        why = f"{len(stages)} stages in the table touchpoints, {n} accounts watched from the start"
        refused = Found.refused(TOPIC, "accounts that fit", f"{why}; 2 and {FEWEST} are needed")
        return Conformance(pd.DataFrame(columns=["account_id", "fits"]), none, (refused,))
    staged = rows.assign(stage=rows["touchpoint"].map(touchpoints.set_index("touchpoint")[STAGE]))
    firsts = staged.dropna(subset=[STAGE]).pivot_table(
        index="account_id", columns=STAGE, values="first_at", aggfunc="min"
    ).reindex(index=sorted(set(rows["account_id"])), columns=stages)  # fmt: skip
    added = staged[staged[STAGE].isna()][["account_id", "touchpoint"]].rename(columns={"touchpoint": STAGE})
    parts = [_skipped(firsts), added.assign(kind="added"), _reordered(firsts), _slow(firsts)]
    deviations = pd.concat([part[["account_id", "kind", STAGE]] for part in parts], ignore_index=True)
    fits = ~firsts.index.isin(set(deviations["account_id"]))
    accounts = pd.DataFrame({"account_id": firsts.index, "fits": fits})
    return Conformance(accounts, deviations, tuple(_figures(accounts, deviations, firsts)))


def _skipped(firsts: pd.DataFrame) -> pd.DataFrame:
    is_met = firsts.notna().to_numpy()
    reached_later = np.flip(np.maximum.accumulate(np.flip(is_met, 1), axis=1), 1)
    return _rows(firsts, ~is_met & reached_later, "skipped")


def _reordered(firsts: pd.DataFrame) -> pd.DataFrame:
    times = _numbers(firsts)
    latest = np.fmax.accumulate(times, axis=1)
    is_early = np.zeros(times.shape, dtype=bool)
    is_early[:, 1:] = times[:, 1:] < latest[:, :-1]
    return _rows(firsts, is_early, "other order")


def _slow(firsts: pd.DataFrame) -> pd.DataFrame:
    """Steps between stages that follow each other in the design and were both met, in that order."""
    steps = np.diff(_numbers(firsts), axis=1)
    forward = np.where(steps > 0, steps, np.nan)
    made = np.isfinite(forward)
    pairs = zip(forward.T, made.T, strict=True)
    medians = np.array([np.median(column[own]) if own.any() else np.inf for column, own in pairs])
    is_slow = np.zeros(firsts.shape, dtype=bool)
    is_slow[:, 1:] = np.where(made, forward, 0.0) > SLOW * medians
    return _rows(firsts, is_slow, "slow")


def _numbers(firsts: pd.DataFrame) -> np.ndarray:
    """Days since 1970; NaN where a stage was not met."""
    times = firsts.to_numpy(dtype="datetime64[us]")
    days = times.astype(np.int64) / 86_400_000_000
    return np.where(np.isnat(times), np.nan, days)


def _rows(firsts: pd.DataFrame, places: np.ndarray, kind: str) -> pd.DataFrame:
    account, stage = np.nonzero(places)
    return pd.DataFrame({"account_id": firsts.index[account], "kind": kind, STAGE: firsts.columns[stage]})


def _figures(accounts: pd.DataFrame, deviations: pd.DataFrame, firsts: pd.DataFrame) -> Iterator[Found]:
    n = len(accounts)
    yield _share("accounts that fit", int(accounts["fits"].sum()), n, "the journey as designed, as far as they came")
    counts = deviations.groupby(["kind", STAGE])["account_id"].nunique().rename("n").reset_index()
    waits = np.diff(_numbers(firsts), axis=1)
    for row in counts.sort_values(["n", "kind", STAGE], ascending=[False, True, True]).to_dict("records"):
        kind, stage, said = str(row["kind"]), str(row[STAGE]), ""
        if kind == "slow":
            own = waits.T[[str(name) for name in firsts].index(stage) - 1]
            median = np.nanmedian(own[own > 0])
            said = f"more than {SLOW:g} times the median of {median:.1f} days since the stage before"
        yield _share(f"{kind}: {stage}", int(row["n"]), n, said)


def _share(name: str, count: int, n: int, said: str) -> Found:
    share = count / n
    low, high = share_interval(share, float(np.sqrt(share * (1 - share) / n)), n)
    return Found(TOPIC, name, 100 * share, 100 * low, 100 * high, "% of accounts", n_accounts=n, sentence=said)
