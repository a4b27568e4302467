"""Challenger against champion: on rows new to both, beyond a margin, and beyond doubt."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from features.feature import Feature
from features.labels import ChurnDefinition
from features.panel import Panel
from pipelines.challenge import Challenge, challenge
from pipelines.churn.evaluation import Evaluation
from pipelines.config import Settings
from pipelines.release import Release
from pipelines.segmentation import Segment

CHURN = ChurnDefinition("subscription")
MONTHS = pd.date_range("2025-01-01", periods=6, freq="MS")
FEATURES = (Feature("mrr_now", "relationship", "context", "money a month", "Recurring revenue a month"),)


def panel(n: int = 1500, seed: int = 0) -> Panel:
    """Accounts with a true risk, of two kinds; those that leave are not there afterwards."""
    rng = np.random.default_rng(seed)
    risk, kind = rng.beta(1, 9, n), np.where(rng.random(n) < 0.3, "small", "large")
    there, parts = np.ones(n, dtype=bool), []
    for month in MONTHS:
        churned = rng.random(n) < risk
        parts.append(
            pd.DataFrame(
                {
                    "account_id": [f"A-{number}" for number in np.flatnonzero(there)],
                    "as_of": month,
                    "churned": pd.array(churned[there], dtype="boolean"),
                    "mrr_now": rng.lognormal(5, 1, there.sum()),
                    "risk": risk[there],
                    "kind": kind[there],
                }
            )
        )
        there &= ~churned
    return Panel(pd.concat(parts, ignore_index=True), FEATURES, CHURN, MONTHS[-1])


PANEL = panel()
TRUTH = PANEL.rows["risk"].to_numpy()
RNG = np.random.default_rng(1)
NOISY = 1 / (1 + np.exp(-(np.log(TRUTH / (1 - TRUTH)) + RNG.normal(0, 1.5, len(TRUTH)))))


class ByKind:
    """A segmentation of which it is known who is where."""

    segments = tuple(Segment(f"firmographic-{i}", name, name, 0, 0.5) for i, name in ((1, "large"), (2, "small")))
    is_divided = True

    def membership(self, rows: pd.DataFrame) -> np.ndarray:
        large = (rows["kind"] == "large").to_numpy(dtype=float)
        return np.column_stack([large, 1 - large])


def held(ours: np.ndarray) -> Evaluation:
    told = PANEL.rows[["account_id", "as_of", "churned"]].assign(weight=1.0, row=np.arange(len(PANEL.rows)), model=ours)
    return cast(Evaluation, SimpleNamespace(predictions=told))


def champion(theirs: np.ndarray, **manifest: Any) -> Release:
    said = {
        "version": "2024-12-01-abc",
        "definition": CHURN.sentence,
        "horizon_days": CHURN.horizon_days,
        "learnt_until": "2025-01-01",
    }
    churn = SimpleNamespace(prob=lambda rows: theirs[rows.index.to_numpy()])
    release = SimpleNamespace(
        manifest=SimpleNamespace(**(said | manifest)), churn=churn, segmentations={"firmographic": ByKind()}
    )
    return cast(Release, release)


def contest(ours: np.ndarray, theirs: np.ndarray, **manifest: Any) -> Challenge:
    return challenge(champion(theirs, **manifest), held(ours), PANEL, Settings())


def test_an_equal_is_not_refused_and_the_figures_are_told() -> None:
    found = contest(TRUTH, TRUTH)
    assert found.refused_for == ()
    n_newer = (PANEL.rows["as_of"] > MONTHS[0]).sum()
    assert all(f"on {n_newer:,} newer rows" in sentence for sentence in found.sentences)
    (loss,) = [one for one in found.sentences if ": log loss 0" in one]
    newer = PANEL.rows["as_of"] > MONTHS[0]
    churned, prob = PANEL.rows.loc[newer, "churned"].to_numpy(dtype=bool), TRUTH[newer]
    expected = -np.log(np.where(churned, prob, 1 - prob)).mean()
    assert f"log loss {expected:.4f} against {expected:.4f} (gain +0.0000, +0.0000 to +0.0000)" in loss
    assert any("log loss by revenue (mrr_now)" in one for one in found.sentences)
    assert any("calibration error" in one for one in found.sentences)
    assert any("were in the lowest tier to the last" in one for one in found.sentences)


def test_a_better_one_passes_and_a_worse_one_is_refused_by_number() -> None:
    assert contest(TRUTH, NOISY).refused_for == ()
    refused = contest(NOISY, TRUTH).refused_for
    assert any(": log loss 0" in one and one.endswith("worse beyond the margin of 5%.") for one in refused)


def test_one_that_loses_in_one_segment_only_is_refused_for_that() -> None:
    is_small = (PANEL.rows["kind"] == "small").to_numpy()
    # where it is few it is far off, and better elsewhere, so that all together look no worse
    ours, theirs = np.where(is_small, NOISY, TRUTH), np.where(is_small, TRUTH, NOISY)
    refused = contest(ours, theirs).refused_for
    assert any("in firmographic segment firmographic-2" in one for one in refused)
    assert not any("firmographic-1" in one for one in refused)


def test_probabilities_that_are_all_too_high_are_refused_though_they_rank_alike() -> None:
    refused = contest(np.clip(TRUTH * 2.5, 0, 0.99), TRUTH).refused_for
    assert any("calibration error" in one for one in refused)


def test_being_a_little_worse_is_within_the_margin() -> None:
    slightly = 1 / (1 + np.exp(-(np.log(TRUTH / (1 - TRUTH)) + 0.1)))
    assert contest(slightly, TRUTH).refused_for == ()


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (
            {"learnt_until": "2025-06-01"},
            "of the held-out rows newer than all it learnt from 0 churned",
        ),
        ({"learnt_until": None}, "without dates nobody can tell what it has learnt from"),
        ({"horizon_days": 30}, "it predicts something else"),
        ({"definition": "another"}, "it predicts something else \\(another\\)"),
    ],
)
def test_where_there_is_nothing_fair_to_compare_it_is_said_and_none_refused(manifest: dict[str, Any], why: str) -> None:
    found = contest(NOISY, TRUTH, **manifest)
    assert found.refused_for == ()
    (sentence,) = found.sentences
    assert sentence.startswith("Not compared with the champion 2024-12-01-abc: ")
    assert pd.Series([sentence]).str.contains(why).all()


def test_rows_that_the_champion_learnt_from_do_not_count() -> None:
    seen = (PANEL.rows["as_of"] <= MONTHS[0]).to_numpy()
    perfect = np.where(seen, PANEL.rows["churned"].to_numpy(dtype=float).clip(0.001, 0.999), TRUTH)
    assert contest(TRUTH, perfect).sentences == contest(TRUTH, TRUTH).sentences
