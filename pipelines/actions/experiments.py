"""Experiments from plan to reading, with their files in the state folder: a ledger, and an assignment file each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.errors import ConfigError
from pipelines.actions.assign import by_lot, is_held_out
from pipelines.actions.ledger import FOLDER, LEDGER, append, entries
from pipelines.actions.power import Design, accounts_needed, detectable_points, power
from pipelines.actions.readout import Reading, read_out
from pipelines.actions.rows import Followed
from pipelines.output import write_frame

COLUMNS = (
    "intervention_id", "account_id", "assigned_at", "kind", "assigned_by", "propensity", "is_holdout", "delivered_at",
    "cost",
)  # fmt: skip
PROGRAMME = "programme"
"""The name under which the standing holdout is read."""


def ledger_of(state: Path) -> Path:
    """Return where the ledger is."""
    return state / FOLDER / LEDGER


def plan(state: Path, name: str, design: Design, points: float | None, *, at: str) -> dict[str, Any]:
    """Write a plan into the ledger and return it: what it finds, and how many accounts an effect takes.

    Raises
    ------
    ConfigError
        when there is an experiment of that name already.
    """
    if any(entry.experiment == name for entry in entries(ledger_of(state))):
        raise ConfigError.of(f"an experiment {name!r}, which is there already", "a new name", "name another")
    said = asdict(design) | {
        "n_effective": design.n_effective,
        "detectable_points": detectable_points(design),
        "points": points,
        "power": None if points is None else _finite(power(design, points)),
        "accounts_needed": None if points is None else accounts_needed(design, points),
    }
    append(ledger_of(state), "planned", name, said, at=at)
    return said


@dataclass(frozen=True)
class Lot:
    """What is drawn: the kind of action, the share helped of those that take part, and the share that stands aside."""

    kind: str
    share: float
    holdout_share: float
    seed: int


def assign(state: Path, name: str, accounts: pd.DataFrame, lot: Lot, *, at: str) -> pd.DataFrame:
    """Draw who is helped, write it into a file and the ledger, and return it as rows of `interventions`.

    Parameters
    ----------
    accounts
        account_id, cluster, stratum, churn_prob: those that may have the action. Who stands aside is left out.

    Raises
    ------
    ConfigError
        when the experiment was not planned, or is assigned already.
    """
    own = [entry for entry in entries(ledger_of(state)) if entry.experiment == name]
    if not own:
        raise ConfigError.of(f"no plan of {name!r}", "a planned experiment", "run `perennial experiment plan` first")
    if any(entry.what == "assigned" for entry in own):
        raise ConfigError.of(f"{name!r}, which is assigned already", "one that is not", "plan another")
    taking_part = ~is_held_out(accounts["cluster"], share=lot.holdout_share, seed=lot.seed)
    part = accounts[taking_part].sort_values("account_id", ignore_index=True)
    helped = by_lot(part, name, share=lot.share, seed=lot.seed)
    rows = pd.DataFrame(
        {
            "intervention_id": [f"{name}/{account}" for account in part["account_id"]],
            "account_id": part["account_id"].astype(str),
            "assigned_at": pd.Timestamp(at).tz_localize(None),
            "kind": lot.kind,
            "assigned_by": "random",
            "propensity": lot.share,
            "is_holdout": ~helped,
            "delivered_at": pd.NaT,
            "cost": np.nan,
            # Not its name: a parent may be forgotten while its children stay.
            "cluster": [sha256(str(name).encode()).hexdigest()[:16] for name in part["cluster"]],
            "stratum": part["stratum"].astype(str),
            "churn_prob": part["churn_prob"],
        }
    ).astype({"assigned_at": "datetime64[us]", "delivered_at": "datetime64[us]"})
    write_frame(rows, _file(state, name))
    counts = {"n_helped": int(helped.sum()), "n_not": int((~helped).sum()), "n_aside": int((~taking_part).sum())}
    said = {"kind": lot.kind, "share": lot.share, "seed": lot.seed, "largest_imbalance": imbalance(rows)} | counts
    append(ledger_of(state), "assigned", name, said, at=at)
    return rows


def read(state: Path, name: str, followed: Followed, *, at: str) -> Reading:
    """Read an experiment, as often as one likes, and write the reading into the ledger.

    Raises
    ------
    ConfigError
        when it is not assigned.
    """
    if not _file(state, name).is_file():
        raise ConfigError.of(
            f"no assignment of {name!r}", "an assigned experiment", "run `perennial experiment assign`"
        )
    due = followed.with_outcome(pd.read_parquet(_file(state, name)))
    expected = 1 - due["churn_prob"].to_numpy(dtype=float)
    known = bool(len(due)) and bool(np.isfinite(expected).all())
    reading = _reading(due, ~due["is_holdout"].to_numpy(dtype=bool), expected if known else None)
    append(ledger_of(state), "read", name, _said(reading), at=at)
    return reading


def read_programme(
    state: Path, accounts: pd.DataFrame, since: pd.Timestamp, followed: Followed, *, holdout_share: float, seed: int
) -> Reading:
    """Read the whole programme: everyone against those that stand aside, from a date on.

    `accounts` has account_id and cluster of those that were served at that date.
    """
    due = followed.with_outcome(accounts.assign(assigned_at=since, propensity=1 - holdout_share))
    aside = is_held_out(due["cluster"], share=holdout_share, seed=seed)
    reading = _reading(due, ~aside, None)
    append(ledger_of(state), "read", PROGRAMME, _said(reading), at=f"{since:%Y-%m-%d}")
    return reading


def assigned_rows(state: Path, until: pd.Timestamp) -> pd.DataFrame:
    """Return what experiments assigned before a date, as rows of `interventions`."""
    parts = [pd.read_parquet(file)[list(COLUMNS)] for file in sorted((state / FOLDER).glob("*.parquet"))]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in COLUMNS})
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["assigned_at"] < until].reset_index(drop=True)


def imbalance(rows: pd.DataFrame) -> float:
    """Return by how much the share helped in a stratum differs most from that of all, of strata of ten and more.

    >>> rows = pd.DataFrame({"stratum": ["a"] * 10 + ["b"] * 10, "is_holdout": [True, False] * 10})
    >>> imbalance(rows)
    0.0
    """
    helped = (~rows["is_holdout"].astype(bool)).groupby(rows["stratum"]).agg(["mean", "size"])
    large = helped.loc[helped["size"] >= 10, "mean"]
    return float((large - (~rows["is_holdout"].astype(bool)).mean()).abs().max()) if len(large) else 0.0


def _reading(due: pd.DataFrame, helped: np.ndarray, expected: np.ndarray | None) -> Reading:
    if due.empty:
        return Reading(float("nan"), float("-inf"), float("inf"), 0, 0)
    cluster = pd.factorize(due["cluster"])[0].astype(np.int64)
    chance, stayed = due["propensity"].to_numpy(dtype=float), due["stayed"].to_numpy(dtype=np.int64)
    return read_out(helped.astype(np.int64), stayed, chance, cluster, expected)


def _said(reading: Reading) -> dict[str, Any]:
    return {key: _finite(value) for key, value in reading._asdict().items()} | {"says": reading.says}


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _file(state: Path, name: str) -> Path:
    return state / FOLDER / f"{name}.parquet"
