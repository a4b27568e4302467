"""How many stay, and what leaving costs: of the company and of each segment, summed over their accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.churn.encoder import FloatArray
from pipelines.outlook import Outlook

Z = 1.6448536269514722
ALL = "all"


@dataclass(frozen=True)
class Prospect:
    """What lies ahead of a group of accounts; all of it predicted.

    Attributes
    ----------
    group_by, group
        "all", or a segmentation and one of its segments.
    n_accounts, n_valued
        Accounts, and those of them whose revenue is known.
    days, stayed
        Days after the as-of date, and the expected share of the accounts that has stayed so long.
    value_at_risk, low, high
        Expected margin lost, and the range in which 9 of 10 outcomes would lie by chance alone, were every probability
        right; None where no revenue is known.
    """

    group_by: str
    group: str
    n_accounts: int
    n_valued: int
    days: tuple[float, ...]
    stayed: tuple[float, ...]
    value_at_risk: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Ahead:
    """Sums over some accounts, which add up from part to part."""

    frame: pd.DataFrame
    stayed: FloatArray
    days: FloatArray

    @classmethod
    def of(cls, scores: pd.DataFrame, found: Outlook) -> Ahead:
        """Return the sums of accounts that were scored, by the combination of segments they are in."""
        names = [str(name) for name in scores if str(name).endswith("_segment")]
        known = ~np.isnan(found.value_at_risk)
        frame = (
            scores[names]
            .fillna("unknown")
            .assign(
                n_accounts=1,
                n_valued=known.astype(int),
                value=np.where(known, found.value_at_risk, 0.0),
                variance=np.where(known, np.square(found.value_sd), 0.0),
            )
        )
        code, frame_of = _combined(frame, names)
        stayed = np.zeros((len(frame_of), found.stayed.shape[1]))
        np.add.at(stayed, code, found.stayed)
        return cls(frame_of, stayed, found.days)


def _combined(frame: pd.DataFrame, names: list[str]) -> tuple[npt.NDArray[np.intp], pd.DataFrame]:
    """Which combination of segments each row is of, and the sums of each."""
    if not names:
        return np.zeros(len(frame), dtype=np.intp), frame.sum().to_frame().T
    groups = frame.groupby(names, sort=True)
    return np.asarray(groups.ngroup(), dtype=np.intp), groups.sum().reset_index()


def prospects(parts: Sequence[Ahead]) -> list[Prospect]:
    """Return what lies ahead of all accounts, and of each segment."""
    if not parts:
        return []
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    stayed, days = np.concatenate([part.stayed for part in parts]), parts[0].days
    found = [_prospect(ALL, ALL, frame, stayed, days)]
    for name in [str(column) for column in frame if str(column).endswith("_segment")]:
        found += _each(name, frame, stayed, days)
    return found


def _each(name: str, frame: pd.DataFrame, stayed: FloatArray, days: FloatArray) -> Iterator[Prospect]:
    for group in sorted(frame[name].unique()):
        own = (frame[name] == group).to_numpy()
        yield _prospect(name.removesuffix("_segment"), str(group), frame[own], stayed[own], days)


def _prospect(group_by: str, group: str, frame: pd.DataFrame, stayed: FloatArray, days: FloatArray) -> Prospect:
    n, n_valued = int(frame["n_accounts"].sum()), int(frame["n_valued"].sum())
    value, reach = float(frame["value"].sum()), Z * float(np.sqrt(frame["variance"].sum()))
    shares = tuple((stayed.sum(axis=0) / n).tolist())
    money = (value, max(value - reach, 0.0), value + reach) if n_valued else (None, None, None)
    return Prospect(group_by, group, n, n_valued, tuple(days.tolist()), shares, *money)
