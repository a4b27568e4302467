"""Features that are not declared by name: one for each further column, item asked about, and kind of event."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from features.behaviour import done
from features.compute import Windowed
from features.engagement import BEYOND_USE, by_us, helped
from features.feature import Family, Feature, Kind, Tier
from features.firmographics import account_column
from features.streams import ACTIVITY, INTERVENTION, NEED, OBSERVED, OUTREACH

# An observation stands one microsecond before the date it speaks of; in days.
OBSERVED_DAYS = 1 / 86_400_000_000
MOST_KINDS = 12
LONGEST_NAME = 40
# A kind of activity speaks of leaving where for each stem of a row one of its words begins with it.
LEAVING: tuple[tuple[str, ...], ...] = (
    ("cancel",), ("discount",), ("downgrad",), ("offboard",), ("unsubscrib",), ("export", "data"), ("export", "all"),
    ("clos", "account"), ("delet", "account"), ("terminat", "contract"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ByKind:
    """What is counted of each of the most frequent kinds of a stream: in which windows, and how it is called."""

    events: Windowed
    family: Family
    tier: Tier
    prefix: str
    words: str
    days: tuple[int, ...]


BY_KIND: Mapping[str, ByKind] = {
    ACTIVITY: ByKind(done("count"), "behaviour", "behaviour", "", "", (30, 90)),
    OUTREACH: ByKind(by_us("count"), "engagement", "operations", "outreach_", ", from our side", (90,)),
    INTERVENTION: ByKind(helped("count"), "engagement", "operations", "intervention_", ", a retention measure", (90,)),
}


def column_feature(name: str, kind: Kind) -> Feature:
    """Return the feature of a further column of accounts."""
    return account_column(name, _unit(kind), _sentence(name), kind)


def observed_feature(name: str, kind: Kind) -> Feature:
    """Return the feature of a column of the user's own observations, taken as it stands."""
    aggregate = "current_text" if kind == "category" else "current"
    compute = Windowed((OBSERVED,), aggregate, OBSERVED_DAYS, kind=name)
    return Feature(name, "firmographic", "context", _unit(kind), _sentence(name), kind, compute=compute)


def need_feature(item: str) -> Feature:
    """Return the feature of an item that accounts were asked the importance of."""
    sentence = f"Importance given to {item.replace('_', ' ')}, latest answer"
    return Feature(
        f"need_{item}", "experience", "context", "score", sentence, compute=Windowed((NEED,), "last", kind=item)
    )


def kind_features(kinds: Mapping[str, tuple[str, ...]], taken: Collection[str]) -> tuple[Feature, ...]:
    """Return the features of kinds of events, named as none of the `taken`.

    Of each stream those kinds that speak of leaving come first, then the most frequent ones, `MOST_KINDS` in all.

    >>> [feature.name for feature in kind_features({"activity": ("Login", "cancel-page viewed")}, ())][2:4]
    ['cancel_page_viewed_recency_days', 'login_30d']
    """
    chosen = {stream: _chosen(kinds.get(stream, ())) for stream in BY_KIND}
    named = [(_names(BY_KIND[stream], _slug(kind)), stream, kind) for stream in BY_KIND for kind in chosen[stream]]
    count = Counter([*taken, *(name for names, _, _ in named for name in names)])
    found = []
    for names, stream, kind in named:
        if any(count[name] > 1 for name in names):
            # By the kind itself, so that the name stays when other kinds come and go.
            names = _names(BY_KIND[stream], f"{_slug(kind)}_{hashlib.sha256(kind.encode()).hexdigest()[:6]}")
        found += _of_kind(BY_KIND[stream], kind, names)
    return tuple(found)


def speaks_of_leaving(kind: str) -> bool:
    """Whether a kind of activity is done because one leaves.

    >>> [speaks_of_leaving(kind) for kind in ("cancellation_page_viewed", "data export requested", "export_run")]
    [True, True, False]
    """
    words = _words(kind)
    return any(all(any(word.startswith(stem) for word in words) for stem in stems) for stems in LEAVING)


def _chosen(kinds: tuple[str, ...]) -> list[str]:
    open_kinds = [kind for kind in kinds if kind not in BEYOND_USE and _words(kind)]
    return sorted(open_kinds, key=lambda kind: not speaks_of_leaving(kind))[:MOST_KINDS]


def _names(of: ByKind, slug: str) -> tuple[str, ...]:
    return (*(f"{of.prefix}{slug}_{days}d" for days in of.days), f"{of.prefix}{slug}_recency_days")


def _of_kind(of: ByKind, kind: str, names: tuple[str, ...]) -> list[Feature]:
    # A discount that we offer is not one that is asked for.
    leaves = ACTIVITY in of.events.streams and speaks_of_leaving(kind)
    tier: Tier = "intent" if leaves else of.tier
    what, events = _sentence(" ".join(_words(kind))) + of.words, of.events.of_kind(kind)
    counts = [
        Feature(name, of.family, tier, "count", f"{what}: how often, last {days} days", "number", int(leaves),
                events.within(days))
        for name, days in zip(names[:-1], of.days, strict=True)
    ]  # fmt: skip
    since = Windowed(events.streams, "days_since_last", kind=kind)
    return [
        *counts,
        Feature(names[-1], of.family, tier, "days", f"{what}: time since the last", "number", -leaves, since),
    ]


def _words(kind: str) -> list[str]:
    """The words of a kind in lower case, however they are joined: user_login, UserLogin, user-login."""
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower())


def _slug(kind: str) -> str:
    return "_".join(_words(kind))[:LONGEST_NAME].rstrip("_")


def _unit(kind: Kind) -> str:
    return "category" if kind == "category" else "as given"


def _sentence(name: str) -> str:
    said = name.replace("_", " ").strip()
    return said[:1].upper() + said[1:]
