"""Rows and features in, three segmentations out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from features.catalog import Feature
from pipelines.churn.encoder import Columns, FloatArray, is_known, row_count, rows_of
from pipelines.segmentation.basis import Basis, bases
from pipelines.segmentation.choice import Wish, choose
from pipelines.segmentation.matching import with_kept_ids
from pipelines.segmentation.mixture import Mixture
from pipelines.segmentation.naming import Axis, segment_names
from pipelines.segmentation.preparation import Preparation
from pipelines.segmentation.segmentation import Segment, Segmentation, most_probable

if TYPE_CHECKING:
    import pandas as pd

MOST_WEIGHED = 5_000
"""Accounts by which the number of segments is weighed: some sixty fits, each of many starts."""
MOST_LEARNED = 100_000
"""Accounts that the mixture is learned from once its number is settled."""
STRANGE_SHARE = 0.001
"""Of the accounts learned from, the strangest: whatever is stranger fits nowhere."""
FEWEST_ACCOUNTS = 50
"""With fewer, a segment of 5 % would be two accounts."""


def fit_segmentations(
    rows: pd.DataFrame,
    features: Sequence[Feature],
    *,
    wishes: Mapping[str, Wish] | None = None,
    champion: Mapping[str, Segmentation] | None = None,
    seed: int,
) -> dict[str, Segmentation]:
    """Return the segmentations "firmographic", "behavioural" and "needs" of these accounts.

    `rows` has one row for each account. Firmographic reads the features of that family, behavioural those of the family
    "behaviour" that are not of tier "intent", needs those named need_*. The same rows and seed give the same result.
    `wishes` has by segmentation what a person says of the number of segments and of their names; `champion` the
    segmentations that serve, whose ids and names are kept where segments are the same.

    Raises
    ------
    DataError
        When a numeric feature holds something else than numbers.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships without types

    said = wishes or {}
    columns = {str(name): rows[name] for name in rows}
    # threads add up in any order: with one of them the seed decides every bit
    with threadpool_limits(1):
        found = {}
        for basis in bases():
            wish = said.get(basis.name, Wish())
            fitted = with_kept_ids(
                _fitted(basis, columns, features, wish, seed), (champion or {}).get(basis.name), columns
            )
            named = tuple(replace(one, name=wish.names.get(one.id, one.name)) for one in fitted.segments)
            found[basis.name] = replace(fitted, segments=named)
    return found


def prepared(rows: Columns, features: Sequence[Feature], *, seed: int) -> dict[str, Preparation]:
    """Return by basis how the columns that it reads are put on one scale, whether there are segments or not."""
    return {basis.name: basis.prepare(rows, _enough_known(basis, rows, features)[0], seed) for basis in bases()}


def _fitted(basis: Basis, rows: Columns, features: Sequence[Feature], wish: Wish, seed: int) -> Segmentation:
    """Return the basis' segmentation, or the plain reason why there is nothing to segment."""
    read = [feature for feature in features if basis.reads(feature)]
    full, n_known = _enough_known(basis, rows, read)
    if not n_known:
        return Segmentation(basis.name, (), _absence(basis, read))
    if n_known < FEWEST_ACCOUNTS:
        return _undivided(basis, rows, _too_few(n_known))
    found = _learned(basis, rows, full, wish, seed)
    return replace(found, why=found.why + _left_out(found.preparation, read))


def _enough_known(basis: Basis, rows: Columns, features: Sequence[Feature]) -> tuple[list[Feature], int]:
    """The basis' features that are known of enough accounts, and how many accounts have any of them."""
    known = {one: is_known(rows[one.name], one) for one in features if basis.reads(one) and one.name in rows}
    n_known = int(np.any([*known.values()], axis=0).sum()) if known else 0
    return [feature for feature, own in known.items() if own.sum() >= basis.fewest_known * max(n_known, 1)], n_known


def _absence(basis: Basis, read: Sequence[Feature]) -> str:
    if not read:
        return f"no segments: there is no feature of what {basis.about}"
    return f"no segments: all {len(read)} features of what {basis.about} are empty for every account"


def _too_few(n_known: int) -> str:
    return f"one segment: {n_known} known accounts are too few to tell groups from chance (at least {FEWEST_ACCOUNTS})"


def _undivided(basis: Basis, rows: Columns, why: str) -> Segmentation:
    everyone = Segment(f"{basis.name}-all", "All accounts", "All accounts", row_count(rows), 1.0)
    return Segmentation(basis.name, (everyone,), why)


def _learned(basis: Basis, rows: Columns, features: Sequence[Feature], wish: Wish, seed: int) -> Segmentation:
    """Return the segments that choice settles on, with every account assigned.

    What is weighed is learned from some thousand accounts; the mixture that is taken then climbs on over far more.
    """
    rng = np.random.default_rng(seed)
    some = _drawn(rows, MOST_LEARNED, rng)
    preparation = basis.prepare(some, features, seed)
    if not preparation.columns:
        return _undivided(basis, rows, "one segment: there is nothing known of most accounts in which they differ")
    X = preparation.encode(some)
    X = X[~np.isnan(X).all(axis=1)]
    if len(X) < FEWEST_ACCOUNTS:
        return _undivided(basis, rows, _too_few(len(X)))
    learner = basis.learner(preparation)
    weighed = X if len(X) <= MOST_WEIGHED else X[np.sort(rng.choice(len(X), MOST_WEIGHED, replace=False))]
    choice = choose(weighed, learner.fit, preparation, wish, seed=seed)
    if choice.mixture is None:
        return replace(_undivided(basis, rows, choice.why), evidence=choice.evidence)
    mixture = learner.refined(X, choice.mixture) if len(X) > len(weighed) else choice.mixture
    found = Segmentation(basis.name, (), choice.why, preparation, mixture, choice.evidence)
    found = replace(found, most_surprise=_most_surprise(found, some))
    return _described(found, mixture, X, choice.each, rows, _axes(preparation, features))


def _drawn(rows: Columns, most: int, rng: np.random.Generator) -> Columns:
    """Some of the rows, drawn at random, where there are more."""
    n = row_count(rows)
    return rows if n <= most else rows_of(rows, np.sort(rng.choice(n, most, replace=False)))


def _most_surprise(found: Segmentation, rows: Columns) -> float:
    return float(np.nanquantile(found.surprise(rows), 1 - STRANGE_SHARE))


def _described(
    found: Segmentation,
    mixture: Mixture,
    X: FloatArray,
    stability: Sequence[float],
    rows: Columns,
    axes: Sequence[Axis],
) -> Segmentation:
    """Return the segmentation with its segments: of all accounts, the largest first, named by those learned from."""
    places, k = most_probable(found.membership(rows)), len(mixture.weights)
    sizes = np.bincount(places[places >= 0], minlength=k)
    order = np.argsort(-sizes, kind="stable")
    ordered = mixture.reordered(order)
    names = segment_names(X, ordered.assign(X), axes)
    segments = tuple(
        Segment(f"{found.name}-{rank}", name, name, int(sizes[part]), float(sizes[part] / sizes.sum()), stability[part])
        for rank, (name, part) in enumerate(zip(names, order, strict=True), start=1)
    )
    return replace(found, segments=segments, mixture=ordered, last_number=k)


def _axes(preparation: Preparation, features: Sequence[Feature]) -> list[Axis]:
    by_name = {feature.name: feature for feature in features}
    return [Axis(by_name[name], level) for name, level in preparation.axes()]


def _left_out(preparation: Preparation | None, read: Sequence[Feature]) -> str:
    """Return the end of the sentence on the features that could not be used, empty if there are none."""
    if preparation is None:
        return ""
    used = {column.name for column in preparation.columns}
    missed = [feature.name for feature in read if feature.name not in used]
    return f"; left out as constant, mostly empty or told by another: {', '.join(missed)}" if missed else ""
