"""What the churn model rests on beside what causes churn: the two are not the same, and where they differ is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from features.feature import Feature
from pipelines.drivers.causal_order import same_source
from pipelines.drivers.finding import Figure, Finding

SHAP = "SHAP importance"


def with_importance(
    findings: Sequence[Finding], contributions: Mapping[str, float], features: Sequence[Feature], n_accounts: int
) -> tuple[Finding, ...]:
    """Return the findings with how much the churn model rests on what tells of each driver.

    Parameters
    ----------
    contributions
        mean absolute contribution (SHAP, log-odds) by feature; those of all features about the same events are added.
    features
        their declarations.
    n_accounts
        how many accounts the mean is over.
    """
    importance = {
        finding.driver.name: sum(
            contributions.get(feature.name, 0.0) for feature in features if same_source(feature, finding.driver.feature)
        )
        for finding in findings
    }
    ranks = {name: rank for rank, name in enumerate(sorted(importance, key=lambda one: -importance[one]), start=1)}
    causes = sum(finding.verdict == "cause" for finding in findings)
    return tuple(
        replace(
            finding,
            figures=(
                *finding.figures,
                Figure(SHAP, importance[finding.driver.name], unit="log-odds", basis="predicted", n_rows=n_accounts,
                       n_accounts=n_accounts, sentence=_beside(finding, ranks, causes)),
            ),
        )
        for finding in findings
    )  # fmt: skip


def _beside(finding: Finding, ranks: Mapping[str, int], causes: int) -> str:
    """How the importance and the effect go together."""
    rank, n = ranks[finding.driver.name], len(ranks)
    place = f"number {rank} of {n} in what predictions rest on"
    if finding.verdict == "cause" and rank > max(causes, n // 2):
        return f"{place}, yet a cause: it is rare, or other features tell of it"
    if finding.verdict == "none found" and rank <= causes:
        return f"{place}, yet no effect is found: it goes along with churn rather than causing it"
    return place
