"""The catalogue of all features, and which of them some tables can give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from features.compute import OF_VALUES, Combined, Compute, Windowed, parts
from features.errors import DataError
from features.feature import Family, Feature, Kind, Tier, fingerprint, from_dict, to_dict
from features.streams import ACCOUNT, ACCOUNT_TIME, OBSERVED

__all__ = [
    "Family", "Feature", "Inventory", "Kind", "Tier", "available", "catalogue", "described", "fingerprint", "from_dict",
    "to_dict",
]  # fmt: skip

# Aggregates that say 0 over nothing: what is taken away may be of a stream that is not there.
ZERO_OF_NOTHING = frozenset(
    {"count", "total", "active_days", "distinct_kinds", "distinct_contacts", "distinct_touchpoints"}
)
# Aggregates that set one stream against another, so that each has to be there.
OF_ALL_STREAMS = frozenset({"unanswered_streak", "newly_silent", "always_silent"})


@dataclass(frozen=True)
class Inventory:
    """What there is to compute features from.

    Attributes
    ----------
    streams
        those with events.
    valued, by_contact, at_touchpoint
        the streams whose events know a value, a contact, a touchpoint.
    roles
        stream and buying role where there are events of contacts with that role.
    kinds
        by stream, the kinds of its events, the most frequent first.
    need_items
        what accounts were asked the importance of.
    account_columns, observed_columns
        columns of accounts, and of the user's own observations, that say something, by kind.
    account_times
        columns of accounts that are times.
    history
        columns of accounts whose changes are recorded.
    left_out
        columns that make no feature, with the reason.
    """

    streams: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    by_contact: frozenset[str] = frozenset()
    at_touchpoint: frozenset[str] = frozenset()
    roles: frozenset[tuple[str, str]] = frozenset()
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    need_items: tuple[str, ...] = ()
    account_columns: dict[str, Kind] = field(default_factory=dict)
    account_times: frozenset[str] = frozenset()
    history: frozenset[str] = frozenset()
    observed_columns: dict[str, Kind] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def catalogue() -> tuple[Feature, ...]:
    """Return every feature that is declared by name, family by family.

    >>> names = [feature.name for feature in catalogue()]
    >>> len(names) == len(set(names))
    True
    """
    from features import behaviour, engagement, experience, firmographics, relationship

    families = (firmographics, behaviour, experience, engagement, relationship)
    return tuple(feature for family in families for feature in family.FEATURES)


def available(inventory: Inventory) -> tuple[Feature, ...]:
    """Return the features that can be computed from what there is.

    Those declared by name, and those of further columns, of items asked about, and of kinds of events. Where a stream
    is lacking that would tell two of them apart, only the first is there.

    Raises
    ------
    DataError
        when a further column has the name of another feature.
    """
    from features.templates import column_feature, kind_features, need_feature, observed_feature

    declared = _different([feature for feature in catalogue() if _is_there(feature.compute, inventory)], inventory)
    own = {part.kind for feature in declared for part in parts(feature.compute) if part.streams == (ACCOUNT,)}
    columns = [column_feature(name, kind) for name, kind in inventory.account_columns.items() if name not in own]
    observed = [observed_feature(name, kind) for name, kind in inventory.observed_columns.items()]
    needs = [need_feature(item) for item in inventory.need_items]
    named = (*declared, *columns, *observed, *needs)
    double = sorted(name for name, n in Counter(feature.name for feature in named).items() if n > 1)
    if double:
        do = "rename the column in the mapping, or add it to `ignore`"
        raise DataError.of(f"two sources of a feature {', '.join(double)}", "one", do)
    taken = {feature.name for feature in (*named, *catalogue())}
    found = (*named, *kind_features(inventory.kinds, taken))
    return tuple(replace(feature, static=_is_static(feature, inventory)) for feature in found)


def described(features: tuple[Feature, ...], changes: Mapping[str, Mapping[str, Any]]) -> tuple[Feature, ...]:
    """Return the features with the user's own family, tier, unit, sentence or direction in place of ours."""
    return tuple(replace(feature, **changes.get(feature.name, {})) for feature in features)


def _is_there(compute: Compute | None, inventory: Inventory) -> bool:
    needed = parts(compute)
    if isinstance(compute, Combined) and compute.operation == "-" and compute.right.aggregate in ZERO_OF_NOTHING:
        # Nothing to take away yet is nothing taken away: no contact has left, no case is closed.
        needed = needed[:1]
    return bool(needed) and all(_can_aggregate(part, inventory) for part in needed)


def _can_aggregate(part: Windowed, inventory: Inventory) -> bool:
    """Whether some stream knows what the aggregate looks at: a mean needs values, distinct contacts need contacts."""
    columns = {
        (ACCOUNT,): inventory.account_columns,
        (ACCOUNT_TIME,): inventory.account_times,
        (OBSERVED,): inventory.observed_columns,
    }
    if part.streams in columns:
        return part.kind in columns[part.streams]
    knowing = {
        "distinct_contacts": inventory.by_contact,
        "distinct_touchpoints": inventory.at_touchpoint,
    } | dict.fromkeys(OF_VALUES, inventory.valued)
    known = knowing.get(part.aggregate, inventory.streams)
    matching = [stream in known and _has_such(stream, part, inventory) for stream in part.streams]
    return all(matching) if part.aggregate in OF_ALL_STREAMS else any(matching)


def _has_such(stream: str, part: Windowed, inventory: Inventory) -> bool:
    """Whether the stream has events of the kind, and of contacts with the roles, that are asked for."""
    has_kind = part.kind is None or part.kind in inventory.kinds.get(stream, ())
    return has_kind and (part.roles is None or any((stream, role) in inventory.roles for role in part.roles))


def _different(features: list[Feature], inventory: Inventory) -> list[Feature]:
    """The features without those that are the same as an earlier one, by the streams that are there."""
    seen: dict[Compute | None, Feature] = {}
    for feature in features:
        seen.setdefault(_as_there(feature.compute, inventory), feature)
    return list(seen.values())


def _as_there(compute: Compute | None, inventory: Inventory) -> Compute | None:
    if isinstance(compute, Combined):
        return Combined(compute.operation, _narrowed(compute.left, inventory), _narrowed(compute.right, inventory))
    return None if compute is None else _narrowed(compute, inventory)


def _narrowed(part: Windowed, inventory: Inventory) -> Windowed:
    there = tuple(stream for stream in part.streams if stream in inventory.streams)
    return replace(part, streams=there or part.streams)


def _is_static(feature: Feature, inventory: Inventory) -> bool:
    """Whether it rests on a column of accounts of which only today's value is known."""
    columns = [part.kind for part in parts(feature.compute) if part.streams == (ACCOUNT,)]
    return any(column not in inventory.history for column in columns)
