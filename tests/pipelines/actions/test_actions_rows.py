"""Assignments as rows: what was known when it was decided, outcomes of one horizon, nobody after leaving."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.actions.rows import Followed, logged_rows, trial_rows

DAY = pd.Timestamp
CUTOFFS = pd.to_datetime(["2025-01-01", "2025-02-01"])
PANEL = pd.DataFrame({"account_id": np.repeat(["a", "b", "c"], 2), "as_of": list(CUTOFFS) * 3})


def _followed(left: dict[str, str], until: str = "2026-01-01") -> Followed:
    departures = pd.DataFrame({"account_id": list(left), "left_at": pd.to_datetime(list(left.values()))})
    return Followed(departures.astype({"account_id": "str", "left_at": "datetime64[us]"}), 90, DAY(until))


def _interventions(**columns) -> pd.DataFrame:
    n = len(columns["account_id"])
    usual = {"kind": ["call"] * n, "assigned_by": ["random"] * n, "propensity": [0.5] * n, "is_holdout": [False] * n}
    return pd.DataFrame(usual | columns)


def test_features_are_of_the_latest_date_at_or_before_the_decision():
    at = pd.to_datetime(["2025-01-31", "2025-02-01", "2024-12-31"])
    rows = trial_rows("call", _interventions(account_id=["a", "b", "c"], assigned_at=at), PANEL, _followed({})).rows
    assert dict(zip(rows["account_id"], rows["as_of"], strict=True)) == {"a": CUTOFFS[0], "b": CUTOFFS[1]}
    assert (rows["as_of"] <= rows["assigned_at"]).all()


def test_outcomes_count_from_the_decision_and_only_once_the_horizon_is_over():
    at = pd.to_datetime(["2025-01-10", "2025-01-10", "2025-02-20"])
    made = _interventions(account_id=["a", "b", "c"], assigned_at=at, is_holdout=[False, True, False])
    followed = _followed({"a": "2025-04-10", "b": "2025-04-11", "c": "2025-03-01"}, until="2025-05-01")
    rows = trial_rows("call", made, PANEL, followed).rows.set_index("account_id")
    assert rows["stayed"].to_dict() == {"a": 0, "b": 1}
    assert rows["helped"].to_dict() == {"a": 1, "b": 0}


def test_a_chance_nobody_wrote_down_is_the_share_drawn():
    made = _interventions(
        account_id=["a", "b", "c"], assigned_at=[DAY("2025-01-10")] * 3, propensity=[np.nan] * 3,
        is_holdout=[True, False, False],
    )  # fmt: skip
    assert set(trial_rows("call", made, PANEL, _followed({})).rows["chance"].round(3)) == {0.667}


def test_who_is_compared_with_a_logged_call_was_there_when_it_was_made():
    made = _interventions(account_id=["a"], assigned_at=[DAY("2025-01-20")], assigned_by=["human"])
    rows = logged_rows("call", made, PANEL, _followed({"b": "2025-01-15", "c": "2025-01-25"}), seed=0).rows
    assert rows[["account_id", "helped", "stayed"]].values.tolist() == [["a", 1, 1], ["c", 0, 0]]
    assert (rows["assigned_at"] == DAY("2025-01-20")).all()
    assert rows["chance"].isna().all()


def test_later_departures_and_later_calls_do_not_change_a_row():
    made = _interventions(account_id=["a"], assigned_at=[DAY("2025-01-10")])
    later = _interventions(account_id=["a", "a"], assigned_at=pd.to_datetime(["2025-01-10", "2025-09-10"]))
    one = trial_rows("call", made, PANEL, _followed({})).rows
    other = trial_rows("call", later, PANEL, _followed({"a": "2025-08-01"})).rows
    pd.testing.assert_frame_equal(one, other.head(1))
