"""The needs of accounts that never answered: predicted from what else is known, measured, and given only if that holds.

What is measured counts for those that did not answer: each that did stands for the accounts like it that did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from features.catalog import Feature
from pipelines.churn.bootstrap import Interval, percentile_interval, resampled_weights
from pipelines.churn.encoder import Columns, FloatArray, is_known
from pipelines.churn.metrics import figures
from pipelines.segmentation.firmographic import prepare_firmographic
from pipelines.segmentation.inference import Inference
from pipelines.segmentation.mixture import IntArray
from pipelines.segmentation.nonresponse import Share, effective_n, propensities, shares
from pipelines.segmentation.segmentation import Segmentation, most_probable

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

FOLDS = 5
PENALTIES = (0.003, 0.03, 0.3)
"""Inverse strengths; chosen inside each fold by log loss."""
MOST_ROWS = 5000
RESAMPLES = 300
FEWEST_OF_EACH = 20
"""Accounts of each segment that answered, four in each fold."""
FEWEST_EFFECTIVE = 50
"""With fewer, those that answered say nothing of those that did not."""
FEWEST_KNOWN = 0.5


@dataclass(frozen=True)
class Unanswered:
    """What can be said of the accounts that never answered.

    Attributes
    ----------
    n_answered, n_accounts
        How many answered, of how many.
    effective_n
        How many accounts those that answered are worth once weighted to all.
    auc
        How well a segment is told from the others, mean over segments, 0.5 by guessing, 1 perfect; held out.
    log_loss, log_loss_of_shares
        Nats an account, held out: of the prediction, and of guessing everywhere the segments' shares.
    shares
        By segment, of those that answered and of all.
    why
        Whether they are predicted, and why, in one sentence.
    """

    n_answered: int
    n_accounts: int
    why: str
    effective_n: float | None = None
    auc: Interval | None = None
    log_loss: Interval | None = None
    log_loss_of_shares: float | None = None
    shares: tuple[Share, ...] = ()


def look_at_unanswered(
    segmentation: Segmentation, rows: Columns, features: Sequence[Feature], *, least_auc: float, seed: int
) -> tuple[Unanswered | None, Inference | None]:
    """Return what can be said of the accounts that never answered, and how they are placed; None where they are not.

    Nothing is said where all answered, or there are no segments.

    `rows` has one row for each account, `features` declare its columns. The prediction is kept where its AUC is beyond
    doubt above guessing and not below `least_auc`, and where it loses less than guessing the shares, also beyond doubt.
    """
    segments = most_probable(segmentation.membership(rows))
    answered, k = segments >= 0, len(segmentation.segments)
    if not segmentation.is_divided or answered.all():
        return None, None
    n_answered, n_accounts = int(answered.sum()), len(segments)
    preparation = prepare_firmographic(rows, [one for one in features if _may_predict(one, rows)], seed)
    if not preparation.columns:
        return Unanswered(n_answered, n_accounts, "unknown: nothing else is known of accounts"), None
    X = np.nan_to_num(preparation.encode(rows))
    propensity = propensities(X, answered)[answered]
    effective = effective_n(1 / propensity)
    if effective < FEWEST_EFFECTIVE:
        why = f"unknown: those that answered are worth {effective:.0f} accounts once weighted to all, too few"
        return Unanswered(n_answered, n_accounts, why, effective), None
    of_all = tuple(shares(segments[answered], propensity, k, n_accounts))
    if np.bincount(segments[answered], minlength=k).min() < FEWEST_OF_EACH:
        why = f"unknown: of some segments fewer than {FEWEST_OF_EACH} accounts answered"
        return Unanswered(n_answered, n_accounts, why, effective, shares=of_all), None
    sample = _sample(n_answered, seed)
    X, y = X[answered][sample], segments[answered][sample]
    quality = _quality(X, y, (1 / propensity - 1)[sample], k, seed)
    is_good = quality.is_good(least_auc)
    verdict = (
        "predicted from what else is known" if is_good else f"unknown: no prediction is good enough (AUC {least_auc})"
    )
    why = f"{verdict}: {quality.sentence}"
    found = Unanswered(
        n_answered, n_accounts, why, effective, quality.auc, quality.log_loss, quality.log_loss_of_shares, of_all
    )
    return found, Inference(preparation, *_full(_learned(X, y, seed))) if is_good else None


class _Quality(NamedTuple):
    """AUC, log loss with the interval of its difference from the shares' about it, and log loss of the shares."""

    auc: Interval
    log_loss: Interval
    log_loss_of_shares: float

    def is_good(self, least_auc: float) -> bool:
        return self.auc.value >= least_auc and self.auc.low > 0.5 and self.log_loss.high < self.log_loss_of_shares

    @property
    def sentence(self) -> str:
        auc, loss, guessed = self.auc, self.log_loss.value, self.log_loss_of_shares
        return (
            f"AUC {auc.value:.2f} ({auc.low:.2f} to {auc.high:.2f}; 0.5 by guessing), "
            f"log loss {loss:.3f} (guessing the shares: {guessed:.3f}), held out, weighted to those that did not answer"
        )


def _may_predict(feature: Feature, rows: Columns) -> bool:
    """Whether it says what accounts are or do, is no answer and no sign of leaving, and is mostly known."""
    if feature.family not in ("firmographic", "behaviour") or feature.tier == "intent" or feature.name not in rows:
        return False
    if feature.name.startswith("need_"):
        return False
    return float(is_known(rows[feature.name], feature).mean()) >= FEWEST_KNOWN


def _sample(n: int, seed: int) -> IntArray:
    order: IntArray = np.random.default_rng(seed).permutation(n)[:MOST_ROWS]
    return np.sort(order)


def _quality(X: FloatArray, y: IntArray, odds: FloatArray, k: int, seed: int) -> _Quality:
    """How well held-out accounts are predicted, each weighted by its odds of not answering."""
    from sklearn.model_selection import StratifiedKFold

    prob, guess = np.empty((len(y), k)), np.empty((len(y), k))
    for learn, judge in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(X, y):
        prob[judge] = _learned(X[learn], y[learn], seed).predict_proba(X[judge])
        guess[judge] = np.bincount(y[learn], weights=odds[learn], minlength=k) / odds[learn].sum()
    own = np.arange(len(y))
    lost, guessed = -np.log(np.maximum(prob[own, y], 1e-12)), -np.log(np.maximum(guess[own, y], 1e-12))
    aucs, differences = [], []
    for drawn in resampled_weights(own, RESAMPLES, seed=seed):
        weights = drawn * odds
        aucs.append(_auc(y, prob, weights, k))
        differences.append(weights @ (lost - guessed) / weights.sum(axis=1))
    auc = float(_auc(y, prob, odds[None], k)[0])
    of_shares, loss = float(np.average(guessed, weights=odds)), float(np.average(lost, weights=odds))
    gap = percentile_interval(loss - of_shares, np.concatenate(differences))
    about = Interval(loss, of_shares + gap.low, of_shares + gap.high)
    return _Quality(percentile_interval(auc, np.concatenate(aucs)), about, of_shares)


def _auc(y: IntArray, prob: FloatArray, weights: FloatArray, k: int) -> FloatArray:
    """Mean over segments of the AUC of one against the others, under each weighting (b, n)."""
    found: FloatArray = np.mean([figures(y == one, prob[:, one], weights)["auc"] for one in range(k)], axis=0)
    return found


def _learned(X: FloatArray, y: IntArray, seed: int) -> LogisticRegression:
    """The penalised multinomial regression, its penalty by log loss in folds of its own."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    models = [LogisticRegression(C=penalty, max_iter=300) for penalty in PENALTIES]
    scores = [cross_val_score(model, X, y, cv=folds, scoring="neg_log_loss").mean() for model in models]
    return models[int(np.argmax(scores))].fit(X, y)


def _full(model: Any) -> tuple[FloatArray, FloatArray]:
    """Intercepts (k,) and coefficients (k, d); of two segments scikit-learn keeps those of the second."""
    if len(model.classes_) > 2:
        return model.intercept_, model.coef_
    return np.array([0.0, model.intercept_[0]]), np.vstack([np.zeros(model.coef_.shape[1]), model.coef_[0]])
