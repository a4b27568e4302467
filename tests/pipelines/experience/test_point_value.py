import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.experience_money import nps_year, nps_years
from pipelines.experience.adjusting import covariates
from pipelines.experience.value.account_year import account_year
from pipelines.experience.value.point_value import UnitValues, point_value

UNTIL = pd.Timestamp("2025-01-01")


def _truth(year: pd.DataFrame, kept_more: float) -> float:
    """Retention's part: what one point is worth by the planted difference alone."""
    return 12 * year["opening"].sum() / 200 * kept_more


def _by_name(year: pd.DataFrame, **given) -> dict:
    return {one.figure: one for one in point_value(year, **given)}


def test_the_planted_value_of_a_point_lies_within_its_interval():
    held = []
    for seed in range(120):
        year = nps_year(seed)
        found = _by_name(year)["retention, adjusted"]
        held.append(found.low <= _truth(year, 0.12) <= found.high)
    assert 0.9 <= np.mean(held) <= 0.99


def test_several_years_are_learnt_from_together_and_worth_is_the_latests():
    held, narrower = [], []
    for seed in range(40):
        years = nps_years(seed)
        latest = years[years["anniversary"] == 0]
        found = _by_name(years)["retention, adjusted"]
        held.append(found.low <= _truth(latest, 0.12) <= found.high)
        alone = _by_name(latest)["retention, adjusted"]
        narrower.append((found.high - found.low) / (alone.high - alone.low))
    assert 0.85 <= np.mean(held) <= 1
    assert np.median(narrower) < 0.75
    assert found.n_accounts == years["account_id"].nunique() < len(years)


def test_no_value_is_found_where_none_is_planted():
    found = [_by_name(nps_year(seed, kept_more=0.0))["retention, adjusted"].verdict for seed in range(60)]
    assert found.count("found") <= 3


def test_adjusting_removes_what_a_region_alone_brings():
    verdicts = []
    for seed in range(30):
        found = _by_name(nps_year(seed, kept_more=0.0, confounded=2.0), adjust_for=["region"])
        verdicts.append([found[f"retention, {way}"].verdict for way in ("as counted", "adjusted")])
    counted, adjusted = zip(*verdicts, strict=True)
    assert counted.count("found") >= 27
    assert adjusted.count("found") <= 2


def test_retention_and_growth_add_up_to_revenue():
    found = _by_name(nps_year(3))
    for way in ("as counted", "adjusted"):
        parts = found[f"retention, {way}"].value + found[f"growth, {way}"].value
        assert parts == pytest.approx(found[f"revenue, {way}"].value, rel=1e-9)


def test_references_and_cases_count_by_what_the_company_says_they_are_worth():
    found = _by_name(nps_year(4), units=UnitValues(reference=500.0, case=40.0))
    year = nps_year(4)
    mean = year.groupby("kind")["references"].mean()
    assert found["advocacy, as counted"].value == pytest.approx(
        len(year) / 200 * 500.0 * (mean["promoter"] - mean["detractor"])
    )
    assert found["cost to serve, as counted"].value > 0


def test_without_a_worth_of_a_reference_there_is_no_advocacy():
    found = _by_name(nps_year(4))["advocacy, adjusted"]
    assert found.verdict == "refused"
    assert "nothing says what a reference is worth" in found.sentence


def test_few_detractors_are_refused():
    year = nps_year(5)
    (found,) = point_value(year[year["kind"] != "detractor"])
    assert found.verdict == "refused"
    assert "0 detractors" in found.sentence


def test_both_ways_are_associations():
    assert {one.basis for one in point_value(nps_year(6)) if one.verdict != "refused"} == {"associated"}


def test_an_answer_of_the_year_itself_does_not_speak_for_the_account():
    subscriptions = pd.DataFrame(
        {"account_id": ["a", "b"], "start_date": pd.Timestamp("2022-01-01"),
         "end_date": pd.to_datetime([None, "2024-06-01"]), "mrr": 10.0}
    )  # fmt: skip
    answers = pd.DataFrame(
        {"account_id": ["a", "a", "b"], "score": [9.0, 0.0, 6.0], "survey_type": "periodic",
         "answered_at": pd.to_datetime(["2023-12-01", "2024-02-01", "2023-11-01"])}
    )  # fmt: skip
    at = pd.to_datetime(["2024-03-01", "2023-03-01", "2020-01-01"])
    asked = pd.DataFrame({"account_id": ["a", "a", "b"], "at": at})
    year = account_year(answers, subscriptions, UNTIL, counted={"cases": asked}).set_index("account_id")
    assert year["kind"].to_dict() == {"a": "promoter", "b": "detractor"}
    assert year["has_left"].to_dict() == {"a": False, "b": True}
    assert year.loc["a", ["cases", "cases_before"]].tolist() == [1.0, 1.0]


def test_a_column_that_others_add_up_to_is_left_out():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"one": rng.random(50), "two": rng.random(50)})
    rows["both"] = rows["one"] + rows["two"]
    assert covariates(rows, ["one", "two", "both"]).shape == (50, 2)
