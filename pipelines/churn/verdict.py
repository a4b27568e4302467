"""Whether the model is worth having, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.churn.bootstrap import Interval, Z


@dataclass(frozen=True)
class Verdict:
    """The model against one baseline.

    Attributes
    ----------
    beats
        The 95 % interval of the log-loss improvement lies wholly above zero, and the AUC is not lower. Log loss is what
        honest probabilities are judged by (it is proper: no forecast does better on average than the true probability),
        so it alone must be beyond chance; yet a model that ranks worse is of no use to those who call the accounts.
    loses
        The interval lies wholly below zero.
    leads
        The improvement is larger than its standard error: what can be asked where nothing can be beyond doubt.
    sentence
        The same with its figures.
    """

    baseline: str
    beats: bool
    loses: bool
    leads: bool
    sentence: str


@dataclass(frozen=True)
class Contest:
    """The figures of the model and of one baseline on the same rows; a gain is positive where the model is better."""

    baseline: str
    model_figures: Mapping[str, Interval]
    baseline_figures: Mapping[str, Interval]
    gains: Mapping[str, Interval]
    n_accounts: int


def verdict(contest: Contest) -> Verdict:
    """Return whether the model beats the baseline, and a sentence that says so."""
    gain, auc_gain = contest.gains["log_loss"], contest.gains["auc"].value
    beats = gain.low > 0 and auc_gain >= 0
    leads = gain.value > (gain.high - gain.low) / (2 * Z)
    return Verdict(contest.baseline, beats, gain.high < 0, leads, f"{_claim(contest, beats)}: {_evidence(contest)}.")


def _claim(contest: Contest, beats: bool) -> str:
    gain = contest.gains["log_loss"]
    if beats:
        return f"The model beats the {contest.baseline}"
    if gain.high < 0:
        return f"The model is worse than the {contest.baseline}"
    return f"The model does not beat the {contest.baseline}"


def _evidence(contest: Contest) -> str:
    gain = contest.gains["log_loss"]
    ours, theirs = contest.model_figures, contest.baseline_figures
    return (
        f"log loss {ours['log_loss'].value:.4f} against {theirs['log_loss'].value:.4f} "
        f"(difference {gain.value:.4f}, 95 % interval {gain.low:.4f} to {gain.high:.4f}, "
        f"n = {contest.n_accounts:,} accounts), "
        f"AUC {ours['auc'].value:.4f} against {theirs['auc'].value:.4f}"
    )
