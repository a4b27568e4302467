"""Columns on one scale: logarithms, limits, levels, missing values."""

import numpy as np
import pytest

from features.catalog import Feature
from pipelines.segmentation.category_column import CategoryColumn
from pipelines.segmentation.firmographic import prepare_firmographic
from pipelines.segmentation.number_column import NumberColumn, is_amount, is_skewed
from pipelines.segmentation.preparation import Preparation

RNG = np.random.default_rng(0)
AMOUNTS = np.exp(RNG.normal(5, 1.5, 500))


def test_numbers_come_out_standardised() -> None:
    column = NumberColumn.fit("spent", AMOUNTS, is_log=True)
    assert column is not None
    encoded, _ = column.encode({"spent": AMOUNTS}, 500)
    assert (encoded.mean(), encoded.std()) == pytest.approx((0.0, 1.0), abs=1e-9)


def test_one_huge_value_changes_the_scale_no_more_than_a_large_one() -> None:
    large, huge = AMOUNTS.copy(), AMOUNTS.copy()
    large[0], huge[0] = AMOUNTS.max() * 1e3, AMOUNTS.max() * 1e9
    assert NumberColumn.fit("spent", large, is_log=True) == NumberColumn.fit("spent", huge, is_log=True)


def test_a_missing_number_is_the_median_or_stays_missing() -> None:
    filled = NumberColumn.fit("spent", AMOUNTS, is_log=False)
    kept = NumberColumn.fit("spent", AMOUNTS, is_log=False, keeps_missing=True)
    assert filled is not None
    assert kept is not None
    median, _ = filled.encode({"spent": [float(np.median(AMOUNTS))]}, 1)
    assert filled.encode({"spent": [None]}, 1)[0] == pytest.approx(median)
    assert np.isnan(kept.encode({"spent": [np.inf]}, 1)[0])
    assert np.isnan(kept.encode({}, 1)[0])


@pytest.mark.parametrize("values", [[7.0] * 60, [np.nan] * 60, [0.0] * 199 + [5.0]])
def test_a_column_of_one_value_has_no_scale(values: list[float]) -> None:
    assert NumberColumn.fit("spent", np.array(values), is_log=False) is None


def test_only_skewed_amounts_are_logged() -> None:
    changes = RNG.normal(0, 10, 500)
    ages = RNG.uniform(20, 60, 500)
    features = [Feature(name, "firmographic", "context", "as given", name) for name in ("spent", "change", "age")]
    preparation = prepare_firmographic({"spent": AMOUNTS, "change": changes, "age": ages}, features, 0)
    assert {column["name"]: column["is_log"] for column in preparation.to_json()["columns"]} == {
        "spent": True,
        "change": False,
        "age": False,
    }
    assert (is_amount(changes), is_skewed(ages), is_amount(np.array([])), is_skewed(np.array([]))) == (False,) * 4


def test_rare_levels_are_pooled_and_take_in_new_ones() -> None:
    column = CategoryColumn.fit("industry", ["Retail"] * 60 + ["Energy"] * 39 + ["Whaling"])
    assert column is not None
    assert column.levels == ("Retail", "Energy", "(other)")
    encoded, is_known = column.encode({"industry": ["Whaling", "Space", None]}, 3)
    np.testing.assert_array_equal(encoded[0], encoded[1])
    assert is_known.tolist() == [True, True, False]


def test_many_levels_are_cut_to_the_most_frequent() -> None:
    column = CategoryColumn.fit("area", [f"area {number % 30}" for number in range(900)])
    assert column is not None
    assert len(column.levels) == 21


@pytest.mark.parametrize("values", [["Retail"] * 80, [None] * 80, [f"id {number}" for number in range(80)]])
def test_a_category_of_one_level_is_none(values: list[str | None]) -> None:
    assert CategoryColumn.fit("industry", values) is None


def test_row_centred_answers_need_two_of_them() -> None:
    items = tuple(NumberColumn(name, False, -9.0, 9.0, 0.0, 1.0, None) for name in ("a", "b", "c"))
    preparation = Preparation(items, is_row_centred=True)
    encoded = preparation.encode({"a": [1.0, 4.0], "b": [3.0, None], "c": [None, None]})
    np.testing.assert_array_equal(encoded, [[-1.0, 1.0, np.nan], [np.nan] * 3])


def test_of_two_categories_of_which_one_tells_the_other_the_finer_is_left_out() -> None:
    country = np.array(["AT", "CH", "DE", "SE", "NO"])[np.arange(500) % 5]
    region = np.where(np.isin(country, ["SE", "NO"]), "North", "Central")
    plan = np.where(RNG.random(500) < np.where(region == "North", 0.7, 0.3), "pro", "free")
    rows = {"country": country, "region": region, "plan": plan, "mirror": np.where(plan == "pro", "yes", "no")}
    features = [Feature(name, "firmographic", "context", "category", name, "category") for name in rows]
    preparation = prepare_firmographic(rows, features, 0)
    assert [column.name for column in preparation.columns] == ["region", "mirror"]
