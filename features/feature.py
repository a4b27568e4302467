"""The Feature type: one column of the panel, declared as data; its plain form, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from features.compute import Compute
from features.declaration import computation, plain_computation, refuse_unknown, unreadable

Family = Literal["firmographic", "behaviour", "experience", "engagement", "relationship"]
Tier = Literal["context", "operations", "perception", "behaviour", "intent"]
Kind = Literal["number", "category"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the panel, declared once.

    `direction` is +1 where more of it is known to raise the risk of churn, -1 where it lowers it, 0 where unknown.
    `static` features are taken as they are today for every date: their source has no history of them.

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
    static: bool = False


_ALLOWED: Mapping[str, tuple[object, ...]] = {
    "family": get_args(Family), "tier": get_args(Tier), "kind": get_args(Kind), "direction": (-1, 0, 1),
    "static": (False, True),
}  # fmt: skip
_TEXTS = ("name", "unit", "sentence")


def to_dict(feature: Feature) -> dict[str, Any]:
    """Return the declaration as plain JSON types.

    >>> to_dict(Feature("age", "firmographic", "context", "days", "Age"))["tier"]
    'context'
    """
    compute = None if feature.compute is None else plain_computation(feature.compute)
    return {name: getattr(feature, name) for name in Feature.__slots__} | {"compute": compute}


def from_dict(plain: Mapping[str, Any]) -> Feature:
    """Return the feature that `to_dict` wrote.

    Raises
    ------
    ReleaseError
        when it is not such a declaration: a key, a stream, an aggregate or a value that is not known here.
    """
    refuse_unknown(plain, Feature.__slots__, "feature")
    lacking = [name for name in (*_TEXTS, "family", "tier") if name not in plain]
    if lacking:
        raise unreadable(f"a feature without {', '.join(lacking)}")
    wrong = [name for name in _TEXTS if not isinstance(plain[name], str)]
    wrong += [name for name, allowed in _ALLOWED.items() if name in plain and plain[name] not in allowed]
    if wrong:
        raise unreadable(f"a feature with {wrong[0]} {plain[wrong[0]]!r}")
    compute = plain.get("compute")
    return Feature(**{**plain, "compute": None if compute is None else computation(compute)})


def fingerprint(feature: Feature) -> str:
    """Return a hash of what the column holds: its name, its kind, what is computed; not of how it is described.

    >>> age = Feature("age", "firmographic", "context", "days", "Age")
    >>> fingerprint(age) == fingerprint(Feature("age", "firmographic", "context", "years", "How old it is"))
    True
    """
    said = to_dict(feature)
    text = json.dumps([said["name"], said["kind"], said["compute"]], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
