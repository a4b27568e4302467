"""The stage of segments on a dated panel: what is told of segments, in words, as JSON and as pictures."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from features.feature import Feature
from features.labels import ChurnDefinition
from features.panel import Panel
from pipelines.config import Segments
from pipelines.explain_segments import as_json, in_words, told
from pipelines.release import COMPARISONS, PORTRAIT, Release
from pipelines.sampling import current_rows
from pipelines.segment_figures import segment_figures
from pipelines.segmenting import Segmented, segment_accounts

ITEMS = tuple(f"need_{item}" for item in ("price", "service", "quality", "speed"))
FEATURES = (
    Feature("industry", "firmographic", "context", "category", "Industry", "category"),
    Feature("employees", "firmographic", "context", "employees", "Employees"),
    Feature("usage_90d", "behaviour", "behaviour", "count", "Use, last 90 days"),
    Feature("spent_365d", "behaviour", "behaviour", "money", "Amount bought, last 365 days"),
    Feature("mrr_now", "relationship", "context", "money a month", "Recurring revenue a month, now"),
    Feature("nps_last", "experience", "perception", "score", "Latest NPS answer (0 to 10)"),
    *(Feature(item, "experience", "context", "score", f"Importance given to {item[5:]}") for item in ITEMS),
)
N = 500
MONTHS = pd.date_range("2025-01-01", periods=6, freq="MS")


def monthly_panel(seed: int = 0) -> Panel:
    """Two kinds of accounts by size, two by use and two by need; those that ask for service leave more often."""
    rng = np.random.default_rng(seed)
    is_large, is_user, is_served = (rng.random(N) < share for share in (0.4, 0.5, 0.5))
    profiles = np.where(is_served[:, None], [1, 5, 5, 2], [5, 1, 2, 5])
    answers = np.clip(np.round(profiles + rng.normal(0, 0.7, (N, 4))), 1, 5)
    answers[rng.random(N) < 0.3] = np.nan
    at_first = pd.DataFrame(answers, columns=list(ITEMS)).assign(
        account_id=[f"A-{number:03}" for number in range(N)],
        industry=np.where(rng.random(N) < np.where(is_large, 0.9, 0.1), "Energy", "Retail"),
        employees=np.exp(rng.normal(np.where(is_large, 7.0, 2.5), 0.6)),
        usage_90d=rng.poisson(np.where(is_user, 120, 8)).astype(float),
        spent_365d=np.exp(rng.normal(np.where(is_user, 8.0, 5.0), 0.5)),
        mrr_now=np.exp(rng.normal(np.where(is_large, 6.0, 4.0), 0.4)),
        nps_last=np.clip(np.round(rng.normal(np.where(is_served, 5.0, 8.0), 1.5)), 0, 10),
    )
    months = []
    for place, month in enumerate(MONTHS):
        churned = pd.array(rng.random(N) < np.where(is_served, 0.2, 0.05), dtype="boolean")
        known = churned if place < 3 else pd.array([None] * N, dtype="boolean")
        moved = rng.random(N) < 0.05
        use = np.where(moved, at_first["usage_90d"].sample(frac=1, random_state=place), at_first["usage_90d"])
        months.append(at_first.assign(as_of=month, churned=known, usage_90d=use))
    rows = pd.concat(months, ignore_index=True)
    return Panel(rows, FEATURES, ChurnDefinition("subscription"), MONTHS[-1])


def segmented(panel: Panel, champion: Release | None = None, settings: Segments | None = None) -> Segmented:
    return segment_accounts(panel, current_rows(panel, 0), settings or Segments(), champion, seed=0)


def release_of(found: Segmented) -> Release:
    manifest = SimpleNamespace(version="2025-06-01-abc", as_of="2025-06-01")
    return Release(
        cast(Any, manifest),
        cast(Any, None),
        cast(Any, None),
        found.segmentations,
        portraits=found.portraits,
        comparisons=found.comparisons,
    )


PANEL = monthly_panel()


@pytest.fixture(scope="module")
def found() -> Segmented:
    return segmented(PANEL)


def test_every_segment_has_traits_churn_revenue_experience_and_typical_accounts(found: Segmented) -> None:
    for name, segmentation in found.segmentations.items():
        assert len(segmentation.segments) == 2, name
        for profile in found.portraits[name].profiles:
            assert profile.traits
            assert [one.what for one in profile.outcomes] == [
                "churned within 90 days",
                "Recurring revenue a month, now",
                "Latest NPS answer (0 to 10)",
            ]
            assert len(profile.typical) == 3


def test_a_segments_churn_is_counted_over_all_dates_whose_label_is_due(found: Segmented) -> None:
    needs = found.segmentations["needs"]
    matured = PANEL.matured
    membership = needs.membership({str(name): matured[name] for name in matured})
    known = ~np.isnan(membership).any(axis=1)
    for place, profile in enumerate(found.portraits["needs"].profiles):
        own = known & (np.nan_to_num(membership).argmax(axis=1) == place)
        churn = profile.outcomes[0]
        assert churn.value == pytest.approx(matured["churned"][own].astype(float).mean())
        assert churn.n == matured["account_id"][own].nunique()


def test_a_segment_by_needs_is_also_told_by_what_accounts_are(found: Segmented) -> None:
    behavioural = found.portraits["behavioural"].profiles
    assert {"usage_90d", "spent_365d"} <= {trait.feature for profile in behavioural for trait in profile.traits}
    firmographic = found.portraits["firmographic"].profiles
    assert {trait.feature for profile in firmographic for trait in profile.traits} >= {"industry", "employees"}


def test_outcomes_that_come_later_say_which_segmentation_tells_most(found: Segmented) -> None:
    churn, revenue, experience = found.comparisons
    assert churn.outcome == "churn within 90 days"
    assert revenue.outcome == "Recurring revenue a month, now, 92 days later (logarithm)"
    assert experience.outcome == "Latest NPS answer (0 to 10), 92 days later"
    assert revenue.told[0].segmentation == "firmographic"
    assert experience.told[0].segmentation == "needs"
    assert "most of all" in experience.sentence


def test_moves_and_shares_are_told_month_by_month(found: Segmented) -> None:
    months = found.portraits["behavioural"].months
    assert months is not None
    assert (months.since, months.until) == ("2025-01-01", "2025-06-01")
    assert np.sum(months.counts) == 5 * N
    stayed = (months.counts[0][0] + months.counts[1][1]) / (5 * N)
    # one account in twenty draws a use anew each month, mostly one of its own kind
    assert 0.9 < stayed < 0.99
    assert found.portraits["behavioural"].drift is not None
    assert found.portraits["behavioural"].drift.n == (N,) * 6


def test_what_has_no_history_is_said_to_show_no_moves(found: Segmented) -> None:
    static = tuple(replace(one, static=one.family == "firmographic") for one in FEATURES)
    months = segmented(replace(PANEL, features=static)).portraits["firmographic"].months
    assert months is not None
    assert months.sentences[-1].endswith("taken as it is today at every date: industry, employees")
    usual = found.portraits["firmographic"].months
    assert usual is not None
    assert not any("as it is today" in sentence for sentence in usual.sentences)


def test_without_dates_there_are_no_months_and_churn_alone_is_compared() -> None:
    flat = PANEL.rows[PANEL.rows["as_of"] == MONTHS[0]].drop(columns="as_of").reset_index(drop=True)
    panel = replace(PANEL, rows=flat, definition=ChurnDefinition("labelled"), observed_until=None)
    found = segmented(panel)
    assert [one.outcome for one in found.comparisons] == ["churn within 90 days"]
    assert all(portrait.months is None and portrait.drift is None for portrait in found.portraits.values())


def test_the_champions_ids_live_on_and_what_became_of_them_is_told(found: Segmented) -> None:
    later = segmented(monthly_panel(seed=1), release_of(found))
    for name, segmentation in later.segmentations.items():
        assert {one.id for one in segmentation.segments} == {f"{name}-1", f"{name}-2"}
        releases = later.portraits[name].releases
        assert releases is not None
        assert releases.since == "2025-06-01-abc"
        assert float(releases.sentences[0].split("%")[0]) > 97


def test_accounts_that_never_answered_are_said_to_be_unknown_where_nothing_tells_them(found: Segmented) -> None:
    unanswered = found.portraits["needs"].unanswered
    assert unanswered is not None
    assert unanswered.n_answered == PANEL.rows["need_price"].notna().sum() / 6
    assert unanswered.why.startswith("unknown: no prediction is good enough")
    assert found.segmentations["needs"].inference is None
    assert found.portraits["firmographic"].unanswered is None


def test_portraits_and_comparisons_survive_the_release(found: Segmented) -> None:
    for portrait in found.portraits.values():
        saved = json.dumps(asdict(portrait), allow_nan=False)
        assert PORTRAIT.validate_json(saved) == portrait
    assert COMPARISONS.validate_json(COMPARISONS.dump_json(found.comparisons)) == found.comparisons


def test_the_words_name_every_figure_with_unit_interval_and_n(found: Segmented) -> None:
    lines = list(in_words(release_of(found)))
    text = "\n".join(lines)
    assert text.count(" segments: the finest stable of those shortlisted") == 3
    assert "; natural, comes back to " in text
    (use,) = [line for line in lines if line.strip().startswith("Use, last 90 days: median 1")]
    assert "count, of all" in use
    assert "standard deviations (+" in use
    (churn, *_) = [line for line in lines if "churned within 90 days" in line]
    assert churn.strip().endswith("accounts, counted")
    assert "are in the same segment a month later" in text
    assert "weighed 2: BIC" in text
    assert "whatever does" in text
    assert lines[-1].startswith("Latest NPS answer (0 to 10), 92 days later (")


def test_as_json_there_is_the_same_and_one_segmentation_may_be_asked_for(found: Segmented) -> None:
    said = json.loads(as_json(release_of(found)))
    assert [one["name"] for one in said["segmentations"]] == ["firmographic", "behavioural", "needs"]
    (needs,) = told(release_of(found), "needs")["segmentations"]
    assert needs["segments"][0].keys() >= {"id", "name", "share", "is_natural", "traits", "outcomes", "typical"}
    assert needs.keys() >= {"why", "evidence", "months", "releases", "drift", "unanswered"}


def test_there_are_pictures_of_profiles_numbers_map_and_moves(found: Segmented) -> None:
    later = segmented(PANEL, release_of(found))
    pictures = segment_figures(later, current_rows(PANEL, 0))
    kinds = ("numbers", "profiles", "map", "months", "releases")
    assert set(pictures) == {f"{name}_{kind}" for name in later.segmentations for kind in kinds}
    assert all(picture.startswith(b"\x89PNG") for picture in pictures.values())
    assert pictures == segment_figures(later, current_rows(PANEL, 0))


@pytest.mark.parametrize("n", [1, 3, 60])
def test_of_few_accounts_there_is_still_something_to_say(n: int) -> None:
    few = replace(PANEL, rows=PANEL.rows[PANEL.rows["account_id"] < f"A-{n:03}"].reset_index(drop=True))
    found = segmented(few)
    lines = list(in_words(release_of(found)))
    assert any(line.startswith("firmographic: one segment: ") for line in lines) or n == 60
    assert all(one.told == () for one in found.comparisons if one.n < 100)
    assert segment_figures(found, current_rows(few, 0)).keys() <= {
        f"{name}_{kind}" for name in found.segmentations for kind in ("numbers", "profiles", "map", "months")
    }


def test_without_a_label_that_is_due_no_churn_is_told() -> None:
    young = replace(PANEL, rows=PANEL.rows[PANEL.rows["as_of"] > MONTHS[2]].reset_index(drop=True))
    found = segmented(young)
    assert found.comparisons == ()
    outcomes = {one.what for portrait in found.portraits.values() for one in portrait.profiles[0].outcomes}
    assert outcomes == {"Recurring revenue a month, now", "Latest NPS answer (0 to 10)"}


def test_where_nobody_answered_there_is_no_segment_by_need_and_no_figure_of_one() -> None:
    silent = replace(PANEL, rows=PANEL.rows.assign(**dict.fromkeys(ITEMS, np.nan)))
    found = segmented(silent)
    assert found.segmentations["needs"].segments == ()
    assert found.portraits["needs"].profiles == ()
    assert "needs: no segments: all 4 features of what accounts need are empty for every account" in list(
        in_words(release_of(found))
    )
    # the others are compared without it
    assert {one.segmentation for one in found.comparisons[0].told} == {"firmographic", "behavioural"}
