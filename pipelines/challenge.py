"""Challenger against champion, on the rows that neither of them has learnt from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features.panel import Panel
from pipelines.account_draw import drawn
from pipelines.churn.bootstrap import Interval, percentile_interval, resampled_weights
from pipelines.churn.encoder import FloatArray, numbers
from pipelines.churn.evaluation import MODEL, Evaluation
from pipelines.churn.metrics import figures, log_losses
from pipelines.churn.warning import LOW
from pipelines.config import Settings
from pipelines.release import Release
from pipelines.segmenting import REVENUE
from pipelines.segments import segment_names
from pipelines.tiers import tiers_by_date

if TYPE_CHECKING:
    import pandas as pd

FEWEST_CHURNERS = 20
MOST_ROWS = 40_000
RESAMPLES = 300
CHAMPION = "champion"


@dataclass(frozen=True)
class Challenge:
    """What came of it: sentences with their figures, and those of them for which the challenger is refused."""

    sentences: tuple[str, ...]
    refused_for: tuple[str, ...] = ()


def challenge(champion: Release, evaluation: Evaluation, panel: Panel, settings: Settings) -> Challenge:
    """Return how the held-out predictions of a new model compare with those of the champion, on the same rows.

    Only rows newer than all that the champion learnt from count: on others it would be judged by what it has seen. The
    challenger must not lose beyond `[gate] margin`: on log loss, log loss by revenue, calibration error, false greens,
    and on log loss in any segment with enough churners. It loses where it is worse by more than the margin, and beyond
    doubt (95 %, accounts resampled in pairs; Bonferroni over segments). Of more than 40,000 rows those of accounts
    drawn at random are looked at.
    """
    version = champion.manifest.version
    rows = _newer(champion, evaluation, panel)
    if isinstance(rows, str):
        return Challenge((f"Not compared with the champion {version}: {rows}.",))
    rows = _some(rows, settings.model.seed)
    features = panel.matured.iloc[rows["row"]]
    duel = _Duel.of(rows.assign(**{CHAMPION: champion.churn.prob(features)}), settings)
    found = [
        duel.loss("log loss", duel.everyone),
        *_by_revenue(duel, features),
        duel.calibration(),
        *_false_greens(duel.rows, settings),
        *_by_segment(duel, features, champion),
    ]
    told = f"Against the champion {version}, on {len(rows):,} newer rows of {rows['account_id'].nunique():,} accounts"
    sentences = tuple(f"{told}: {one.sentence}." for one in found)
    return Challenge(sentences, tuple(said for said, one in zip(sentences, found, strict=True) if one.is_lost))


def _newer(champion: Release, evaluation: Evaluation, panel: Panel) -> pd.DataFrame | str:
    """The held-out rows that the champion has not seen, or why there is nothing to compare."""
    import pandas as pd

    manifest, held_out = champion.manifest, evaluation.predictions
    if (manifest.definition, manifest.horizon_days) != (panel.definition.sentence, panel.definition.horizon_days):
        return f"it predicts something else ({manifest.definition})"
    if "as_of" not in held_out or manifest.learnt_until is None:
        return "without dates nobody can tell what it has learnt from"
    rows = held_out[held_out["as_of"] > pd.Timestamp(manifest.learnt_until)]
    n = int(rows["churned"].sum())
    if n < FEWEST_CHURNERS or n == len(rows):
        return f"of the held-out rows newer than all it learnt from {n} churned (at least {FEWEST_CHURNERS})"
    return rows


def _some(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    share = MOST_ROWS / len(rows)
    return rows if share >= 1 else rows[drawn(rows["account_id"], seed) < share]


@dataclass(frozen=True)
class _Compared:
    sentence: str
    is_lost: bool


@dataclass(frozen=True, eq=False)
class _Duel:
    """Both on the same rows: `losses` (n,) by name, `resamples` (b, n) of accounts, times what rows stand for."""

    rows: pd.DataFrame
    losses: Mapping[str, FloatArray]
    resamples: FloatArray
    margin: float

    @classmethod
    def of(cls, rows: pd.DataFrame, settings: Settings) -> _Duel:
        churned, weights = rows["churned"].to_numpy(dtype=bool), rows["weight"].to_numpy(dtype=np.float64)
        losses = {name: log_losses(churned, _inside(rows[name])) for name in (MODEL, CHAMPION)}
        chunks = list(resampled_weights(rows["account_id"], RESAMPLES, seed=settings.model.seed))
        return cls(rows, losses, np.concatenate(chunks) * weights, settings.gate.margin)

    @property
    def everyone(self) -> FloatArray:
        return np.ones(len(self.rows))

    @property
    def churned(self) -> npt.NDArray[np.bool_]:
        return self.rows["churned"].to_numpy(dtype=bool)

    def loss(self, what: str, counts: FloatArray, alpha: float = 0.05) -> _Compared:
        """The mean loss of both where each row counts so much; the margin is a share of the champion's."""
        weights = counts * self.rows["weight"].to_numpy(dtype=np.float64)
        ours, theirs = (float(np.average(self.losses[name], weights=weights)) for name in (MODEL, CHAMPION))
        counted = self.resamples * counts
        totals = counted.sum(axis=1)
        gaps = (counted @ (self.losses[CHAMPION] - self.losses[MODEL]))[totals > 0] / totals[totals > 0]
        low, high = np.quantile(gaps, [alpha / 2, 1 - alpha / 2])
        gain = Interval(theirs - ours, float(low), float(high))
        is_lost = gain.high < 0 and -gain.value > self.margin * theirs
        return self._compared(f"{what} {ours:.4f} against {theirs:.4f} ({_gain(gain)})", is_lost)

    def calibration(self) -> _Compared:
        """The calibration error of both, in shares; so is the margin."""
        one = np.ones((1, len(self.rows)))
        probs = {name: _inside(self.rows[name]) for name in (MODEL, CHAMPION)}
        ours, theirs = (float(figures(self.churned, prob, one)["ece"][0]) for prob in probs.values())
        mine, others = (figures(self.churned, prob, self.resamples)["ece"] for prob in probs.values())
        gain = percentile_interval(theirs - ours, others - mine)
        is_lost = gain.high < 0 and -gain.value > self.margin
        return self._compared(f"calibration error {ours:.3f} against {theirs:.3f} ({_gain(gain)})", is_lost)

    def _compared(self, said: str, is_lost: bool) -> _Compared:
        return _Compared(said + (f": worse beyond the margin of {self.margin:.0%}" if is_lost else ""), is_lost)


def _inside(prob: pd.Series) -> FloatArray:
    return np.asarray(np.clip(prob.to_numpy(dtype=np.float64), 1e-12, 1 - 1e-12))


def _by_revenue(duel: _Duel, features: pd.DataFrame) -> Iterator[_Compared]:
    """Log loss where an account counts by what it pays, if that is known."""
    for name in [name for name in REVENUE if name in features][:1]:
        revenue = np.nan_to_num(numbers(features[name], name)).clip(0)
        if revenue.any():
            yield duel.loss(f"log loss by revenue ({name})", revenue)


def _false_greens(rows: pd.DataFrame, settings: Settings) -> Iterator[_Compared]:
    """Churners in the lowest tier at the last date they were seen; those on whom both differ decide (McNemar 1947)."""
    from scipy.stats import binomtest

    greens = rows.assign(**{name: tiers_by_date(rows, name, settings.tiers) == LOW for name in (MODEL, CHAMPION)})
    last = greens.sort_values("as_of").drop_duplicates("account_id", keep="last")
    gone = last[(last["as_of"] < rows["as_of"].max()) & last["churned"].astype(bool)]
    if len(gone) < FEWEST_CHURNERS:
        return
    only_ours, only_theirs = int((gone[MODEL] & ~gone[CHAMPION]).sum()), int((~gone[MODEL] & gone[CHAMPION]).sum())
    differ = only_ours + only_theirs
    p = binomtest(only_ours, differ, alternative="greater").pvalue if differ else 1.0
    ours, theirs = float(gone[MODEL].mean()), float(gone[CHAMPION].mean())
    is_lost = bool(p < 0.025 and ours - theirs > settings.gate.margin)
    worse = f": worse beyond the margin of {settings.gate.margin:.0%}" if is_lost else ""
    said = f"of {len(gone):,} accounts that left {ours:.0%} were in the lowest tier to the last, against {theirs:.0%}"
    yield _Compared(said + worse, is_lost)


def _by_segment(duel: _Duel, features: pd.DataFrame, champion: Release) -> Iterator[_Compared]:
    """Only segments in which the challenger loses are told."""
    groups = {}
    for name, segmentation in champion.segmentations.items():
        labels = np.array(segment_names(segmentation, features), dtype=object)
        for segment in segmentation.segments if segmentation.is_divided else ():
            own = labels == segment.name
            if duel.churned[own].sum() >= FEWEST_CHURNERS:
                groups[f"log loss in {name} segment {segment.id}"] = own.astype(float)
    found = (duel.loss(what, own, alpha=0.05 / len(groups)) for what, own in groups.items())
    yield from (one for one in found if one.is_lost)


def _gain(gain: Interval) -> str:
    return f"gain {gain.value:+.4f}, {gain.low:+.4f} to {gain.high:+.4f}"
