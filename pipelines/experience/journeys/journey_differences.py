"""Where segments go other ways than everyone else, with false discoveries held down."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.churn.encoder import FloatArray
from pipelines.experience.found import Found

TOPIC = "journey of a segment"
PERMUTATIONS = 200
FEWEST_ACCOUNTS, FEWEST_MOVES = 20, 30
FALSE_DISCOVERY, FALSE_ALARM = 0.05, 0.01
"""Of the ways that are told, and the chance that any is told where segments do not differ at all."""


def journey_differences(
    moves: pd.DataFrame, segments: pd.Series[str], *, group_by: str, seed: int = 0
) -> tuple[Found, ...]:
    """Return, by segment and way, by how much likelier its accounts take it next than all others, where that is found.

    Segments are dealt out anew among accounts, which keep their moves; each difference is measured by how it spreads
    then, and all of those together tell how far chance goes. False discoveries among all ways of all segments are held
    at 5 % (Benjamini and Hochberg 1995), the chance to find any where there are none at 1 %. Only what is found is
    told, and how many ways were looked at.

    Parameters
    ----------
    moves
        of `visits.read_moves`.
    segments
        by account_id; accounts without a segment are left out.
    """
    known = segments.dropna()
    sizes = known.value_counts()
    names = sorted(str(name) for name, size in sizes.items() if size >= FEWEST_ACCOUNTS)
    own = moves[moves["account_id"].isin(known.index)]
    ways = own.groupby(["source", "target"])["n"].sum()
    ways = ways[ways >= FEWEST_MOVES]
    if len(names) < 2 or ways.empty:
        why = f"{len(names)} segments with {FEWEST_ACCOUNTS} accounts and {len(ways)} ways with {FEWEST_MOVES} moves"
        return (Found.refused(TOPIC, "other ways", f"{why}; two segments and a way are needed", group_by),)
    counts = _Counts(own, ways.index, known)
    gaps = counts.gaps(counts.members(names))
    rng = np.random.default_rng(seed)
    drawn = np.array([counts.gaps(counts.members(names)[rng.permutation(counts.n)]) for _ in range(PERMUTATIONS)])
    # What is seen comes first, as one deal more: what it is measured by, it has the same part in as all others.
    deals = np.concatenate([gaps[None], drawn])
    spread = deals.std(axis=0)
    spread[spread == 0] = np.inf
    q_values = _q_values(np.abs(deals / spread))
    is_found = (q_values[0] <= FALSE_DISCOVERY) & (_share_as_low(q_values) <= FALSE_ALARM)
    return tuple(_found(gaps, spread, np.where(is_found, q_values[0], 1.0), names, ways.index, counts, group_by))


class _Counts:
    """Moves of each account as matrices: by way, and by what they start from."""

    def __init__(self, moves: pd.DataFrame, ways: pd.Index, segments: pd.Series[str]) -> None:
        from scipy.sparse import csr_array

        accounts = pd.Index(sorted(set(moves["account_id"])))
        self.n, self.segment = len(accounts), segments.reindex(accounts).astype(str).to_numpy()
        sources = pd.Index(sorted({source for source, _ in ways}))
        self.source_of = sources.get_indexer(ways.get_level_values(0))
        row = accounts.get_indexer(moves["account_id"])
        n = moves["n"].to_numpy(dtype=float)
        way = ways.get_indexer(pd.MultiIndex.from_frame(moves[["source", "target"]]))
        source = sources.get_indexer(moves["source"])
        kept, starts = way >= 0, source >= 0
        self.ways = csr_array((n[kept], (row[kept], way[kept])), shape=(self.n, len(ways))).T.tocsr()
        self.sources = csr_array((n[starts], (row[starts], source[starts])), shape=(self.n, len(sources))).T.tocsr()

    def members(self, names: list[str]) -> FloatArray:
        """Which account is in which segment, 0 and 1."""
        return np.column_stack([self.segment == name for name in names]).astype(np.float64)

    def gaps(self, members: FloatArray) -> FloatArray:
        """(ways, segments) share of the segment's moves that go this way, less that of all other accounts."""
        taken, left = self.ways @ members, (self.sources @ members)[self.source_of]
        all_taken = np.asarray(self.ways.sum(axis=1)).reshape(-1, 1)
        all_left = np.asarray(self.sources.sum(axis=1)).reshape(-1)[self.source_of].reshape(-1, 1)
        own, others = _share(taken, left), _share(all_taken - taken, all_left - left)
        gaps: FloatArray = np.nan_to_num(own - others)
        return gaps


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    share: FloatArray = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return share


def _q_values(deals: FloatArray) -> npt.NDArray[np.float64]:
    """Benjamini and Hochberg's, by deal, of the share of differences of all deals that are as large."""
    from scipy.stats import false_discovery_control

    by_chance = np.sort(deals.ravel())
    larger = len(by_chance) - np.searchsorted(by_chance, deals, side="left")
    p_values = (larger / len(by_chance)).reshape(len(deals), -1)
    return np.asarray(false_discovery_control(p_values, axis=1)).reshape(deals.shape)


def _share_as_low(q_values: FloatArray) -> float:
    """The share of deals whose lowest q-value is at most that of the first: how often chance finds as much as is seen.

    Ways from one place are no independent tests, on which q-values rest; deals have the same dependence.
    """
    lowest = q_values.reshape(len(q_values), -1).min(axis=1)
    return float(np.mean(lowest <= lowest[0]))


def _found(
    gaps: FloatArray, spread: FloatArray, q_values: FloatArray, names: list[str], ways: pd.Index,
    counts: _Counts, group_by: str,
) -> Iterator[Found]:  # fmt: skip
    n_by_name = dict(zip(*np.unique(counts.segment, return_counts=True), strict=True))
    places = np.argwhere(q_values <= FALSE_DISCOVERY)
    for way, segment in sorted(places, key=lambda place: -abs(gaps[place[0], place[1]])):
        gap, reach = 100 * gaps[way, segment], 196.0 * spread[way, segment]
        source, target = ways[way]
        yield Found(TOPIC, f"{source} -> {target}", gap, gap - reach, gap + reach, "percentage points", "counted",
                    group_by, names[segment], n_accounts=int(n_by_name[names[segment]]), verdict="found",
                    sentence=f"likelier than among all others; q = {q_values[way, segment]:.3f}")  # fmt: skip
    n = int(gaps.size)
    said = f"{len(places)} of {n} ways of {len(names)} segments differ; false discoveries held at 5 %"
    yield Found(TOPIC, "other ways", len(places), unit="ways", group_by=group_by, n_accounts=counts.n,
                verdict="found" if len(places) else "none found", sentence=said)  # fmt: skip
