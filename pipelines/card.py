"""The model card: data, definitions, quality, limits, for people."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

from pipelines.churn.bootstrap import Interval
from pipelines.churn.curve import RetentionCurve
from pipelines.churn.evaluation import Evaluation
from pipelines.figures import held_out_rows
from pipelines.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.causes import Causes
    from pipelines.experience.told import Programme
    from pipelines.release import Release
    from pipelines.segmenting import Segmented

FIGURES = {
    "auc": "AUC (0.5 is chance)",
    "average_precision": "Average precision",
    "log_loss": "Log loss (lower is better)",
    "brier": "Brier score (lower is better)",
    "ece": "Calibration error (share)",
    "lift": "Lift among the 10 % most at risk (times)",
}


def model_card(
    release: Release,
    evaluation: Evaluation,
    contributions: pd.DataFrame,
    segmented: Segmented,
    by_segment: pd.DataFrame,
    causes: Causes,
) -> str:
    """Return the card as Markdown."""
    manifest, curve, programme = release.manifest, release.curve, release.programme
    sections = [
        f"# Release {manifest.version}",
        _what(manifest),
        _quality(evaluation),
        _verdict(manifest),
        *([_curve(curve)] if curve else []),
        *([f"## How accounts left\n\n{_sentence(manifest.departed.sentence)}"] if manifest.departed else []),
        _rests_on(contributions),
        _causes(causes),
        _segments(segmented, by_segment),
        _programme(programme),
        _limits(manifest, curve),
    ]
    return "\n\n".join(sections) + "\n"


def _what(manifest: Manifest) -> str:
    sample = manifest.metrics.get("sample")
    n_rows = f"{sample['n_kept']:,} of {manifest.n_rows:,}" if sample else f"{manifest.n_rows:,}"
    return (
        f"Predicts churn: {manifest.definition}.\n\n"
        f"Learnt from {n_rows} rows of {manifest.n_accounts:,} accounts whose label has come due "
        f"({manifest.churn_rate:.1%} of the rows churned, counted); known until {manifest.as_of or 'no date'}. "
        f"Data fingerprint `{manifest.data_fingerprint[:16]}`, code {manifest.code_version}, "
        f"made {manifest.created}.\n\n"
        + (f"Sampled: {sample['sentence']}.\n\n" if sample else "")
        + f"High risk from {manifest.tiers.high_prob:.1%}, medium from {manifest.tiers.medium_prob:.1%} (predicted)."
    )


def _quality(evaluation: Evaluation) -> str:
    names = list(evaluation.figures)
    lines = [
        "## How good it is",
        "",
        f"On {held_out_rows(evaluation.predictions)} of {evaluation.n_accounts:,} accounts "
        f"({evaluation.n_churned:,} rows churned): {evaluation.sentence}. "
        "In brackets 95 % intervals (accounts resampled). The calibration error has none: resampling only makes it "
        "larger. These figures are of the procedure; the release itself was then trained on the held-out rows too.",
        "",
        "| figure | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for key, words in FIGURES.items():
        cells = [evaluation.figures[name][key] for name in names]
        lines.append(f"| {words} | " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join([*lines, "", "![calibration](figures/calibration.png) ![lift](figures/lift.png)"])


def _cell(figure: Interval) -> str:
    return f"{figure.value:.3f}" + ("" if isnan(figure.low) else f" ({figure.low:.3f} to {figure.high:.3f})")


def _verdict(manifest: Manifest) -> str:
    passed = "May be promoted." if manifest.gate.passed else "Must not be promoted."
    passed += (
        " The gate asks a model to beat the business rule and the logistic regression, and not to be worse than the "
        "logistic regression on logarithms."
    )
    return "\n".join(["## Verdict", "", passed, "", *(f"- {sentence}" for sentence in manifest.gate.sentences)])


def _rests_on(contributions: pd.DataFrame) -> str:
    lines = [
        "## What the score rests on",
        "",
        "Mean absolute contribution to the predicted log-odds (SHAP). It says why the model says so, not what would "
        f"change if something were done about it. Mean over {contributions.attrs.get('n_accounts', 0):,} accounts.",
        "",
        "| feature | family | mean contribution (log-odds) |",
        "|---|---|---|",
    ]
    shown = contributions.head(15)
    rows = zip(shown["sentence"], shown["family"], shown["mean_contribution"], strict=True)
    lines += [f"| {sentence} | {family} | {mean:.3f} |" for sentence, family, mean in rows]
    return "\n".join([*lines, "", "![reasons](figures/reasons.png)"])


def _causes(causes: Causes) -> str:
    lines = [
        "## What causes churn",
        "",
        "The effect on those who had a bad experience of that, instead of a good one, as far as the declared causal "
        "order and what was measured can tell. Percentage points of churn with 95 % intervals; false discoveries are "
        "held at 5 % (Benjamini and Hochberg).",
        "",
    ]
    if causes.why_not:
        return "\n".join([*lines, f"No effect can be told: {causes.why_not}."])
    lines += [f"- **{finding.driver.name}**: {finding.sentence}" for finding in causes.found]
    lines += [] if causes.found else ["No cause was found."]
    others = [f"{finding.driver.name} ({finding.verdict})" for finding in causes.findings if finding.verdict != "cause"]
    lines += ["", f"Looked into as well: {', '.join(others)}."] if others else []
    lines += ["", *(figure.sentence[:1].upper() + figure.sentence[1:] + "." for figure in causes.others[:1])]
    return "\n".join([*lines, "", "![drivers](figures/drivers.png)"])


def _segments(segmented: Segmented, by_segment: pd.DataFrame) -> str:
    lines = ["## Segments", ""]
    for name, segmentation in segmented.segmentations.items():
        releases = segmented.portraits[name].releases
        since = f" Since the last champion: {'; '.join(releases.sentences)}." if releases else ""
        lines += [f"**{name}**: {segmentation.why}.{since}", ""]
    lines += [f"- {one.outcome} ({one.n:,} accounts, held out): {one.sentence}" for one in segmented.comparisons]
    lines += [""] if segmented.comparisons else []
    if len(by_segment):
        lines += ["Counted (with 95 % interval, accounts resampled) and predicted churn on the held-out rows:", ""]
        lines += ["| segment | accounts | rows | counted | predicted |", "|---|---|---|---|---|"]
        lines += [_segment_row(row) for row in by_segment.to_dict("records")]
    return "\n".join(lines)


def _segment_row(row: Mapping[Hashable, Any]) -> str:
    counted = f"{row['counted']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
    return f"| {row['segment']} | {row['n_accounts']:,} | {row['n']:,} | {counted} | {row['predicted']:.1%} |"


def _curve(curve: RetentionCurve) -> str:
    ways = ", ".join(f"{name} {share:.0%}" for name, share in zip(curve.ways.names, curve.ways.usual, strict=True))
    return (
        "## How long accounts stay\n\n"
        f"The retention curve goes to {curve.days[-1]:.0f} days; it was learnt from {curve.n_accounts:,} accounts, "
        f"{curve.n_left:,} of which left (counted): {ways}. At the horizon it is what the model says; how good it is "
        "beyond, `perennial backtest` tells."
    )


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}."


def _programme(programme: Programme) -> str:
    lines = ["## What is experienced, what it is worth, which way accounts go", ""]
    lines += [f"- **{part}** (`{part}.json`): {told.sentence}." for part, told in programme.parts()]
    return "\n".join([*lines, "", "Each figure has its unit, interval, n and basis there, or why it is refused."])


def _limits(manifest: Manifest, curve: RetentionCurve | None) -> str:
    furthest = curve.days[-1] if curve else manifest.horizon_days
    return "\n".join(
        [
            "## Limits",
            "",
            f"- It says nothing about churn later than {furthest:.0f} days after the as-of date.",
            "- An interval is of the churn of accounts alike in all that is known of them, not of one account.",
            "- Columns of accounts are taken as they are now: without their history an old as-of date sees today's.",
            "- A reason is not a cause: acting on it may change nothing.",
            "- Accounts unlike those it learnt from get a probability all the same.",
        ]
    )
