"""The Feature type, and the catalogue of all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from features.compute import OF_VALUES, AccountColumn, Combined, Compute, DaysSince, ObservedColumn, Windowed, parts
from features.errors import DataError
from features.events import NEED

Family = Literal["firmographic", "behaviour", "experience", "engagement", "relationship"]
Tier = Literal["context", "operations", "perception", "behaviour", "intent"]
Kind = Literal["number", "category"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the panel, declared once.

    `direction` is +1 where more of it is known to raise the risk of churn, -1 where it lowers it, 0 where unknown.

    >>> Feature("nps_last", "experience", "perception", "score", "Latest NPS answer", direction=-1).kind
    'number'
    """

    name: str
    family: Family
    tier: Tier
    unit: str
    sentence: str
    kind: Kind = "number"
    direction: int = 0
    compute: Compute | None = None


@dataclass(frozen=True)
class Inventory:
    """What there is to compute features from: streams, need items, and columns of accounts or observations.

    `valued`, `by_contact` and `at_touchpoint` are the streams whose events know a value, a contact, a touchpoint;
    `left_out` are columns that make no feature, with the reason.
    """

    streams: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    by_contact: frozenset[str] = frozenset()
    at_touchpoint: frozenset[str] = frozenset()
    need_items: tuple[str, ...] = ()
    account_columns: dict[str, Kind] = field(default_factory=dict)
    account_times: frozenset[str] = frozenset()
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
    """Return the features that can be computed from what there is: declared ones, need items and further columns.

    Raises
    ------
    DataError
        when a further column has the name of another feature.
    """
    declared = [feature for feature in catalogue() if _is_there(feature.compute, inventory)]
    taken = {feature.compute.column for feature in declared if isinstance(feature.compute, AccountColumn)}
    further = {name: kind for name, kind in inventory.account_columns.items() if name not in taken}
    columns = [_further(name, kind, AccountColumn(name)) for name, kind in further.items()]
    observed = [_further(name, kind, ObservedColumn(name)) for name, kind in inventory.observed_columns.items()]
    needs = [_need(item) for item in inventory.need_items]
    found = (*declared, *columns, *observed, *needs)
    double = sorted(name for name, n in Counter(feature.name for feature in found).items() if n > 1)
    if double:
        do = "rename the column in the mapping, or add it to `ignore`"
        raise DataError.of(f"two sources of a feature {', '.join(double)}", "one", do)
    return found


def described(features: tuple[Feature, ...], changes: dict[str, dict[str, Any]]) -> tuple[Feature, ...]:
    """Return the features with the user's own family, tier, unit, sentence or direction in place of ours."""
    return tuple(replace(feature, **changes.get(feature.name, {})) for feature in features)


def _is_there(compute: Compute | None, inventory: Inventory) -> bool:
    if isinstance(compute, AccountColumn):
        return compute.column in inventory.account_columns
    if isinstance(compute, DaysSince):
        return compute.column in inventory.account_times
    if isinstance(compute, ObservedColumn):
        return compute.column in inventory.observed_columns
    needed = parts(compute)
    if isinstance(compute, Combined) and compute.operation == "-":
        # Nothing to take away yet is nothing taken away: no contact has left, no case is closed.
        needed = needed[:1]
    return bool(needed) and all(_can_aggregate(part, inventory) for part in needed)


def _can_aggregate(part: Windowed, inventory: Inventory) -> bool:
    """Whether some stream knows what the aggregate looks at: a mean needs values, distinct contacts need contacts."""
    knowing = {
        "distinct_contacts": inventory.by_contact,
        "distinct_touchpoints": inventory.at_touchpoint,
    } | dict.fromkeys(OF_VALUES, inventory.valued)
    return bool(set(part.streams) & knowing.get(part.aggregate, inventory.streams))


def _further(name: str, kind: Kind, compute: AccountColumn | ObservedColumn) -> Feature:
    sentence = name.replace("_", " ").strip()
    unit = "category" if kind == "category" else "as given"
    return Feature(name, "firmographic", "context", unit, sentence[:1].upper() + sentence[1:], kind, compute=compute)


def _need(item: str) -> Feature:
    sentence = f"Importance given to {item.replace('_', ' ')}, latest answer"
    compute = Windowed((NEED,), "last", kind=item)
    return Feature(f"need_{item}", "experience", "context", "score", sentence, compute=compute)
