"""Findings: verdicts, checks, groups and words, on rows whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pipelines.drivers.driver import Driver, levels
from pipelines.drivers.find import Found, find_drivers
from pipelines.drivers.finding import Figure, Finding, findings_table
from pipelines.drivers.groups import ENGAGED, OTHERS, robustness
from pipelines.drivers.importance import SHAP, with_importance
from pipelines.drivers.moments import Places, Scores, moments_of_truth, pain_points
from pipelines.drivers.rows import DriverRows
from pipelines.drivers.shape import Step, is_monotone


@pytest.fixture(scope="module")
def found(rows: DriverRows, outage: Driver, mail: Driver) -> Found:
    region = np.where(rows.before["employees"] < np.exp(4), "small", "large").astype(object)
    return find_drivers(rows, (mail, outage), {"region": region}, seed=0)


def of(found: Found, name: str) -> Finding:
    return next(finding for finding in found.findings if finding.driver.name == name)


def test_the_cause_is_found_and_what_only_goes_along_with_churn_is_not(found: Found) -> None:
    assert [(one.driver.name, one.verdict) for one in found.findings] == [("outage", "cause"), ("mail", "none found")]


def against_a_quarter_point(figure: Figure) -> float:
    error = (figure.high - figure.low) / (2 * norm.isf(0.025))
    within = norm.cdf([-abs(figure.value), abs(figure.value)], 0.25, error)
    return 1 - float(within[1] - within[0])


def test_an_effect_smaller_than_what_matters_is_not_called_a_cause(rows: DriverRows, outage: Driver) -> None:
    effect = find_drivers(rows, (outage,), {}, seed=0).findings[0].figure("effect")
    assert effect is not None
    verdicts = [
        find_drivers(rows, (outage,), {}, seed=0, smallest_points=smallest).findings[0].verdict
        for smallest in (effect.low / 2, effect.value)
    ]
    assert verdicts == ["cause", "none found"]


def test_q_values_are_those_of_benjamini_and_hochberg(found: Found) -> None:
    p_values = sorted(against_a_quarter_point(figure) for one in found.findings if (figure := one.figure("effect")))
    by_hand = [min(p_values[0] * 2, p_values[1]), p_values[1]]
    assert sorted(one.q_value for one in found.findings) == pytest.approx(by_hand)


def test_every_figure_has_unit_basis_and_number_of_rows(found: Found) -> None:
    table = findings_table(found.findings, (found.bound,))
    told = table[table["value"].notna()]
    assert (told["unit"] != "").all()
    assert set(told["basis"]) <= {"caused", "counted", "predicted", "check"}
    assert (told["n_rows"] > 0).all()
    assert (told["low"] <= told["value"]).all()
    assert (told["value"] <= told["high"]).all()


def test_the_sentence_names_its_assumption_and_no_robustness_value(found: Found) -> None:
    sentence = of(found, "outage").sentence
    assert "assuming no unmeasured common cause" in sentence
    assert "at least one against none" in sentence
    table = findings_table(found.findings)
    assert not table.apply(lambda column: column.astype(str).str.contains("robustness value")).any(axis=None)


def test_effects_of_segments_hold_together(found: Found) -> None:
    figures = [one for one in of(found, "outage").figures if one.group_by == "region"]
    assert {one.group for one in figures} == {"small", "large"}
    for figure in figures:
        assert figure.low <= 8.0 <= figure.high
        # Two groups: each interval is the one of 97.5 %.
        z = norm.isf(0.05 / 4)
        assert (figure.high - figure.low) / 2 == pytest.approx(
            z * abs(figure.value) / norm.isf(figure.p_value / 2), rel=1e-6
        )


def test_the_shuffled_placebo_shows_nothing(found: Found) -> None:
    placebo = of(found, "outage").figure("placebo shuffled")
    assert placebo is not None
    assert placebo.low < 0 < placebo.high
    assert abs(placebo.value) < 0.5
    assert placebo.sentence.startswith("the effect is not within")
    # As wide as the error of a difference of two shares.
    error = np.sqrt(0.13 * 0.87 * (1 / placebo.n_bad + 1 / (placebo.n_rows - placebo.n_bad)))
    assert (placebo.high - placebo.low) / 2 == pytest.approx(196 * error, rel=0.25)


def test_what_is_saved_is_the_effect_times_those_that_have_it_today(found: Found, rows: DriverRows) -> None:
    effect, saved = of(found, "outage").figure("effect"), of(found, "outage").figure("churners saved")
    assert effect is not None
    assert saved is not None
    n = int((rows.now["outreach_outage_90d"][rows.is_latest] >= 1).sum())
    assert saved.value == pytest.approx(effect.value / 100 * n)
    assert saved.n_bad == n


def test_the_bound_is_the_effect_over_the_churners_expected(found: Found, rows: DriverRows) -> None:
    saved = of(found, "outage").figure("churners saved")
    assert saved is not None
    expected = np.nanmean(rows.churned) * rows.is_latest.sum()
    assert found.bound.value == pytest.approx(100 * saved.value / expected)
    assert found.bound.high == pytest.approx(100 * saved.high / expected, rel=0.01)


def test_where_nothing_does_anything_nothing_is_yours_to_move(
    make_rows: Callable[..., DriverRows], outage: Driver, mail: Driver
) -> None:
    found = find_drivers(make_rows(1, harm=0.0), (outage, mail), {}, seed=0)
    assert {one.verdict for one in found.findings} == {"none found"}
    assert found.bound.value == 0
    assert "no controllable cause" in found.bound.sentence


def test_what_is_not_controllable_is_a_cause_but_not_yours_to_move(rows: DriverRows, outage: Driver) -> None:
    found = find_drivers(rows, (replace(outage, is_controllable=False),), {}, seed=0)
    assert of(found, "outage").verdict == "cause"
    assert found.bound.value == 0


def test_two_names_for_the_same_events_are_one_driver(rows: DriverRows, outage: Driver) -> None:
    again = replace(outage, name="outage_told_twice")
    found = find_drivers(rows, (outage, again), {}, seed=0)
    assert [one.driver.name for one in found.findings] == ["outage"]


def test_the_same_rows_give_the_same_findings_on_any_number_of_threads(
    rows: DriverRows, outage: Driver, mail: Driver
) -> None:
    tables = [
        findings_table(find_drivers(rows, (outage, mail), {}, seed=3, threads=threads).findings) for threads in (1, 2)
    ]
    pd.testing.assert_frame_equal(*tables)


def test_drivers_that_depend_on_each_other_are_shown_in_both_orders(
    rows: DriverRows, outage: Driver, mail: Driver
) -> None:
    # Half of the mails are about an outage: the two go together beyond what size tells.
    rng = np.random.default_rng(0)
    told = np.where(rng.random(len(rows.now)) < 0.5, rows.now[outage.feature.name], rows.now[mail.feature.name])
    tied = replace(rows, now=rows.now.assign(**{mail.feature.name: told}))
    figure = of(find_drivers(tied, (outage, mail), {}, seed=0), "outage").figure("other order")
    assert figure is not None
    assert "if mail came before it" in figure.sentence


def test_a_bad_thing_in_one_place_and_good_in_another_gets_no_one_number() -> None:
    rises, falls = Step(2.0, 1.0, 3.0, 900, 300), Step(-2.0, -3.0, -1.0, 900, 300)
    assert is_monotone((rises, rises))
    assert is_monotone((rises, falls._replace(high=0.5)))
    assert not is_monotone((rises, falls))


def test_planted_robustness_is_found_and_none_is_not_seen(make_rows: Callable[..., DriverRows], outage: Driver) -> None:
    from pipelines.drivers.adjustment import Adjustment
    from pipelines.drivers.effect import compared

    covered = {0.0: 0, 1.0: 0}
    for seed in range(6):
        rows = make_rows(seed, harm=0.0)
        rng = np.random.default_rng(seed)
        labels = np.where(rng.random(len(rows.keys)) < 0.5, ENGAGED, OTHERS).astype(object)
        had = rows.now[outage.feature.name].to_numpy() >= 1
        for spared in covered:
            # Others leave 12 points more after an outage, engaged ones as much less of it as they are spared.
            harm = 0.12 * had * np.where(labels == ENGAGED, 1 - spared, 1.0)
            churned = np.where((rng.random(len(had)) < harm) & ~np.isnan(rows.churned), 1.0, rows.churned)
            harmed = replace(rows, keys=rows.keys.assign(churned=churned))
            contrast = levels(outage, harmed.now[outage.feature.name].to_numpy(dtype=float))
            ratio = robustness(compared(harmed, contrast, Adjustment.of(harmed, 0).base, seed=0), labels)
            assert not isinstance(ratio, str)
            covered[spared] += ratio.low <= 1 <= ratio.high
    assert covered[0.0] >= 5
    assert covered[1.0] <= 1


def test_moments_of_truth_are_effect_times_how_often_and_pain_points_are_apart(found: Found) -> None:
    places = Places(
        {"outage": "product", "mail": "newsletter"}, {"support": Scores(200, 60, 90), "shop": Scores(5, 5, 5)}
    )
    told = moments_of_truth(found.findings, places)
    moment = next(figure for figure in told[0].figures if figure.figure == "moment of truth")
    effect, share = told[0].figure("effect"), told[0].figure("share bad")
    assert effect is not None
    assert share is not None
    assert (moment.group, moment.value) == ("product", pytest.approx(effect.value / 100 * share.value / 100 * 1000))
    assert not [figure for figure in told[1].figures if figure.figure == "moment of truth"]
    (pain,) = pain_points(places)
    assert (pain.group, pain.value, pain.basis) == ("support", 30.0, "counted")


def test_importance_stands_beside_the_effect_and_is_called_a_prediction(found: Found, rows: DriverRows) -> None:
    both = with_importance(found.findings, {"outreach_mail_90d": 0.9, "outreach_outage_90d": 0.1}, rows.features, 500)
    mail = next(one for one in both if one.driver.name == "mail")
    figure = mail.figure(SHAP)
    assert figure is not None
    assert (figure.value, figure.basis) == (0.9, "predicted")
    assert "no effect is found" in figure.sentence
