"""A few rows by name and value are encoded as the same rows in columns."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import Feature
from pipelines.churn.encoder import Encoder
from pipelines.churn.rows import Rows

SEATS = Feature("seats", "firmographic", "context", "seats", "Seats")
PLAN = Feature("plan", "firmographic", "context", "", "Plan", kind="category")
NPS = Feature("nps_last", "experience", "perception", "score", "Latest NPS answer")
ENCODER = Encoder((SEATS, PLAN, NPS), {"plan": ("pro", "free", "1", "True")})
NUMBERS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False)
LEVELS = st.none() | st.sampled_from(["pro", "free", "", "gold", 1, 1.0, True, 2.5])
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"seats": NUMBERS, "plan": LEVELS, "nps_last": NUMBERS, "other": NUMBERS}),
    min_size=1,
    max_size=5,
)


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {"seats": np.float64, "plan": object, "nps_last": np.float64}
    return {name: np.array([row.get(name) for row in rows], dtype=kind) for name, kind in kinds.items()}


@given(ROWS)
def test_rows_are_encoded_as_their_columns_are(rows: list[dict[str, Any]]) -> None:
    found = Rows(rows, ENCODER)
    np.testing.assert_array_equal(found.matrix, ENCODER.transform(_columns(rows)))
    assert ENCODER.transform(found) is found.matrix


@given(ROWS)
def test_rows_are_columns_to_whoever_asks(rows: list[dict[str, Any]]) -> None:
    found = Rows(rows, ENCODER)
    assert list(found) == ["seats", "plan", "nps_last"]
    for name, column in _columns(rows).items():
        assert name in found
        np.testing.assert_array_equal(found[name], column)
    assert "other" not in found


def test_some_of_the_rows_are_rows() -> None:
    found = Rows([{"seats": 1.0}, {"seats": 2.0}, {"seats": 3.0}], ENCODER).at(np.array([2, 0]))
    assert found["seats"].tolist() == [3.0, 1.0]
    assert found.matrix[:, 0].tolist() == [3.0, 1.0]


def test_a_column_that_is_not_there_is_no_column() -> None:
    with pytest.raises(KeyError, match="other"):
        Rows([{}], ENCODER)["other"]
