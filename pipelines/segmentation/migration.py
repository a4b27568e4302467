"""Who moved from segment to segment: from month to month, and from release to release; and how segments drift."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.churn.encoder import Columns, FloatArray
from pipelines.segmentation.matching import changes, shared_accounts
from pipelines.segmentation.mixture import IntArray
from pipelines.segmentation.segmentation import Segmentation, most_probable
from pipelines.segmentation.stability import overlap

if TYPE_CHECKING:
    import pandas as pd

MOST_MONTHS = 12
SHIFTED = 0.25
"""Above this the population stability index is commonly called a shift (Siddiqi 2006, Credit Risk Scorecards)."""
LEFT = "left"
"""Stands for no segment at all: the account is no customer any more."""


@dataclass(frozen=True)
class Migration:
    """How many went from where to where, counted.

    Attributes
    ----------
    between
        "months": accounts at one month's start and at the next, summed over the last twelve pairs of months.
        "releases": the accounts of today by the segments of the champion and by these.
    since, until
        First and last date, or the champion's version and nothing.
    sources, targets
        Ids of segments; the last target between months is "left".
    counts
        Shape (sources, targets).
    sentences
        What is to be said of it.
    """

    between: Literal["months", "releases"]
    since: str
    until: str | None
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Drift:
    """Segments' shares of the accounts at each date, 0 to 1, counted, and whether they shifted.

    `shares` has a line for each date; `n` is how many accounts it rests on, `unlike` the share of them that fits
    nowhere. `psi` is the population stability index between the first date and the last.
    """

    dates: tuple[str, ...]
    ids: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]
    unlike: tuple[float, ...]
    n: tuple[int, ...]
    psi: float
    sentence: str


class Placed(NamedTuple):
    """Accounts of a panel with their segments: date (n,), account (n,) as a number, segment (n,) or -1, fits (n,)."""

    dates: npt.NDArray[np.datetime64]
    accounts: IntArray
    segments: IntArray
    fits: npt.NDArray[np.bool_]


def placed(segmentation: Segmentation, rows: pd.DataFrame) -> Placed:
    """Return the rows of a panel, with account_id and as_of, at the last thirteen dates in their segments."""
    late = rows[rows["as_of"] >= np.unique(rows["as_of"])[-(MOST_MONTHS + 1) :][0]]
    columns = {str(name): late[name] for name in late}
    dates, accounts = late["as_of"].to_numpy("datetime64[us]"), late["account_id"].factorize()[0]
    return Placed(dates, accounts, most_probable(segmentation.membership(columns)), segmentation.fits(columns))


def between_months(segmentation: Segmentation, at: Placed) -> Migration | None:
    """Return who moved from one date to the next; None where there are fewer than two dates."""
    dates, ids = np.unique(at.dates), [one.id for one in segmentation.segments]
    if len(dates) < 2:
        return None
    k = len(ids)
    counts = np.zeros((k, k + 1), dtype=np.intp)
    for now, then in pairwise(dates):
        counts += _moves(at, now, then, k)
    stayed = counts[:, :k]
    share = np.trace(stayed) / max(stayed.sum(), 1)
    said = (
        f"{share:.1%} of accounts that remain are in the same segment a month later "
        f"({stayed.sum():,} account-months, counted)",
        *_strongest(stayed, ids),
    )
    since, until = (str(np.datetime_as_string(date, "D")) for date in (dates[0], dates[-1]))
    return Migration("months", since, until, tuple(ids), (*ids, LEFT), _plain(counts), said)


def _moves(at: Placed, now: np.datetime64, then: np.datetime64, k: int) -> IntArray:
    """Shape (k, k + 1): from the segments at one date to those at the next, or away; unknown places count not."""
    is_now, is_then = at.dates == now, at.dates == then
    next_place = np.full(int(at.accounts.max()) + 1, k)
    next_place[at.accounts[is_then]] = at.segments[is_then]
    source, target = at.segments[is_now], next_place[at.accounts[is_now]]
    is_known = (source >= 0) & (target >= 0)
    return overlap(source[is_known], target[is_known], k, k + 1)


def _strongest(counts: IntArray, ids: list[str]) -> list[str]:
    """The largest flow between two segments, in words, where there is one."""
    moved = counts * (1 - np.eye(len(ids), dtype=np.intp))
    source, target = np.unravel_index(int(moved.argmax()), moved.shape)
    if not moved[source, target]:
        return []
    n = int(moved[source, target])
    back = int(moved[target, source])
    return [f"the largest move is from {ids[source]} to {ids[target]}: {n:,} times, and {back:,} times back"]


def between_releases(old: Segmentation, version: str, new: Segmentation, rows: Columns) -> Migration:
    """Return how the champion's segments became these, by the accounts of today."""
    shared = shared_accounts(old, new, rows)
    ids = [one.id for one in new.segments]
    kept = sum(int(shared[row, ids.index(one.id)]) for row, one in enumerate(old.segments) if one.id in ids)
    total = int(shared.sum())
    said = f"{kept / max(total, 1):.1%} of {total:,} accounts keep the segment that they have in {version} (counted)"
    sources = tuple(one.id for one in old.segments)
    sentences = (said, *changes(shared, old, new)) if total else ("no account has a place in both",)
    return Migration("releases", version, None, sources, tuple(ids), _plain(shared), sentences)


def drift(segmentation: Segmentation, at: Placed) -> Drift | None:
    """Return the segments' shares date by date; None where there are fewer than two dates with accounts in them."""
    k, dates = len(segmentation.segments), np.unique(at.dates[at.segments >= 0])
    if len(dates) < 2:
        return None
    of_each = [(at.dates == date) & (at.segments >= 0) for date in dates]
    counts = np.array([np.bincount(at.segments[own], minlength=k) for own in of_each])
    unlike = [float(1 - at.fits[own].mean()) for own in of_each]
    n = counts.sum(axis=1)
    shares = counts / n[:, None]
    psi = population_stability(counts[0], counts[-1])
    days = [str(np.datetime_as_string(date, "D")) for date in dates]
    change = shares[-1] - shares[0]
    widest = int(np.abs(change).argmax())
    said = (
        f"{'the segments have shifted' if psi > SHIFTED else 'no shift'} from {days[0]} to {days[-1]} (population "
        f"stability index {psi:.2f}, a shift from {SHIFTED}); the widest change is that of "
        f"{segmentation.segments[widest].id}, from {shares[0, widest]:.0%} to {shares[-1, widest]:.0%} of the accounts"
    )
    ids = tuple(one.id for one in segmentation.segments)
    lines = tuple(tuple(line) for line in shares.tolist())
    return Drift(tuple(days), ids, lines, tuple(unlike), tuple(n.tolist()), psi, said)


def population_stability(before: IntArray, after: IntArray) -> float:
    """Return the population stability index of two sets of counts: 0 where shares are equal.

    Half an account is added to each, so that a segment which is empty at one date does not make it infinite.

    >>> round(population_stability(np.array([50, 50]), np.array([80, 20])), 2)
    0.41
    """
    one, other = (_shares(counts) for counts in (before, after))
    return float(((other - one) * np.log(other / one)).sum())


def _shares(counts: IntArray) -> FloatArray:
    shares: FloatArray = (counts + 0.5) / (counts + 0.5).sum()
    return shares


def _plain(counts: IntArray) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(one) for one in line) for line in counts.tolist())
