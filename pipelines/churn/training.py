"""From labelled rows to a churn model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.catalog import Feature
from features.errors import ModelError
from pipelines.churn.background import counting_all_rows
from pipelines.churn.boosting import TrainingSet, fit_text
from pipelines.churn.calibration import Calibration
from pipelines.churn.complexity import Search, choose_complexity
from pipelines.churn.encoder import Encoder, FloatArray, Matrix
from pipelines.churn.level_rates import rates_of, with_rates_of_others
from pipelines.churn.model import ChurnModel, Usual
from pipelines.churn.population import prior_correction, row_weights, weighted_quantiles
from pipelines.churn.splits import Fold, Split
from pipelines.churn.study import Effort, Progress

if TYPE_CHECKING:
    import pandas as pd

MIN_ACCOUNTS, MIN_ACCOUNTS_JUDGED = 10, 5
"""Accounts that have to have churned, and stayed; fewer where some of all are held out to judge by."""
SEARCH_ROWS = 60_000


@dataclass(frozen=True)
class Training:
    """A model and how it came about.

    Attributes
    ----------
    model
        Fitted on all rows in the chosen shape.
    search
        Every shape tried, and the one chosen.
    log_odds
        (n,) calibrated log-odds (of the population) of the training rows by models of that shape that had not seen
        them; NaN for rows that were never held out.
    """

    model: ChurnModel
    search: Search
    log_odds: FloatArray


def train_churn(
    rows: pd.DataFrame,
    features: Sequence[Feature],
    split: Split,
    *,
    seed: int = 0,
    kept_share: float = 1.0,
    fewest: int = MIN_ACCOUNTS,
    effort: Effort | None = None,
    progress: Progress | None = None,
) -> Training:
    """Return a churn model of labelled panel rows; `split` holds rows out to choose complexity and to calibrate.

    A category with many levels is read as codes (frequency ranks), or as the churn rate of each level where that gains.
    Each row learns from rates that other accounts tell; what is served are the rates of all.

    Where of rows that did not churn only `kept_share` are there, trees learn from the rows as they are, and the
    calibration's intercept corrects the odds: probabilities, and what contributions start from, are those of all rows.

    The same rows, split, seed and number of trials give the same model, to the letter. On more than 60,000 rows the
    search (not the final fit) works on a random sample of accounts: a bound on work, unlike one on time, can be
    reproduced.

    Raises
    ------
    ModelError
        When there are no features, a label is unknown, fewer than `fewest` accounts churned or stayed, or nothing
        varies.
    """
    churned = known_labels(rows, fewest)
    _require_features(features)
    encoder = Encoder.fit(rows, features)
    data = _training_set(encoder, rows, churned, kept_share)
    _require_variation(data.X)
    folds = _thinned(split.folds, data.accounts, seed)
    search = choose_complexity(data, folds, seed=seed, effort=effort, progress=progress)
    usual = usual_values(encoder, data.X, row_weights(churned, kept_share))
    if search.chosen.shape.by_rates:
        encoder, data = _by_rates(encoder, data, seed)
    text = _fitted(data, search, seed)
    model = ChurnModel.of_text(text, encoder, Calibration(), usual)
    raw = np.asarray(model.booster.predict(data.X, raw_score=True), dtype=np.float64)
    calibration = _calibration(search.log_odds, data, split, raw)
    calibration = replace(calibration, intercept=calibration.intercept + prior_correction(kept_share))
    return Training(replace(model, calibration=calibration), search, calibration.apply(search.log_odds))


def _training_set(
    encoder: Encoder, rows: pd.DataFrame, churned: npt.NDArray[np.bool_], kept_share: float
) -> TrainingSet:
    return TrainingSet(
        encoder.transform(rows),
        churned,
        _numbered(rows["account_id"]),
        encoder.native,
        kept_share,
        _directions(encoder.features),
        encoder.crowded,
    )


def _by_rates(encoder: Encoder, data: TrainingSet, seed: int) -> tuple[Encoder, TrainingSet]:
    """The encoder with the churn rates of crowded categories, and the rows with those that other accounts tell."""
    known = (data.X, data.churned, data.accounts, data.crowded)
    found = {encoder.features[place].name: tuple(rates.tolist()) for place, rates in rates_of(*known).items()}
    return replace(encoder, rates=found), replace(data, X=with_rates_of_others(*known, seed))


def _fitted(data: TrainingSet, search: Search, seed: int) -> str:
    """The chosen trees, of all rows, in LightGBM's text format."""
    settings = search.chosen.shape.settings(len(data.churned), seed, data.directions)
    text = fit_text(data, settings, search.chosen.trees)
    if data.kept_share == 1:
        return text
    return counting_all_rows(text, data.X, row_weights(data.churned, data.kept_share))


def _directions(features: Sequence[Feature]) -> list[int]:
    return [(feature.direction or 0) if feature.kind == "number" else 0 for feature in features]


def _numbered(account_ids: pd.Series[Any]) -> npt.NDArray[np.intp]:
    import pandas as pd

    return pd.factorize(account_ids.astype("str"), sort=True)[0]


def _calibration(held_out: FloatArray, data: TrainingSet, split: Split, raw: FloatArray) -> Calibration:
    """Return the calibration of the model that was refitted on all rows, from log-odds of models that held rows out;
    `raw` (n,) are its own of all rows.

    Out of fold, held-out rows are like all others, and slope and intercept come from them. Out of time, a block's level
    is that of its season, and of a model that had not yet seen the blocks before: the slope comes from within blocks,
    the level from all rows. (On Online Retail a level taken from the autumn and winter blocks said 0.75 too much in
    log-odds, and the following summer cost 0.07 in log loss.)
    """
    known, churned = ~np.isnan(held_out), data.churned
    if split.how == "out_of_fold":
        return Calibration.fit(held_out[known], churned[known])
    block = np.zeros(len(churned), dtype=np.intp)
    for number, fold in enumerate(split.folds):
        block[fold.test] = number
    fitted = Calibration.fit(held_out[known], churned[known], block[known])
    return fitted.at_level(raw, float(churned.mean()))


def known_labels(rows: pd.DataFrame, fewest: int = MIN_ACCOUNTS) -> npt.NDArray[np.bool_]:
    """Return (n,) whether each row churned.

    Raises
    ------
    ModelError
        When a label is unknown, or fewer than `fewest` accounts churned or stayed.
    """
    unknown = int(rows["churned"].isna().sum())
    if unknown:
        raise ModelError.of(
            f"{unknown:,} rows whose outcome is not known yet", "labelled rows only", "leave out rows not yet matured"
        )
    churned = rows["churned"].to_numpy(dtype=bool)
    n_accounts, n_churned = rows["account_id"].nunique(), rows.loc[churned, "account_id"].nunique()
    n_stayed = rows.loc[~churned, "account_id"].nunique()
    if min(n_churned, n_stayed) < fewest:
        raise ModelError.of(
            f"{n_accounts:,} accounts, {n_churned:,} that churned and {n_stayed:,} that stayed at some cutoff",
            f"at least {fewest} of each",
            "use a longer history, a longer horizon, or another definition of churn",
        )
    return churned


def _require_features(features: Sequence[Feature]) -> None:
    if not features:
        raise ModelError.of("no features", "at least one", "give the accounts more columns or tables")


def _require_variation(matrix: Matrix) -> None:
    if not any(map(_varies, matrix.T)):
        raise ModelError.of(
            f"{matrix.shape[1]:,} features that are the same for every account",
            "at least one that differs",
            "check the mapping of the columns",
        )


def _varies(column: Matrix) -> bool:
    known = column[~np.isnan(column)]
    return 0 < len(known) < len(column) or bool((known != known[:1]).any())


def _thinned(folds: Sequence[Fold], accounts: npt.NDArray[np.intp], seed: int) -> list[Fold]:
    """Return the folds reduced to the rows of randomly chosen accounts, about `SEARCH_ROWS` in all."""
    if len(accounts) <= SEARCH_ROWS:
        return list(folds)
    share = SEARCH_ROWS / len(accounts)
    kept = (np.random.default_rng(seed).random(int(accounts.max()) + 1) < share)[accounts]
    return [Fold(fold.train[kept[fold.train]], fold.test[kept[fold.test]]) for fold in folds]


def usual_values(encoder: Encoder, matrix: Matrix, weights: FloatArray) -> Usual:
    """Return for every feature the median, or the most frequent level, of encoded rows; None where none is known."""
    found: dict[str, float | str | None] = {}
    for feature, column in zip(encoder.features, matrix.T, strict=True):
        known = ~np.isnan(column)
        values, stands_for = column[known].astype(np.float64), weights[known]
        if not len(values):
            found[feature.name] = None
        elif feature.kind == "category":
            code = int(np.bincount(values.astype(np.intp), stands_for).argmax())
            found[feature.name] = encoder.levels[feature.name][code]
        else:
            found[feature.name] = float(weighted_quantiles(values, stands_for, [0.5])[0])
    return found
