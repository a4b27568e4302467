"""Which of the new segments is which of the champion's: the same id where the accounts are mostly the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.churn.encoder import Columns
from pipelines.segmentation.mixture import IntArray
from pipelines.segmentation.segmentation import Segment, Segmentation, most_probable
from pipelines.segmentation.stability import overlap

MOST = 0.5


def shared_accounts(old: Segmentation, new: Segmentation, rows: Columns) -> IntArray:
    """Return how many accounts are in each segment of one and each of the other, shape (k_old, k_new).

    Accounts whose place is not known in both count for nothing.
    """
    one, other = most_probable(old.membership(rows)), most_probable(new.membership(rows))
    is_known = (one >= 0) & (other >= 0)
    return overlap(one[is_known], other[is_known], len(old.segments), len(new.segments))


def matched(shared: IntArray) -> dict[int, int]:
    """Return by new segment the old one that it is, from the accounts they share, shape (k_old, k_new).

    The pairs are those that share the most accounts in all (Kuhn 1955, The Hungarian method for the assignment problem,
    Naval Research Logistics Quarterly 2), less those of which either shares no more than half of its accounts: such a
    segment is gone, or is a new one.

    >>> matched(np.array([[90, 5, 0], [10, 40, 45]]))
    {0: 0}
    """
    from scipy.optimize import linear_sum_assignment

    of_old, of_new = shared.sum(axis=1), shared.sum(axis=0)
    pairs = zip(*linear_sum_assignment(-shared), strict=True)
    return {int(new): int(old) for old, new in pairs if shared[old, new] > MOST * max(of_old[old], of_new[new])}


def with_kept_ids(new: Segmentation, champion: Segmentation | None, rows: Columns) -> Segmentation:
    """Return the segmentation with the champion's ids and names where a segment is one of the champion's.

    All others get ids that were never in use. `rows` are the accounts of today, by which the two are compared.
    """
    if champion is None:
        return new
    if not (new.is_divided and champion.is_divided):
        return _renumbered(new, {}, champion)
    return _renumbered(new, matched(shared_accounts(champion, new, rows)), champion)


def _renumbered(new: Segmentation, same: dict[int, int], champion: Segmentation) -> Segmentation:
    number, segments = champion.last_number, []
    taken = {champion.segments[old].found_name for old in same.values()}
    for place, segment in enumerate(new.segments):
        if place in same:
            old = champion.segments[same[place]]
            segments.append(replace(segment, id=old.id, name=old.found_name, found_name=old.found_name))
        elif not new.is_divided:
            segments.append(segment)
        else:
            number += 1
            segments.append(_as_new(segment, f"{new.name}-{number}", taken))
    return replace(new, segments=tuple(segments), last_number=number)


def _as_new(segment: Segment, own_id: str, taken: set[str]) -> Segment:
    """The segment under an id of its own, and a name that no other has."""
    name = segment.found_name if segment.found_name not in taken else f"{segment.found_name} ({own_id})"
    return replace(segment, id=own_id, name=name, found_name=name)


def changes(shared: IntArray, old: Segmentation, new: Segmentation) -> list[str]:
    """Return in sentences which of the old segments split, merged, went or came; nothing where all are as they were.

    An old segment split where two or more new ones consist mostly of it, two merged where most of each went to the same
    new one.
    """
    of_old, of_new = np.maximum(shared.sum(axis=1, keepdims=True), 1), np.maximum(shared.sum(axis=0), 1)
    from_old, to_new = shared / of_new > MOST, shared / of_old > MOST
    old_ids, new_ids = [one.id for one in old.segments], [one.id for one in new.segments]
    said: list[str] = []
    for row, own in enumerate(old_ids):
        parts = [new_ids[column] for column in np.flatnonzero(from_old[row])]
        if len(parts) > 1:
            said.append(f"{own} split into {_listed(parts)}")
        elif own not in new_ids and not to_new[row].any():
            said.append(f"{own} is gone: its accounts are spread over {_listed(_largest(shared[row], new_ids))}")
    for column, own in enumerate(new_ids):
        sources = [old_ids[row] for row in np.flatnonzero(to_new[:, column])]
        if len(sources) > 1:
            said.append(f"{_listed(sources)} merged into {own}")
        elif own not in old_ids and not from_old[:, column].any():
            said.append(f"{own} is new: its accounts come from {_listed(_largest(shared[:, column], old_ids))}")
    return said


def _largest(shared: IntArray, ids: list[str]) -> list[str]:
    """Those that share the most, most first, until they make up three quarters."""
    order = np.argsort(-shared, kind="stable")
    reached = np.cumsum(shared[order]) / max(shared.sum(), 1)
    return [ids[place] for place in order[: int(np.searchsorted(reached, 0.75)) + 1]]


def _listed(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{', '.join(ids[:-1])} and {ids[-1]}"
