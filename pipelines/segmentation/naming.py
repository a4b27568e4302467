"""What sets a segment apart from all accounts, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from features.catalog import Feature
from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.mixture import IntArray

NOTABLE = 0.2
"""Cohen's small effect, in standard deviations."""
MOST_WORDS = 3
SAME = 0.8
"""Two columns correlated beyond this within segments say the same: activity of 30 and of 90 days."""
MIRRORED = 0.95
"""The same over all accounts: "no internet" in the answers on security and on backup."""

HIGH_LOW = {
    "days": ("long", "short"),
    "hours": ("long", "short"),
    "month": ("long", "short"),
    "months": ("long", "short"),
}
HIGH_LOW |= dict.fromkeys(("count", "employees", "seats"), ("many", "few"))


@dataclass(frozen=True)
class Axis:
    """One column of prepared numbers: its feature, and the level if that is a category."""

    feature: Feature
    level: str | None = None


def segment_names(X: FloatArray, segments: IntArray, axes: Sequence[Axis]) -> list[str]:
    """Return a name for each segment 0..k-1, such as "many employees, Enterprise, few cases", no two the same.

    The words are the (at most three) columns whose mean in the segment lies furthest from the mean of all, in standard
    deviations; columns that say nearly the same as one already named are passed over. X has shape (n, d), missing as
    NaN.
    """
    scaled = _standardised(X)
    effects = np.array([_means(scaled[segments == segment]) for segment in range(int(segments.max()) + 1)])
    likeness = _likeness(scaled, effects[segments])
    names: list[str] = []
    for own in effects:
        names.append(_unused(list(_phrases(own, likeness, axes)), names))
    return names


def _standardised(X: FloatArray) -> FloatArray:
    centred = X - _means(X)
    return centred / np.maximum(np.sqrt(_means(centred**2)), 1e-12)


def _likeness(scaled: FloatArray, explained: FloatArray) -> FloatArray:
    """Return how far any two columns say the same, 0 to 1, shape (d, d).

    That is their correlation within segments (across segments all columns that tell them apart look alike), but 1 for
    columns that hardly differ at all.
    """
    return np.where(_correlation(scaled) > MIRRORED, 1.0, _correlation(_standardised(scaled - explained)))


def _correlation(scaled: FloatArray) -> FloatArray:
    filled = np.nan_to_num(scaled)
    return np.abs(filled.T @ filled) / len(filled)


def _means(X: FloatArray) -> FloatArray:
    means: FloatArray = np.nan_to_num(X).sum(axis=0) / np.maximum((~np.isnan(X)).sum(axis=0), 1)
    return means


def _phrases(effects: FloatArray, likeness: FloatArray, axes: Sequence[Axis]) -> Iterator[str]:
    """Give words for the columns that stand out, the most striking first; a category only for what it has more of."""
    said: list[int] = []
    for column in np.argsort(-np.abs(effects), kind="stable"):
        effect, axis = effects[column], axes[column]
        is_new = all(likeness[column, other] < SAME and axes[other].feature != axis.feature for other in said)
        if abs(effect) >= NOTABLE and is_new and (effect > 0 or axis.level is None):
            said.append(int(column))
            yield _words(axis, is_high=bool(effect > 0))


def _words(axis: Axis, *, is_high: bool) -> str:
    label = _label(axis.feature.name)
    if axis.level is not None:
        return axis.level if _speaks_for_itself(axis.level) else _answered(label, axis.level)
    if axis.feature.name.startswith("need_"):
        return f"{label} matters {'more' if is_high else 'less'}"
    high, low = HIGH_LOW.get(axis.feature.unit, ("high", "low"))
    return f"{high if is_high else low} {label}"


def _answered(label: str, level: str) -> str:
    """Return a yes-or-no column in words.

    >>> _answered("is owner led", "True"), _answered("is public", "False"), _answered("paperless billing", "no")
    ('owner led', 'not public', 'no paperless billing')
    """
    bare = label.removeprefix("is ").removeprefix("has ")
    if level.lower() in {"yes", "true"}:
        return bare
    if level.lower() in {"no", "false"}:
        return f"not {bare}" if label.startswith("is ") else f"no {bare}"
    return f"{label} {level}"


def _label(name: str) -> str:
    """Return a feature's name as words, without its window and unit.

    >>> _label("activities_90d"), _label("need_price"), _label("tenure_days")
    ('activities', 'price', 'tenure')
    """
    bare = re.sub(r"^need_|(_\d+d|_days|_now|_last)+$", "", name)
    return (bare or name).replace("_", " ").strip()


def _speaks_for_itself(level: str) -> bool:
    is_answer = level.lower() in {"yes", "no", "true", "false", "unknown", "other", "(other)"}
    return len(level) > 2 and not is_answer and any(letter.isalpha() for letter in level)


def _unused(phrases: list[str], taken: Sequence[str]) -> str:
    """Return the first words, more of them if another segment already has those, numbered if none are left."""
    longer = [", ".join(phrases[:words]) for words in range(min(MOST_WORDS, len(phrases)), len(phrases) + 1)]
    plain = [_capital(words) or "Near the average" for words in longer]
    free = [words for words in plain if words not in taken]
    return free[0] if free else f"{plain[-1]} ({len(taken) + 1})"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
