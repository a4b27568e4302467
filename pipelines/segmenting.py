"""The stage of segments: a panel -> segmentations, what there is to tell of them, and which tells most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.catalog import Feature
from features.panel import Panel
from pipelines.account_draw import drawn
from pipelines.churn.encoder import Columns, FloatArray, numbers
from pipelines.churn.population import row_weights
from pipelines.churn.tenths import share_intervals
from pipelines.config import Segments
from pipelines.segmentation import Segmentation, Wish, fit_segmentations
from pipelines.segmentation.comparison import Comparison, compare
from pipelines.segmentation.fitting import prepared
from pipelines.segmentation.migration import between_months, between_releases, drift, placed
from pipelines.segmentation.mixture import IntArray
from pipelines.segmentation.portrait import Portrait
from pipelines.segmentation.profile import Measure, profiles
from pipelines.segmentation.segmentation import most_probable
from pipelines.segmentation.unanswered import look_at_unanswered

if TYPE_CHECKING:
    from pipelines.release import Release

REVENUE = ("mrr_now", "spent_365d", "annual_revenue")
EXPERIENCE = ("nps_last", "csat_last", "nps", "csat")
"""Of each the first that there is."""


MOST_TOLD = 100_000
"""Accounts, drawn at random where there are more, whose traits are told and whose silence is looked into."""


@dataclass(frozen=True)
class Segmented:
    """What the stage came to: by name the segmentations and what is told of them, and how they compare."""

    segmentations: Mapping[str, Segmentation]
    portraits: Mapping[str, Portrait]
    comparisons: tuple[Comparison, ...]


def segment_accounts(
    panel: Panel, current: pd.DataFrame, settings: Segments, champion: Release | None, *, seed: int
) -> Segmented:
    """Return the segments of today's accounts, by whose ids the champion's live on, and what is told of them.

    Parameters
    ----------
    current
        one row for each account: the latest.
    champion
        the release that serves, None before the first.
    """
    features = panel.features
    found = fit_segmentations(
        current,
        features,
        wishes={name: Wish(one.most, one.smallest_share, one.number, one.names) for name, one in settings},
        champion=champion.segmentations if champion else None,
        seed=seed,
    )
    some = _columns(current.sample(min(len(current), MOST_TOLD), random_state=seed).sort_index())
    unanswered, inference = look_at_unanswered(
        found["needs"], some, features, least_auc=settings.needs.least_auc, seed=seed
    )
    found["needs"] = replace(found["needs"], inference=inference)
    preparations = [one for one in prepared(some, features, seed=seed).values() if one.columns]
    measures = list(_measures(panel, current))
    portraits = {
        name: replace(
            _movements(one, panel, current, champion, seed),
            profiles=profiles(one, some, features, preparations, measures),
            unanswered=unanswered if name == "needs" else None,
        )
        for name, one in found.items()
    }
    return Segmented(found, portraits, tuple(_comparisons(found, panel, seed)))


def churn_by_segment(
    segmentations: Mapping[str, Segmentation], matured: pd.DataFrame, predictions: pd.DataFrame
) -> pd.DataFrame:
    """Return segment, n_accounts, n, counted (with low and high) and predicted churn (shares) of the held-out rows."""
    rows = matured.iloc[predictions["row"]]
    churned, weights = predictions["churned"].to_numpy(dtype=float), predictions["weight"].to_numpy()
    predicted, accounts = predictions["model"].to_numpy(dtype=float), predictions["account_id"].to_numpy()
    found = []
    for name, segmentation in segmentations.items():
        segments = most_probable(segmentation.membership(_columns(rows)))
        groups = [np.flatnonzero(segments == place) for place in range(len(segmentation.segments))]
        low, high = share_intervals(predictions, groups)
        found += [
            {
                "segment": f"{name}: {segment.name}",
                "n_accounts": len(set(accounts[group])),
                "n": len(group),
                "counted": np.average(churned[group], weights=weights[group]),
                "low": low[i],
                "high": high[i],
                "predicted": np.average(predicted[group], weights=weights[group]),
            }
            for i, (segment, group) in enumerate(zip(segmentation.segments, groups, strict=True))
            if len(group)
        ]
    return pd.DataFrame(found)


def _columns(rows: pd.DataFrame) -> Columns:
    return {str(name): rows[name] for name in rows}


def _measures(panel: Panel, current: pd.DataFrame) -> Iterator[Measure]:
    """Churn over all dates whose label has come due, revenue and experience as they are now."""
    matured = panel.matured
    churned = matured["churned"].to_numpy(dtype=bool)
    accounts = matured["account_id"].factorize()[0]
    weights = row_weights(churned, panel.kept_share)
    what = f"churned within {panel.definition.horizon_days} days"
    yield Measure(what, "share", churned.astype(float), accounts, _columns(matured), weights)
    for feature in _told_by(panel.features, current):
        values = numbers(current[feature.name], feature.name)
        everyone = np.arange(len(current))
        yield Measure(feature.sentence, feature.unit, values, everyone, _columns(current), np.ones(len(current)))


def _told_by(features: Sequence[Feature], rows: pd.DataFrame) -> Iterator[Feature]:
    """The features that tell of revenue and of experience, where there are any."""
    by_name = {feature.name: feature for feature in features if feature.kind == "number"}
    for names in (REVENUE, EXPERIENCE):
        known = [name for name in names if name in by_name and rows[name].notna().any()]
        yield from (by_name[name] for name in known[:1])


def _movements(one: Segmentation, panel: Panel, current: pd.DataFrame, champion: Release | None, seed: int) -> Portrait:
    """Who moved, and whether segments drift; dates at which accounts were observed one by one are no months."""
    releases = months = shifted = None
    old = champion.segmentations[one.name] if champion else None
    if champion and old and one.is_divided and old.is_divided:
        releases = between_releases(old, champion.manifest.version, one, _columns(current))
    if one.is_divided and panel.definition.kind != "labelled":
        at = placed(one, _everyone(panel, seed))
        months, shifted = between_months(one, at), drift(one, at)
        unseen = _static_columns(one, panel)
        if months and unseen:
            said = f"no move shows in what is taken as it is today at every date: {', '.join(unseen)}"
            months = replace(months, sentences=(*months.sentences, said))
    return Portrait(months=months, releases=releases, drift=shifted)


def _static_columns(one: Segmentation, panel: Panel) -> list[str]:
    """The columns that it reads and whose history nobody has."""
    read = {column.name for column in one.preparation.columns} if one.preparation else set()
    return [feature.name for feature in panel.features if feature.static and feature.name in read]


def _everyone(panel: Panel, seed: int) -> pd.DataFrame:
    """The panel's rows, of accounts drawn at random where those that stayed were: all that churned were kept."""
    rows = panel.rows
    return rows if panel.kept_share == 1 else rows[drawn(rows["account_id"], seed) < panel.kept_share]


def _comparisons(found: Mapping[str, Segmentation], panel: Panel, seed: int) -> Iterator[Comparison]:
    """How much segments tell of what came later, where there are dates; else of churn alone.

    Churn is what followed upon each date whose label is due; revenue and experience are those of the latest date, by
    the segments of the last date with a label. Of what was measured at the same time whoever reads it would tell most.
    """
    rows = _everyone(panel, seed)
    due = rows[rows["churned"].notna()]
    if due.empty:
        return
    churned = due["churned"].to_numpy(dtype=float)
    yield compare(
        f"churn within {panel.definition.horizon_days} days",
        churned,
        _places(found, due),
        due["account_id"].factorize()[0],
        seed=seed,
    )
    if "as_of" not in rows or due["as_of"].max() == rows["as_of"].max():
        return
    before, last = due[due["as_of"] == due["as_of"].max()], rows["as_of"].max()
    after, segments = rows[rows["as_of"] == last].set_index("account_id"), _places(found, before)
    for feature in _told_by(panel.features, after):
        later = numbers(after[feature.name].reindex(before["account_id"]), feature.name)
        is_amount = feature.name in REVENUE
        words = f"{feature.sentence}, {(last - before['as_of'].max()).days} days later"
        yield compare(
            f"{words} (logarithm)" if is_amount else words,
            _logged(later) if is_amount else later,
            segments,
            np.arange(len(before)),
            seed=seed,
        )


def _places(found: Mapping[str, Segmentation], rows: pd.DataFrame) -> dict[str, IntArray]:
    return {name: most_probable(one.membership(_columns(rows))) for name, one in found.items()}


def _logged(values: FloatArray) -> FloatArray:
    """Amounts on the scale on which a large account does not decide alone."""
    logged: FloatArray = np.log1p(np.maximum(values, 0.0))
    return logged
