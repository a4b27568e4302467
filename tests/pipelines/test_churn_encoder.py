"""The encoder gives the same numbers offline and online."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from features.errors import DataError, ReleaseError
from pipelines.churn.encoder import NATIVE_LEVELS, Encoder, row_count

SEATS = Feature("seats", "firmographic", "context", "seats", "Seats")
PARTNER = Feature("is_partner", "firmographic", "context", "", "Partner", kind="category")
PLAN = Feature("plan", "firmographic", "context", "", "Plan", kind="category")
LIVE = Feature("is_live", "behaviour", "behaviour", "", "Live")
FEATURES = (SEATS, PARTNER, PLAN, LIVE)


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "seats": pd.array([3, None, 7, 7], dtype="Int64"),
            "is_partner": [1.0, np.nan, 0.0, 1.0],
            "plan": pd.array(["pro", "free", "pro", None], dtype="str"),
            "is_live": [True, False, True, True],
        }
    )


def test_levels_are_ordered_by_frequency_then_name() -> None:
    encoder = Encoder.fit({"plan": ["b", "a", "c", "c"]}, [PLAN])
    assert encoder.levels == {"plan": ("c", "a", "b")}


def test_missing_unseen_infinite_and_absent_values_are_all_nan(rows: pd.DataFrame) -> None:
    encoder = Encoder.fit(rows, FEATURES)
    online = {"seats": [float("inf")], "is_partner": [None], "plan": ["enterprise"]}
    assert np.isnan(encoder.transform(online)).all()


@pytest.mark.parametrize("position", range(4))
def test_one_row_from_json_is_encoded_as_its_row_of_the_frame(rows: pd.DataFrame, position: int) -> None:
    encoder = Encoder.fit(rows, FEATURES)
    plain = json.loads(rows.iloc[[position]].to_json(orient="records"))[0]
    online = encoder.transform({name: [value] for name, value in plain.items()})
    np.testing.assert_array_equal(online[0], encoder.transform(rows)[position])


@pytest.mark.parametrize("came", [1, 1.0, np.int64(1), "1"])
def test_a_whole_number_is_one_level_in_whatever_type_it_comes(rows: pd.DataFrame, came: object) -> None:
    encoder = Encoder.fit(rows, FEATURES)
    assert encoder.transform({"is_partner": [came]})[0, 1] == encoder.levels["is_partner"].index("1")


def test_frames_of_different_integer_types_are_encoded_alike() -> None:
    whole = Encoder.fit(pd.DataFrame({"is_partner": [0, 1, 1]}), [PARTNER])
    gaps = Encoder.fit(pd.DataFrame({"is_partner": [0.0, 1.0, 1.0, np.nan]}), [PARTNER])
    assert whole == gaps


def test_numbers_are_float32_and_what_is_too_large_for_it_is_missing() -> None:
    encoder = Encoder.fit({"seats": [1.0]}, [SEATS])
    found = encoder.transform({"seats": [-3e38, 0.1, 5, -1e300, 10**400]})
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:, 0], np.array([-3e38, 0.1, 5, np.nan, np.nan], dtype=np.float32))


def test_a_column_held_as_a_category_is_encoded_as_its_text(rows: pd.DataFrame) -> None:
    coded = rows.astype({"plan": pd.CategoricalDtype(["unused", "pro", "free"])})
    encoder = Encoder.fit(coded, FEATURES)
    assert encoder == Encoder.fit(rows, FEATURES)
    np.testing.assert_array_equal(encoder.transform(coded), encoder.transform(rows))
    odd = pd.DataFrame({"plan": pd.Categorical(["team", "pro", None])})
    np.testing.assert_array_equal(encoder.transform(odd)[:, 2], [np.nan, 0.0, np.nan])


@pytest.mark.parametrize("came", ["many", "3", [1]])
def test_a_number_that_is_no_number_is_refused_with_its_column(came: object) -> None:
    with pytest.raises(DataError, match="in column seats; expected a number or nothing"):
        Encoder.fit({"seats": [1.0]}, [SEATS]).transform({"seats": np.array([came, None], dtype=object)[:1]})


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="columns of one length"):
        row_count({"a": [1], "b": [1, 2]})


def test_many_levels_are_not_native() -> None:
    few = [f"plan {i}" for i in range(NATIVE_LEVELS)]
    assert Encoder.fit({"plan": few}, [SEATS, PLAN]).native == [1]
    assert Encoder.fit({"plan": [*few, "one more"]}, [SEATS, PLAN]).native == []


def test_json_brings_back_the_same_encoder(rows: pd.DataFrame) -> None:
    encoder = Encoder.fit(rows, FEATURES)
    assert Encoder.from_json(encoder.to_json()) == encoder


@pytest.mark.parametrize(
    "text", ["", "[]", '{"features": 1, "levels": {}}', '{"features": [{"name": "x"}], "levels": {}}']
)
def test_json_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(ReleaseError, match="train again"):
        Encoder.from_json(text)


def test_encoding_leaves_its_input_as_it_was(rows: pd.DataFrame) -> None:
    before = rows.copy(deep=True)
    Encoder.fit(rows, FEATURES).transform(rows)
    pd.testing.assert_frame_equal(rows, before)
