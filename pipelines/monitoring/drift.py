"""Whether accounts have changed since the release was made: features, scores, segments, and who answers surveys.

A change counts where it is larger than one that matters and than what changed over as long a time before. Its size,
not its significance, decides: with many accounts every change is significant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.catalog import Feature
from pipelines.churn.design import signed_log
from pipelines.churn.encoder import FloatArray
from pipelines.monitoring.signal import UNKNOWN, Range, Signal, Verdict, usual_change
from pipelines.release import Release
from pipelines.segments import segment_names

LEAST = {"features": 0.2, "scores": 0.2, "segments": 0.1, "response rate": 0.1}
"""The smallest change of each kind that matters: standard deviations, relative, and shares."""
SHOWN_FEATURES = 10


@dataclass(frozen=True)
class Dates:
    """The as-of dates of rows, how many of them the release knew, and where each one's rows are."""

    dates: list[pd.Timestamp]
    n_known: int
    places: list[Any]

    @classmethod
    def of(cls, rows: pd.DataFrame, made: pd.Timestamp) -> Dates:
        """Return the dates of rows with as_of."""
        code, dates = pd.factorize(rows["as_of"], sort=True)
        every = [pd.Timestamp(date) for date in dates]
        places = [np.flatnonzero(code == i) for i in range(len(every))]
        return cls(every, sum(date <= made for date in every), places)

    @property
    def lag(self) -> int:
        """From the last date that the release knew to the latest."""
        return len(self.dates) - self.n_known

    @property
    def n(self) -> tuple[int, int]:
        """Accounts at the last date that the release knew, and at the latest."""
        return len(self.compared[0]), len(self.compared[1])

    @property
    def compared(self) -> list[Any]:
        """Where the rows of both are."""
        return [self.places[self.n_known - 1], self.places[-1]]

    def means(self, values: Any) -> FloatArray:
        """Return the mean of each date's values; NaN where none is known."""
        return np.array([np.nanmean(own) if (~np.isnan(own := values[at])).any() else np.nan for at in self.places])


def drift_signals(
    release: Release, rows: pd.DataFrame, churn_prob: FloatArray, contributions: dict[str, float], made: pd.Timestamp
) -> list[Signal]:
    """Return what changed from the last date that the release knew to the latest; nothing where there is no later one.

    Parameters
    ----------
    contributions
        by feature, how much predictions hang on it.
    """
    dates = Dates.of(rows, made)
    if dates.lag < 1 or dates.n_known < 2:
        return []
    found = [_scores(dates, churn_prob), *_features(dates, rows, release.churn.encoder.features, contributions)]
    found += [_segments(dates, name, segment_names(one, rows)) for name, one in release.segmentations.items()]
    answered = [f for f in release.churn.encoder.features if f.name.startswith("answered_share")]
    return found + [_response_rate(dates, rows, feature) for feature in answered[:1]]


def _scores(dates: Dates, churn_prob: FloatArray) -> Signal:
    logs = np.log(dates.means(churn_prob))
    change = float(logs[-1] - logs[dates.n_known - 1])
    usual = usual_change(logs[: dates.n_known], dates.lag)
    n_then, n_now = dates.n
    spread = [churn_prob[at].std() / churn_prob[at].mean() for at in dates.compared]
    reach = 1.96 * float(np.sqrt(spread[0] ** 2 / n_then + spread[1] ** 2 / n_now))
    value, verdict = float(np.expm1(change)), _verdict("scores", np.expm1(change), _expm1(usual))
    return Signal(
        "scores", value, float(np.expm1(change - reach)), float(np.expm1(change + reach)), *_expm1(usual),
        "relative change", n_now, "predicted", verdict,
        f"mean predicted churn went from {np.exp(logs[dates.n_known - 1]):.1%} to {np.exp(logs[-1]):.1%}",
    )  # fmt: skip


def _expm1(usual: Range) -> Range:
    return Range(float(np.expm1(usual.low)), float(np.expm1(usual.high)))


def _verdict(kind: str, value: float, usual: Range) -> Verdict:
    if usual == UNKNOWN or usual.holds(value) or abs(value) < LEAST[kind]:
        return "fine"
    return "watch"


def _features(
    dates: Dates, rows: pd.DataFrame, features: Sequence[Feature], contributions: dict[str, float]
) -> list[Signal]:
    """All features together, each counting as predictions hang on it, and the ten that changed most."""
    known = [feature for feature in features if contributions.get(feature.name, 0.0) > 0 and feature.name in rows]
    if not known:
        return []
    series = np.stack([_in_deviations(dates, rows, feature) for feature in known], axis=1)
    weights = np.array([contributions[feature.name] for feature in known])
    own = [_feature(dates, feature, series[:, i]) for i, feature in enumerate(known)]
    own = [one for one in own if not np.isnan(one.value)]
    strange = [one for one in own if not Range(one.usual_low, one.usual_high).holds(one.value)]
    largest = sorted(strange, key=lambda one: -abs(one.value))[:SHOWN_FEATURES]
    return [_together(dates, series, weights, len(strange), len(own)), *largest]


def _in_deviations(dates: Dates, rows: pd.DataFrame, feature: Feature) -> FloatArray:
    """The mean of a feature at each date, in standard deviations among accounts (of logarithms); of a category how many
    have what is usual.
    """
    column = rows[feature.name]
    if feature.kind == "category":
        texts = column.astype("object")
        values = (texts == texts.mode(dropna=True).get(0)).to_numpy(dtype=np.float64)
    else:
        values = np.asarray(signed_log(column.to_numpy(dtype=np.float64, na_value=np.nan)), dtype=np.float64)
    spread = np.nanstd(values) if (~np.isnan(values)).any() else 0.0
    return dates.means(values) / spread if spread > 0 else np.full(len(dates.dates), np.nan)


def _feature(dates: Dates, feature: Feature, series: FloatArray) -> Signal:
    n_then, n_now = dates.n
    change, reach = float(series[-1] - series[dates.n_known - 1]), 1.96 * float(np.sqrt(1 / n_then + 1 / n_now))
    usual = usual_change(series[: dates.n_known], dates.lag)
    return Signal(
        f"feature {feature.name}", change, change - reach, change + reach, *usual, "standard deviations", n_now,
        "counted", "fine", f"{feature.sentence}: {'more' if change > 0 else 'less'} than before",
    )  # fmt: skip


def _together(dates: Dates, series: FloatArray, weights: FloatArray, n_strange: int, n: int) -> Signal:
    """How far all features moved, as a mean of absolute changes; what is usual is how far they moved before."""
    changes = np.abs(series[dates.lag :] - series[: -dates.lag])
    moved = _weighted(changes, weights)
    known = moved[: max(dates.n_known - dates.lag, 0)]
    value = float(_weighted(np.abs(series[-1:] - series[dates.n_known - 1]), weights)[0])
    usual = Range(0.0, float(known.max() * 1.5)) if len(known) >= 3 else UNKNOWN
    n_then, n_now = dates.n
    # The error of a mean is at most the mean of the errors.
    reach = 1.96 * float(np.sqrt(1 / n_then + 1 / n_now))
    return Signal(
        "features", value, max(value - reach, 0.0), value + reach, *usual, "standard deviations", dates.n[1], "counted",
        _verdict("features", value, usual),
        f"features moved by {value:.2f} standard deviations as a mean over what predictions hang on; {n_strange} of "
        f"{n} moved further than 99 of 100 times before",
    )  # fmt: skip


def _weighted(changes: FloatArray, weights: FloatArray) -> FloatArray:
    there = ~np.isnan(changes)
    return np.asarray(np.where(there, changes, 0.0) @ weights / np.maximum(there @ weights, 1e-12))


def _segments(dates: Dates, name: str, places: Sequence[str | None]) -> Signal:
    """The segment whose share changed most."""
    names = [place or "unknown" for place in places]
    groups = sorted(set(names))
    own = np.array(names, dtype=object)
    shares = np.stack([dates.means(np.asarray(own == group, dtype=np.float64)) for group in groups], axis=1)
    changes = shares[-1] - shares[dates.n_known - 1]
    most = int(np.abs(changes).argmax())
    usual = usual_change(shares[: dates.n_known, most], dates.lag)
    n_then, n_now = dates.n
    both = shares[[dates.n_known - 1, -1], most]
    noise = both * (1 - both) / np.array([n_then, n_now])
    reach, value = 1.96 * float(np.sqrt(noise.sum())), float(changes[most])
    return Signal(
        f"{name} segments", value, value - reach, value + reach, *usual, "share of accounts", n_now, "counted",
        _verdict("segments", value, usual),
        f"{groups[most]} went from {shares[dates.n_known - 1, most]:.0%} to {shares[-1, most]:.0%} of accounts",
    )  # fmt: skip


def _response_rate(dates: Dates, rows: pd.DataFrame, feature: Feature) -> Signal:
    values = rows[feature.name].to_numpy(dtype=np.float64, na_value=np.nan)
    rates = dates.means(values)
    value = float(rates[-1] - rates[dates.n_known - 1])
    usual = usual_change(rates[: dates.n_known], dates.lag)
    asked = [values[at][~np.isnan(values[at])] for at in dates.compared]
    reach = 1.96 * float(np.sqrt(sum(own.var() / max(len(own), 1) for own in asked)))
    return Signal(
        "response rate", value, value - reach, value + reach, *usual, "share of invitations", len(asked[1]), "counted",
        _verdict("response rate", value, usual),
        f"{feature.sentence}: from {rates[dates.n_known - 1]:.0%} to {rates[-1]:.0%} as a mean over accounts",
    )  # fmt: skip
