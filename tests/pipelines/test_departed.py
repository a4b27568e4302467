"""How accounts left is counted, with how many said why."""

from __future__ import annotations

import pandas as pd

from pipelines.departed import Departed, departed

LEFT = pd.DataFrame(
    {
        "account_id": ["a", "b", "c", "d", "e"],
        "left_at": pd.to_datetime(["2025-01-01"] * 5),
        "way": ["cancelled", "downgraded", "cancelled", "went silent", "cancelled"],
        "reason": pd.array(["price", "support", None, None, "price"], dtype="str"),
    }
)


def test_ways_and_stated_reasons_are_counted_with_how_many_said_why() -> None:
    found = departed(LEFT)
    assert found == Departed(
        n_left=5,
        ways={"cancelled": 3, "downgraded": 1, "went silent": 1},
        n_stated=3,
        stated={"price": 2, "support": 1},
    )
    assert list(found.stated) == ["price", "support"]


def test_who_said_nothing_is_not_given_a_reason() -> None:
    found = departed(LEFT.assign(reason=pd.array([None] * 5, dtype="str")))
    assert found is not None
    assert found.sentence.endswith("none of them said why")


def test_where_nobody_left_or_nobody_knows_when_there_is_nothing_to_count() -> None:
    assert departed(None) is None
    assert departed(LEFT.head(0)) is None


def test_only_the_most_frequent_reasons_are_told_but_all_are_counted() -> None:
    many = pd.DataFrame({"way": "cancelled", "reason": [f"reason {i // 2}" for i in range(100)]})
    found = departed(many)
    assert found is not None
    assert (len(found.stated), found.n_stated) == (20, 100)
