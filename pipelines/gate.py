"""Whether a release may serve: better than what anyone could do without it, and not worse than what serves."""

from __future__ import annotations

from features.sufficiency import FEW_CHURNERS
from pipelines.challenge import Challenge
from pipelines.churn.evaluation import ON_LOGS, RATE, RULE, Evaluation
from pipelines.churn.verdict import Verdict
from pipelines.manifest import Gate


def gate(evaluation: Evaluation, contest: Challenge | None = None) -> Gate:
    """Return whether the model may serve.

    It has to beat the usual baselines, not be worse than a careful one, and not lose against the champion. Where fewer
    than a hundred accounts churned nothing is beyond doubt: there it has to lead the churn rate and the business rule
    by more than a standard error, and not be worse than any.
    """
    churned = evaluation.predictions.loc[evaluation.predictions["churned"].astype(bool), "account_id"].nunique()
    refuses = _refuses_few if churned < FEW_CHURNERS else _refuses
    worse = [verdict.sentence for verdict in evaluation.verdicts if refuses(verdict)]
    refused = (*worse, *(contest.refused_for if contest else ()))
    sentences = (*(verdict.sentence for verdict in evaluation.verdicts), *(contest.sentences if contest else ()))
    return Gate(passed=not refused, sentences=sentences, refused_for=refused)


def _refuses(verdict: Verdict) -> bool:
    return verdict.loses if verdict.baseline == ON_LOGS else not verdict.beats


def _refuses_few(verdict: Verdict) -> bool:
    return not verdict.leads if verdict.baseline in (RATE, RULE) else verdict.loses
