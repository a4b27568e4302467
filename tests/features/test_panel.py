from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from features.cutoffs import monthly_cutoffs, observed_until
from features.errors import DataError
from features.labels import ChurnDefinition
from features.panel import PanelSettings, panel_at, training_panel

SUBSCRIPTION = ChurnDefinition("subscription", horizon_days=90, grace_days=30)
AS_OF = pd.Timestamp("2024-07-01")


def features_at(warehouse, as_of: pd.Timestamp = AS_OF) -> pd.DataFrame:
    panel = panel_at(warehouse, SUBSCRIPTION, PanelSettings(), as_of)
    return panel.rows.drop(columns="churned").set_index("account_id")


def test_features_say_what_was_known_and_labels_what_came_after(open_tables, small_company):
    panel = training_panel(open_tables(small_company), SUBSCRIPTION, PanelSettings())
    rows = panel.rows.set_index(["account_id", "as_of"])
    july = rows.loc[("b", AS_OF)]
    assert not rows.loc[("b", pd.Timestamp("2024-06-01")), "churned"]
    assert rows.loc[("b", pd.Timestamp("2024-08-01")), "churned"]
    assert july["first_response_hours_median_90d"] == 48.0
    assert july["csat_last"] == 2.0
    assert july["cases_open"] == 0.0
    assert rows.loc[("b", pd.Timestamp("2024-09-01")), "cases_open"] == 1.0
    assert july["mrr_now"] == 250.0
    assert july["tenure_days"] == (AS_OF - pd.Timestamp("2023-06-01")).days
    assert july["industry"] == "retail"
    assert ("b", pd.Timestamp("2024-11-01")) not in rows.index


def test_only_matured_labels_train(open_tables, small_company):
    panel = training_panel(open_tables(small_company), SUBSCRIPTION, PanelSettings())
    until = panel.observed_until
    assert panel.matured["as_of"].max() + pd.Timedelta(days=120) <= until
    late = panel.rows[panel.rows["as_of"] + pd.Timedelta(days=120) > until]
    assert len(late) > 0
    assert late["churned"].isna().all()


def changed_future(tables: dict, seed: int, as_of: pd.Timestamp) -> dict:
    """The same tables with everything at or after `as_of` changed, taken away and added to at random."""
    rng = np.random.default_rng(seed)
    changed = {name: frame.copy() for name, frame in tables.items()}
    activities = changed["activities"]
    future = activities["occurred_at"] >= as_of
    activities.loc[future, "value"] = rng.normal(size=future.sum())
    activities = activities[~future | (rng.random(len(activities)) < 0.5)]
    new = pd.DataFrame(
        {
            "activity_id": [f"new{i}" for i in range(20)],
            "account_id": rng.choice(["a", "b", "c"], 20),
            "occurred_at": as_of + pd.to_timedelta(rng.integers(0, 150 * 24 * 60, 20), unit="min"),
            "event": "login",
            "value": 1.0,
        }
    )
    new.loc[0, "occurred_at"] = as_of
    changed["activities"] = pd.concat([activities, new])
    cases = changed["cases"]
    for column in ("first_response_at", "closed_at"):
        cases.loc[cases[column].isna() | (cases[column] >= as_of), column] = as_of + pd.Timedelta(days=300)
    changed["cases"] = cases[cases["opened_at"] < as_of]
    subscriptions = changed["subscriptions"]
    ends = subscriptions["end_date"].isna() | (subscriptions["end_date"] >= as_of)
    subscriptions.loc[ends, "end_date"] = as_of + pd.to_timedelta(rng.integers(1, 90, ends.sum()), unit="D")
    answers = changed["survey_responses"]
    changed["survey_responses"] = pd.concat(
        [
            answers[answers["answered_at"] < as_of],
            pd.DataFrame(
                {
                    "response_id": ["late"],
                    "account_id": ["a"],
                    "answered_at": [as_of],
                    "metric": ["csat"],
                    "score": [1.0],
                }
            ),
        ]
    )
    return changed


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10_000), month=st.integers(3, 11))
def test_later_events_do_not_change_features(open_tables, small_company, seed: int, month: int):
    as_of = pd.Timestamp(2024, month, 1)
    kept = small_company["activities"]["occurred_at"] < as_of
    assert kept.any()
    before = features_at(open_tables(small_company), as_of)
    after = features_at(open_tables(changed_future(small_company, seed, as_of)), as_of)
    common = [name for name in before.columns if name in after.columns]
    assert len(common) > 15
    pd.testing.assert_frame_equal(before[common], after[common], check_exact=True)


def test_an_event_recorded_after_the_date_is_not_known_at_it(open_tables, small_company):
    before = features_at(open_tables(small_company))
    activities = small_company["activities"].assign(recorded_at=pd.NaT)
    late = activities.iloc[:1].assign(
        activity_id="late", occurred_at=AS_OF - pd.Timedelta(days=3), recorded_at=AS_OF + pd.Timedelta(hours=1)
    )
    after = features_at(open_tables(small_company | {"activities": pd.concat([activities, late])}))
    pd.testing.assert_frame_equal(before, after, check_exact=True)
    later = features_at(
        open_tables(small_company | {"activities": pd.concat([activities, late])}), AS_OF + pd.Timedelta(days=1)
    )
    plain = features_at(open_tables(small_company), AS_OF + pd.Timedelta(days=1))
    account = late["account_id"].iloc[0]
    assert later.loc[account, "activities_30d"] == plain.loc[account, "activities_30d"] + 1


def test_the_panel_does_not_depend_on_how_accounts_are_parted(open_tables, small_company, monkeypatch):
    warehouse = open_tables(small_company)
    one = training_panel(warehouse, SUBSCRIPTION, PanelSettings()).rows
    monkeypatch.setattr("features.kept_log.bucket_count", lambda n_events, threads: 5)
    five = training_panel(open_tables(small_company), SUBSCRIPTION, PanelSettings()).rows
    pd.testing.assert_frame_equal(one, five, check_exact=True)


def test_fewer_tables_give_fewer_features_and_no_error(open_tables, small_company):
    whole = training_panel(open_tables(small_company), SUBSCRIPTION, PanelSettings())
    bare = {name: small_company[name] for name in ("accounts", "subscriptions")}
    less = training_panel(open_tables(bare), SUBSCRIPTION, PanelSettings())
    assert {feature.name for feature in less.features} < {feature.name for feature in whole.features}
    assert "mrr_now" in less.rows
    assert "csat_last" not in less.rows


def test_at_least_thirty_features_come_from_all_families(open_tables, small_company):
    extra = small_company | {
        "contacts": pd.DataFrame(
            {"contact_id": ["p"], "account_id": ["a"], "active_from": pd.to_datetime(["2023-02-01"])}
        ),
        "survey_invitations": pd.DataFrame(
            {"invitation_id": ["i"], "account_id": ["a"], "sent_at": pd.to_datetime(["2024-02-27"])}
        ),
        "transactions": pd.DataFrame(
            {
                "transaction_id": ["t"],
                "account_id": ["a"],
                "occurred_at": pd.to_datetime(["2024-02-27"]),
                "amount": [5.0],
            }
        ),
    }
    extra["survey_responses"] = small_company["survey_responses"].assign(invitation_id=["", "i", ""])
    panel = training_panel(open_tables(extra), SUBSCRIPTION, PanelSettings())
    assert len(panel.features) >= 30
    families = {feature.family for feature in panel.features}
    assert families == {"firmographic", "behaviour", "experience", "engagement", "relationship"}
    assert panel.rows.set_index(["account_id", "as_of"]).loc[("a", AS_OF), "answered_share_365d"] == 1.0


def test_inactive_accounts_leave_the_panel(open_tables, small_company):
    tables = {name: small_company[name] for name in ("accounts", "activities")}
    churn = ChurnDefinition("inactivity", horizon_days=30, inactive_days=30)
    rows = training_panel(open_tables(tables), churn, PanelSettings()).rows.set_index(["account_id", "as_of"])
    assert rows.loc[("b", pd.Timestamp("2024-10-01")), "churned"]
    assert ("b", pd.Timestamp("2024-12-01")) not in rows.index


def test_flat_observations_are_features_as_they_stand(open_tables):
    observations = pd.DataFrame(
        {"account_id": ["a", "b", "c"], "churned": [True, False, False], "plan": ["x", "x", "y"], "usage": [1, None, 3]}
    )
    panel = training_panel(open_tables({"observations": observations}), ChurnDefinition("labelled"), PanelSettings())
    assert panel.rows.columns.tolist() == ["account_id", "churned", "plan", "usage"]
    assert [feature.kind for feature in panel.features] == ["category", "number"]
    assert panel.rows["usage"].isna().tolist() == [False, True, False]


def test_dated_observations_get_the_features_of_their_date(open_tables, small_company):
    observations = pd.DataFrame(
        {"account_id": ["b", "b"], "as_of": pd.to_datetime(["2024-06-01", "2024-07-01"]), "churned": [False, True]}
    )
    tables = small_company | {"observations": observations}
    rows = training_panel(open_tables(tables), ChurnDefinition("labelled"), PanelSettings()).rows
    assert rows["cases_90d"].tolist() == [0.0, 1.0]
    assert rows["churned"].tolist() == [False, True]


def test_too_short_a_history_is_refused_with_what_is_needed(open_tables, small_company):
    churn = ChurnDefinition("subscription", horizon_days=900)
    with pytest.raises(DataError, match="holds no matured label"):
        training_panel(open_tables(small_company), churn, PanelSettings())


def test_no_customers_at_a_date_is_said(open_tables, small_company):
    with pytest.raises(DataError, match="no account at risk at 1999-01-01"):
        features_at(open_tables(small_company), pd.Timestamp("1999-01-01"))


def test_churn_by_subscription_without_subscriptions_is_refused(open_tables, small_company):
    tables = {name: small_company[name] for name in ("accounts", "activities")}
    with pytest.raises(DataError, match="no subscriptions table"):
        training_panel(open_tables(tables), SUBSCRIPTION, PanelSettings())


def test_knowledge_ends_the_day_after_the_last_event(open_tables, small_company):
    last = small_company["activities"]["occurred_at"].max()
    assert observed_until(open_tables(small_company)) == last.normalize() + pd.Timedelta(days=1)


def test_cutoffs_keep_the_history_asked_for_over_a_leap_day():
    cutoffs = monthly_cutoffs(pd.Timestamp("2023-12-02 10:00"), pd.Timestamp("2024-04-01"), 90)
    assert cutoffs.strftime("%Y-%m-%d").tolist() == ["2024-04-01"]


def test_three_answers_to_one_invitation_are_one_answered_invitation(open_tables, small_company):
    day = pd.Timestamp
    tables = small_company | {
        "survey_invitations": pd.DataFrame(
            {"invitation_id": ["i", "j"], "account_id": ["a", "a"], "sent_at": [day("2024-05-01"), day("2024-05-02")]}
        ),
        "survey_responses": pd.DataFrame(
            {
                "response_id": ["1", "2", "3"],
                "account_id": "a",
                "answered_at": [day("2024-05-03"), day("2024-05-03"), day("2024-07-01")],
                "metric": ["nps", "csat", "ces"],
                "score": [5.0, 3.0, 4.0],
                "invitation_id": ["i", "i", "j"],
            }
        ),
    }
    warehouse = open_tables(tables)
    assert features_at(warehouse).loc["a", "answered_share_365d"] == 0.5
    assert features_at(warehouse, AS_OF + pd.Timedelta(days=1)).loc["a", "answered_share_365d"] == 1.0


def test_a_row_dated_after_today_does_not_move_the_end_of_knowledge(open_tables, small_company):
    booked = small_company["subscriptions"].iloc[:1].assign(subscription_id="b", start_date=pd.Timestamp("2199-01-01"))
    typo = small_company["activities"].iloc[:1].assign(activity_id="t", occurred_at=pd.Timestamp("2199-01-01"))
    tables = small_company | {
        "subscriptions": pd.concat([small_company["subscriptions"], booked]),
        "activities": pd.concat([small_company["activities"], typo]),
    }
    today = PanelSettings(today=pd.Timestamp("2024-12-31 15:00"))
    panel = training_panel(open_tables(tables), SUBSCRIPTION, today)
    assert panel.observed_until == pd.Timestamp("2025-01-01")
    assert panel.rows["as_of"].max() == pd.Timestamp("2025-01-01")


def test_a_date_after_today_and_all_that_is_known_is_refused(open_tables, small_company):
    today = PanelSettings(today=pd.Timestamp("2025-02-01"))
    warehouse = open_tables(small_company)
    assert len(panel_at(warehouse, SUBSCRIPTION, today, pd.Timestamp("2025-02-01")).rows) == 2
    with pytest.raises(DataError, match="an as-of date 2040-01-01; expected at most 2025-02-02"):
        panel_at(warehouse, SUBSCRIPTION, today, pd.Timestamp("2040-01-01"))


def test_an_account_made_after_the_date_has_no_tenure_yet(open_tables, small_company):
    late = small_company["accounts"].assign(created_at=pd.Timestamp("2024-11-01"))
    assert features_at(open_tables(small_company | {"accounts": late}))["tenure_days"].isna().all()


def test_contacts_that_leave_without_having_come_are_not_taken_away(open_tables, small_company):
    contacts = pd.DataFrame(
        {
            "contact_id": ["1", "2"],
            "account_id": ["a", "a"],
            "active_from": pd.to_datetime(["2023-02-01", None]),
            "active_to": pd.to_datetime([None, "2024-05-01"]),
        }
    )
    row = features_at(open_tables(small_company | {"contacts": contacts})).loc["a"]
    assert (row["contacts_now"], row["contacts_left_180d"]) == (1.0, 1.0)


def test_a_column_with_the_name_of_a_feature_is_refused(open_tables, small_company):
    accounts = small_company["accounts"].assign(mrr_now=[1.0, 2.0, 3.0])
    with pytest.raises(DataError, match="two sources of a feature mrr_now"):
        features_at(open_tables(small_company | {"accounts": accounts}))


def test_the_panel_does_not_depend_on_the_order_of_the_rows(open_tables, small_company):
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in small_company.items()}
    one = training_panel(open_tables(small_company), SUBSCRIPTION, PanelSettings()).rows
    other = training_panel(open_tables(shuffled), SUBSCRIPTION, PanelSettings()).rows
    pd.testing.assert_frame_equal(one, other, check_exact=True)
