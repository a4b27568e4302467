"""What is learnt of a panel: the churn model, how sure it is, how long accounts stay; and how it is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalog import Feature
from features.panel import Panel, Progress
from pipelines.churn.complexity import Search
from pipelines.churn.curve import RetentionCurve
from pipelines.churn.curve_training import fit_curve
from pipelines.churn.encoder import Encoder
from pipelines.churn.evaluation import Evaluation, Learner, held_out_evaluation, usual_learners
from pipelines.churn.followed import Followed
from pipelines.churn.lifetimes import known_until, lifetimes
from pipelines.churn.model import ChurnModel
from pipelines.churn.population import row_weights
from pipelines.churn.splits import evaluation_split, search_split
from pipelines.churn.study import Effort
from pipelines.churn.training import train_churn
from pipelines.churn.uncertainty import Uncertainty
from pipelines.churn.uncertainty_training import fit_uncertainty
from pipelines.config import Settings

CURVE_LEAVES = 8
"""At least so many: hazards of different periods hang on different things, which stumps cannot say."""


@dataclass(frozen=True)
class Learnt:
    """A churn model, how sure it is, the retention curve (None where there are no dates of leaving), and the search."""

    churn: ChurnModel
    uncertainty: Uncertainty
    curve: RetentionCurve | None
    search: Search


def evaluate(panel: Panel, settings: Settings, progress: Progress | None = None) -> Evaluation:
    """Return the model beside its baselines on rows it has not seen: out of time where there are dates."""
    matured, gap, seed = panel.matured, panel.definition.matures_days, settings.model.seed
    split = evaluation_split(matured, gap, n_folds=settings.model.folds, seed=seed)
    learners = learners_of(panel, settings, progress, n_searches=len(split.folds) + 1)
    return held_out_evaluation(matured, panel.features, split, learners, seed=seed, kept_share=panel.kept_share)


def learners_of(
    panel: Panel, settings: Settings, progress: Progress | None = None, *, n_searches: int = 1
) -> dict[str, Learner]:
    """Return the model and what it has to beat, as they learn from such a panel; so many searches share the time."""
    return usual_learners(
        gap_days=panel.definition.matures_days,
        rule_column=settings.model.rule_column or usual_rule(panel.features),
        seed=settings.model.seed,
        kept_share=panel.kept_share,
        effort=effort_of(settings).shared(n_searches),
        progress=progress,
    )


def effort_of(settings: Settings) -> Effort:
    """Return what all searches of a run may cost, as the settings say."""
    return Effort(settings.model.trials, settings.model.max_minutes)


def usual_rule(features: tuple[Feature, ...]) -> str | None:
    """Return recency, the rule that companies use, where there is one; else None: the best single column is found."""
    return next((feature.name for feature in features if feature.name == "recency_days"), None)


def learn(panel: Panel, settings: Settings, progress: Progress) -> Learnt:
    """Return what every row whose label is known teaches, and of the curve every row that was followed."""
    matured, gap, seed, folds = panel.matured, panel.definition.matures_days, settings.model.seed, settings.model.folds
    judged = evaluation_split(matured, gap, n_folds=folds, seed=seed)
    training = train_churn(
        matured,
        panel.features,
        search_split(matured, gap, n_folds=folds, seed=seed),
        seed=seed,
        kept_share=panel.kept_share,
        effort=effort_of(settings).shared(len(judged.folds) + 1),
        progress=progress,
    )
    churn, search = training.model, training.search
    uncertainty = learn_uncertainty(churn, matured, seed=seed)
    return Learnt(churn, uncertainty, learn_curve(panel, churn, search.chosen.shape.leaves, seed=seed), search)


def learn_uncertainty(churn: ChurnModel, matured: pd.DataFrame, *, seed: int) -> Uncertainty:
    """Return how sure a model is that learnt from these rows.

    Rows of one account tell of the same churn again: a row counts as churned accounts do among churned rows.
    """
    churned = matured["churned"].to_numpy(dtype=bool)
    weight = matured.loc[churned, "account_id"].nunique() / int(churned.sum())
    return fit_uncertainty(churn, churn.encoder.transform(matured), churned.astype(np.float64), weight, seed=seed)


def learn_curve(panel: Panel, churn: ChurnModel, leaves: int, *, seed: int) -> RetentionCurve | None:
    """Return how long accounts stay, by all that is known; None where churn has no dates."""
    if panel.departures is None or panel.observed_until is None or "as_of" not in panel.rows:
        return None
    rows = followed(panel, panel.departures, panel.observed_until, churn.encoder)
    horizon_days = panel.definition.horizon_days
    return fit_curve(rows, leaves=max(CURVE_LEAVES, leaves), horizon_days=horizon_days, seed=seed)


def followed(panel: Panel, departures: pd.DataFrame, known: pd.Timestamp, encoder: Encoder | None = None) -> Followed:
    """Return the rows of a panel and how long they stayed by what was known at a date; an encoder is fitted if none is
    given.
    """
    until = known_until(panel.definition, known)
    # Of rows that were sampled by their label only those with one are known to stand for how many.
    rows = panel.rows if panel.kept_share == 1 else panel.matured
    rows = rows[rows["as_of"] < until].reset_index(drop=True)
    encoder = encoder or Encoder.fit(rows, panel.features)
    churned = rows["churned"].fillna(False).to_numpy(dtype=bool)
    lives = lifetimes(rows, departures, until)
    accounts = pd.factorize(rows["account_id"])[0]
    return Followed(encoder, encoder.transform(rows), lives, accounts, row_weights(churned, panel.kept_share))
