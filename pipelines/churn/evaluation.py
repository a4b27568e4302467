"""The model beside the baselines, on the same rows that none of them had seen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from features.catalog import Feature
from pipelines.churn.base_rate import BaseRate
from pipelines.churn.bootstrap import Interval, percentile_interval, resampled_weights
from pipelines.churn.business_rule import RiskTable
from pipelines.churn.encoder import Columns, FloatArray
from pipelines.churn.logistic import LogisticBaseline
from pipelines.churn.metrics import BETTER, figures
from pipelines.churn.population import row_weights
from pipelines.churn.splits import Split, search_split
from pipelines.churn.study import Effort, Progress
from pipelines.churn.training import MIN_ACCOUNTS_JUDGED, known_labels, train_churn
from pipelines.churn.verdict import Contest, Verdict, verdict

if TYPE_CHECKING:
    import pandas as pd

MODEL = "model"
RATE, RULE = "churn rate", "business rule"
ON_LOGS = "logistic regression on logarithms"
RESAMPLES = 500

Figures = dict[str, Interval]
_Drawn = Mapping[str, FloatArray]
_Score = Callable[[Any, FloatArray, FloatArray], _Drawn]


class Predictor(Protocol):
    """Anything that gives probabilities of churn."""

    def prob(self, columns: Columns) -> FloatArray:
        """Return (n,) probabilities."""


Learner = Callable[["pd.DataFrame", Sequence[Feature]], Predictor]


@dataclass(frozen=True)
class Evaluation:
    """How well the model does on held-out rows, and beside what.

    Where rows were sampled by their label, the counts are of the rows kept and the figures of all rows.

    Attributes
    ----------
    how, sentence
        How rows were held out.
    figures
        By learner ("model", the business rule, the logistic regressions) and figure, over all held-out rows together.
    fold_means
        The same figures as means over folds, the way public benchmarks print them.
    gains
        By baseline and figure: how much better the model is (negative: worse), paired on the same resamples.
    predictions
        The held-out rows: account_id, as_of where there is one, churned, fold, row (position among the rows given),
        weight (how many of all rows it stands for), and one probability a learner.
    seconds
        By learner, to fit and predict all folds.
    """

    how: str
    sentence: str
    n_rows: int
    n_accounts: int
    n_churned: int
    figures: Mapping[str, Figures]
    fold_means: Mapping[str, Mapping[str, float]]
    gains: Mapping[str, Figures]
    verdicts: tuple[Verdict, ...]
    predictions: pd.DataFrame
    seconds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the predictions as plain numbers and words."""
        kept = {name: value for name, value in vars(self).items() if name not in ("predictions", "verdicts")}
        plain = {name: _plain(value) for name, value in kept.items()}
        return plain | {"verdicts": [asdict(one) for one in self.verdicts]}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, Interval):
        return {key: _plain(inner) for key, inner in asdict(value).items()}
    # JSON knows no NaN: a figure that cannot be had is null.
    return None if isinstance(value, float) and math.isnan(value) else value


def usual_learners(
    *,
    gap_days: float = 0.0,
    rule_column: str | None = None,
    seed: int = 0,
    kept_share: float = 1.0,
    effort: Effort | None = None,
    progress: Progress | None = None,
) -> dict[str, Learner]:
    """Return by name the model, and what it has to beat: the churn rate, a business rule, logistic regressions.

    Within the rows it is given the model chooses its complexity and calibration anew, on folds of these only, with a
    gap of `gap_days` in time. Where of rows that did not churn only `kept_share` are there, every learner is corrected
    to speak of all rows.
    """

    def learn_model(train: pd.DataFrame, declared: Sequence[Feature]) -> Predictor:
        return train_churn(
            train,
            declared,
            search_split(train, gap_days, seed=seed),
            seed=seed,
            kept_share=kept_share,
            fewest=MIN_ACCOUNTS_JUDGED,
            effort=effort,
            progress=progress,
        ).model

    return {
        MODEL: learn_model,
        RATE: partial(BaseRate.fit, kept_share=kept_share),
        RULE: partial(RiskTable.fit, column=rule_column, kept_share=kept_share),
        "logistic regression": partial(LogisticBaseline.fit, kept_share=kept_share),
        ON_LOGS: partial(LogisticBaseline.fit, log=True, kept_share=kept_share),
    }


def held_out_evaluation(
    rows: pd.DataFrame,
    features: Sequence[Feature],
    split: Split,
    learners: Mapping[str, Learner],
    *,
    seed: int = 0,
    kept_share: float = 1.0,
) -> Evaluation:
    """Return the learners, of which one is the model, judged on the test parts of the same folds.

    The intervals are of what these rows can say; they do not hold how a refit on other rows would vary. Where of rows
    that did not churn only `kept_share` are there, every figure is of all rows.

    Raises
    ------
    ModelError
        When labels are unknown, or too few accounts churned or stayed.
    """
    known_labels(rows)
    predictions, seconds = held_out_predictions(rows, features, split, learners)
    return _judged(split, predictions, seconds, seed, kept_share)


def held_out_predictions(
    rows: pd.DataFrame, features: Sequence[Feature], split: Split, learners: Mapping[str, Learner]
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return every learner's probabilities for the test parts, all of them one below the other, and their seconds."""
    import pandas as pd

    seconds = dict.fromkeys(learners, 0.0)
    parts = []
    for number, fold in enumerate(split.folds):
        train, test = rows.iloc[fold.train], rows.iloc[fold.test]
        part = test[[name for name in ("account_id", "as_of", "churned") if name in rows]].assign(
            fold=number, row=fold.test
        )
        for name, learn in learners.items():
            start = time.perf_counter()
            part[name] = learn(train, features).prob(test)
            seconds[name] += time.perf_counter() - start
        parts.append(part)
    return pd.concat(parts, ignore_index=True), seconds


def _judged(
    split: Split, predictions: pd.DataFrame, seconds: dict[str, float], seed: int, kept_share: float
) -> Evaluation:
    churned = predictions["churned"].to_numpy(dtype=bool)
    probs = {name: predictions[name].to_numpy(dtype=np.float64) for name in seconds}
    n_accounts = predictions["account_id"].nunique()
    score = partial(figures, kept_share=kept_share)
    point = {name: _once(score, churned, prob) for name, prob in probs.items()}
    drawn = _resampled(score, churned, probs, predictions["account_id"], seed)
    intervals = {name: {k: _interval(k, point[name][k], drawn[name][k]) for k in BETTER} for name in probs}
    gains = {name: _gains(point, drawn, name) for name in probs if name != MODEL}
    contests = [Contest(name, intervals[MODEL], intervals[name], gain, n_accounts) for name, gain in gains.items()]
    return Evaluation(
        how=split.how,
        sentence=split.sentence,
        n_rows=len(predictions),
        n_accounts=n_accounts,
        n_churned=int(churned.sum()),
        figures=intervals,
        fold_means={name: _fold_mean(score, predictions, name) for name in probs},
        gains=gains,
        verdicts=tuple(verdict(contest) for contest in contests),
        predictions=predictions.assign(weight=row_weights(churned, kept_share)),
        seconds=seconds,
    )


def intervals_of(predictions: pd.DataFrame, learner: str, *, seed: int = 0) -> Figures:
    """Return the figures of one learner on some of the held-out rows."""
    churned, prob = predictions["churned"].to_numpy(dtype=bool), predictions[learner].to_numpy(dtype=np.float64)
    score = partial(figures, kept_share=1 / float(predictions["weight"].max()))
    point = _once(score, churned, prob)
    drawn = _resampled(score, churned, {learner: prob}, predictions["account_id"], seed)[learner]
    return {k: _interval(k, point[k], drawn[k]) for k in BETTER}


def _interval(figure: str, value: float, resamples: FloatArray) -> Interval:
    # Noise adds to this one, and resampling adds noise: its percentiles lie above what it estimates.
    return Interval(value, math.nan, math.nan) if figure == "ece" else percentile_interval(value, resamples)


def _once(score: _Score, churned: Any, prob: FloatArray) -> dict[str, float]:
    return {name: float(value[0]) for name, value in score(churned, prob, np.ones((1, len(prob)))).items()}


def _resampled(
    score: _Score, churned: Any, probs: Mapping[str, FloatArray], accounts: Any, seed: int
) -> Mapping[str, _Drawn]:
    """Return every figure of every learner on the same resamples of accounts, (b,) each."""
    chunks = [
        {name: score(churned, prob, weights) for name, prob in probs.items()}
        for weights in resampled_weights(accounts, RESAMPLES, seed=seed)
    ]
    return {name: {k: np.concatenate([chunk[name][k] for chunk in chunks]) for k in BETTER} for name in probs}


def _gains(point: Mapping[str, Mapping[str, float]], drawn: Mapping[str, _Drawn], baseline: str) -> Figures:
    def gain(k: str) -> Interval:
        difference = BETTER[k] * (point[MODEL][k] - point[baseline][k])
        return percentile_interval(difference, BETTER[k] * (drawn[MODEL][k] - drawn[baseline][k]))

    return {k: gain(k) for k in BETTER}


def _fold_mean(score: _Score, predictions: pd.DataFrame, learner: str) -> dict[str, float]:
    found = [
        _once(score, fold["churned"].to_numpy(dtype=bool), fold[learner].to_numpy(dtype=np.float64))
        for _, fold in predictions.groupby("fold")
    ]
    return {k: float(np.mean([one[k] for one in found])) for k in BETTER}
