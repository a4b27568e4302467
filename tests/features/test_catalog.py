"""What features there are, which of them some tables can give, and how a release carries their declarations."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from features import streams as s
from features.catalog import Feature, Inventory, available, catalogue, described, fingerprint, from_dict, to_dict
from features.compute import Combined, Windowed, parts
from features.declaration import WITH_PARAMETER, WITHOUT_PARAMETER
from features.errors import DataError, ReleaseError
from features.tables import ROLES
from features.templates import OBSERVED_DAYS, kind_features

UNITS = {
    "category", "employees", "money", "money a month", "days", "months", "hours", "count", "ratio", "score", "seats",
    "yes or no", "as given",
}  # fmt: skip
STREAMS = frozenset(value for name, value in vars(s).items() if name.isupper()) - {s.ACCOUNT, s.OBSERVED, s.LABEL}
EVERYTHING = Inventory(
    streams=STREAMS,
    valued=STREAMS,
    by_contact=STREAMS,
    at_touchpoint=STREAMS,
    roles=frozenset((stream, role) for stream in STREAMS for role in ROLES),
    kinds={
        s.ACTIVITY: ("login", "export_run", "reference", "event", "webinar", "community", "beta"),
        s.ACCOUNT_CHANGED: ("owner", "plan"),
        s.CONTACT_LEFT: ("other", "primary"),
    },
    account_columns={
        **dict.fromkeys(("industry", "country", "region", "plan"), "category"),
        **dict.fromkeys(("employees", "annual_revenue"), "number"),
    },
    account_times=frozenset({"created_at"}),
)
# What the first releases hold: their names and meaning stay.
HELD = {
    ("firmographic", "context"): "industry country region plan employees annual_revenue tenure_days",
    ("behaviour", "behaviour"): "recency_days activities_30d activities_90d activity_trend_30d active_days_30d "
    "activity_kinds_90d usage_90d purchases_90d purchases_365d purchase_days_365d spent_90d spent_365d "
    "spending_trend_90d mean_purchase_365d products_365d history_days returned_share_365d",
    (
        "experience",
        "operations",
    ): "cases_90d cases_open first_response_hours_median_90d first_response_hours_worst_180d "
    "resolution_hours_median_90d escalations_180d reopened_180d",
    ("experience", "perception"): "nps_last nps_mean_365d csat_last csat_mean_180d csat_worst_180d ces_mean_180d "
    "answered_share_365d answer_age_days",
    ("engagement", "behaviour"): "active_contacts_90d touchpoints_90d",
    ("engagement", "operations"): "outreach_90d contacts_left_180d interventions_180d",
    ("engagement", "context"): "contacts_now",
    ("relationship", "context"): "mrr_now mrr_change_180d seats_now seats_change_180d days_to_renewal billing_months "
    "auto_renew",
    ("relationship", "perception"): "internal_rating_last",
}
each_feature = pytest.mark.parametrize("feature", catalogue(), ids=lambda feature: feature.name)


def names(inventory: Inventory) -> set[str]:
    return {feature.name for feature in available(inventory)}


def named(inventory: Inventory, name: str) -> Feature:
    return next(feature for feature in available(inventory) if feature.name == name)


def of_streams(*streams: str, **more: object) -> Inventory:
    return Inventory(streams=frozenset(streams), valued=frozenset(streams), **more)  # type: ignore[arg-type]


def test_with_every_table_every_declared_feature_is_there_and_they_are_at_least_120():
    declared = [feature.name for feature in catalogue()]
    assert len(declared) >= 120
    assert len(declared) == len(set(declared))
    assert set(declared) <= names(EVERYTHING)


def test_no_two_declared_features_compute_the_same():
    assert max(Counter(feature.compute for feature in catalogue()).values()) == 1


def test_features_of_earlier_releases_keep_their_name_family_and_tier():
    now = {feature.name: (feature.family, feature.tier) for feature in catalogue()}
    held = {name: where for where, listed in HELD.items() for name in listed.split()}
    assert len(held) == 53
    assert {name: now.get(name) for name in held} == held


@each_feature
def test_a_declaration_reads_well(feature: Feature):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", feature.name)
    assert feature.unit in UNITS
    assert feature.sentence[0].isupper()
    assert not feature.sentence.endswith(".")
    for part in parts(feature.compute):
        assert part.days in (None, 7, 30, 90, 180, 365)
        if part.days:
            assert re.search(rf"\b{part.days}\b", feature.sentence)


@each_feature
def test_a_name_that_ends_in_days_says_the_window(feature: Feature):
    said = re.search(r"_(\d+)d(_|$)", feature.name)
    windows = {part.days for part in parts(feature.compute)} - {None}
    assert int(said.group(1)) in windows if said else not windows


@each_feature
def test_a_declaration_is_one_the_kernel_can_compute(feature: Feature):
    from features.aggregates import AGGREGATES

    assert parts(feature.compute)
    for part in parts(feature.compute):
        assert part.aggregate in AGGREGATES
        assert set(part.streams) <= STREAMS | {s.ACCOUNT}
        assert set(part.roles or ()) <= set(ROLES)
        # A slope over blocks needs blocks.
        assert part.aggregate != "count_slope" or (part.days or 0) >= 60
    is_text = [part.aggregate == "current_text" for part in parts(feature.compute)]
    assert is_text == [feature.kind == "category"] * len(is_text)


def test_declarations_know_the_aggregates_of_the_kernel_and_no_others():
    from features.aggregates import AGGREGATES

    assert {*WITH_PARAMETER, *WITHOUT_PARAMETER} == set(AGGREGATES)
    assert not set(WITH_PARAMETER) & WITHOUT_PARAMETER


@pytest.mark.parametrize("metric", [s.NPS, s.CSAT, s.CES])
def test_of_every_survey_metric_level_worst_spread_trend_age_and_gap_are_there(metric: str):
    of_all = [f.compute for f in catalogue() if isinstance(f.compute, Windowed) and f.compute.roles is None]
    found = {compute.aggregate for compute in of_all if compute.streams == (metric,)}
    assert found >= {"last", "mean", "smallest", "spread", "slope", "days_since_last", "gap_to_expectation"}


def test_what_we_do_is_never_counted_as_what_the_account_does():
    for feature in catalogue():
        streams = {stream for part in parts(feature.compute) for stream in part.streams}
        if feature.tier == "behaviour":
            assert not streams & {s.OUTREACH, s.INTERVENTION}


def test_without_tables_there_are_no_features():
    assert available(Inventory()) == ()


def test_a_table_that_is_not_there_takes_its_features_away_and_no_others():
    without = replace(EVERYTHING, streams=STREAMS - {s.NPS}, valued=STREAMS - {s.NPS})
    gone = names(EVERYTHING) - names(without)
    assert gone == {
        feature.name for feature in catalogue() if {p.streams for p in parts(feature.compute)} == {(s.NPS,)}
    }


def test_what_can_be_taken_away_may_be_of_a_stream_that_is_not_there_yet():
    assert "cases_open" in names(of_streams(s.CASE_OPENED))
    assert "cases_open" not in names(of_streams(s.CASE_CLOSED))


def test_a_difference_of_means_and_a_ratio_need_both_sides():
    buyers = of_streams(s.NPS, roles=frozenset({(s.NPS, "Economic Buyer")}))
    assert "nps_last_buyers" in names(buyers)
    assert "nps_buyers_less_users_365d" not in names(buyers)
    both = replace(buyers, roles=buyers.roles | {(s.NPS, "Business User")})
    assert "nps_buyers_less_users_365d" in names(both)
    assert "returned_share_365d" not in names(of_streams(s.PURCHASE))


def test_nobody_is_called_silent_where_answers_are_not_known_to_belong_to_invitations():
    silent = {"unanswered_streak", "newly_silent", "always_silent", "answered_share_365d"}
    assert not silent & names(of_streams(s.INVITED))
    assert silent <= names(of_streams(s.INVITED, s.ANSWERED))


def test_a_feature_needs_what_its_aggregate_looks_at():
    bare = Inventory(streams=frozenset({s.ACTIVITY}))
    assert not {"usage_90d", "active_contacts_90d", "touchpoints_90d"} & names(bare)
    assert "usage_90d" in names(replace(bare, valued=bare.streams))
    assert "active_contacts_90d" in names(replace(bare, by_contact=bare.streams))
    assert "touchpoints_90d" in names(replace(bare, at_touchpoint=bare.streams))


def test_a_feature_of_a_kind_or_a_role_needs_events_of_that_kind_or_role():
    activities = of_streams(s.ACTIVITY, kinds={s.ACTIVITY: ("login",)}, by_contact=frozenset({s.ACTIVITY}))
    assert not {"references_365d", "active_sponsors_90d"} & names(activities)
    assert "references_365d" in names(replace(activities, kinds={s.ACTIVITY: ("login", "reference")}))
    other_stream = replace(activities, roles=frozenset({(s.NPS, "Executive Sponsor")}))
    assert "active_sponsors_90d" not in names(other_stream)
    assert "active_sponsors_90d" in names(replace(activities, roles=frozenset({(s.ACTIVITY, "Executive Sponsor")})))


def test_two_features_that_the_tables_cannot_tell_apart_are_one_and_keep_the_older_name():
    assert "recency_days" in names(of_streams(s.PURCHASE))
    assert "purchase_recency_days" not in names(of_streams(s.PURCHASE))
    assert {"recency_days", "purchase_recency_days"} <= names(of_streams(s.PURCHASE, s.ACTIVITY))
    assert "answer_age_days" in names(of_streams(s.CSAT))
    assert "csat_age_days" not in names(of_streams(s.CSAT))


def test_a_column_of_accounts_is_static_unless_its_changes_are_recorded():
    inventory = Inventory(
        account_columns={"plan": "category", "employees": "number", "is_partner": "number", "channel": "category"},
        account_times=frozenset({"created_at"}),
        history=frozenset({"plan", "channel"}),
    )
    found = {feature.name: feature for feature in available(inventory)}
    assert {name: feature.static for name, feature in found.items()} == {
        "plan": False, "employees": True, "tenure_days": False, "is_partner": True, "channel": False,
    }  # fmt: skip
    assert found["plan"].compute == Windowed((s.ACCOUNT,), "current_text", kind="plan")
    assert found["is_partner"].compute == Windowed((s.ACCOUNT,), "current", kind="is_partner")
    assert (found["channel"].kind, found["channel"].sentence, found["channel"].unit) == (
        "category",
        "Channel",
        "category",
    )


def test_a_column_of_observations_is_looked_for_in_the_last_microsecond():
    assert timedelta(days=OBSERVED_DAYS) == timedelta(microseconds=1)
    inventory = Inventory(observed_columns={"monthly_charges": "number", "contract": "category"})
    charges, contract = available(inventory)
    assert charges.compute == Windowed((s.OBSERVED,), "current", OBSERVED_DAYS, kind="monthly_charges")
    assert (charges.sentence, charges.unit, charges.static) == ("Monthly charges", "as given", False)
    assert contract.compute == Windowed((s.OBSERVED,), "current_text", OBSERVED_DAYS, kind="contract")


def test_an_item_asked_about_is_a_feature_of_its_own():
    need = named(Inventory(need_items=("fast_help",)), "need_fast_help")
    assert need.compute == Windowed((s.NEED,), "last", kind="fast_help")
    assert need.sentence == "Importance given to fast help, latest answer"


def test_a_further_column_with_the_name_of_a_feature_is_refused():
    with pytest.raises(DataError, match=r"two sources of a feature recency_days.*ignore"):
        available(of_streams(s.ACTIVITY, account_columns={"recency_days": "number"}))


def test_each_frequent_kind_of_activity_is_counted_and_dated():
    made = {feature.name: feature for feature in kind_features({s.ACTIVITY: ("Report created",)}, ())}
    assert {name: feature.compute for name, feature in made.items()} == {
        "report_created_30d": Windowed((s.ACTIVITY,), "count", 30, kind="Report created"),
        "report_created_90d": Windowed((s.ACTIVITY,), "count", 90, kind="Report created"),
        "report_created_recency_days": Windowed((s.ACTIVITY,), "days_since_last", kind="Report created"),
    }
    assert {feature.tier for feature in made.values()} == {"behaviour"}
    assert made["report_created_30d"].sentence == "Report created: how often, last 30 days"


def test_kinds_that_speak_of_leaving_are_intent_and_come_before_more_frequent_ones():
    frequent = tuple(f"step_{i}" for i in range(20))
    kinds = (*frequent, "cancellationPageViewed", "data export requested", "discount_requested")
    made = kind_features({s.ACTIVITY: kinds}, ())
    assert len(made) == 12 * 3
    intents = {feature.name: feature.direction for feature in made if feature.tier == "intent"}
    assert len(intents) == 9
    assert intents["cancellation_page_viewed_30d"] == 1
    assert intents["data_export_requested_recency_days"] == -1
    assert [feature.name for feature in made if feature.tier != "intent"][::3] == [f"step_{i}_30d" for i in range(9)]


@pytest.mark.parametrize("kind", ["export_run", "login", "cancer_research_read", "account_created", "candid_exported"])
def test_other_kinds_are_not_taken_for_leaving(kind: str):
    assert {feature.tier for feature in kind_features({s.ACTIVITY: (kind,)}, ())} == {"behaviour"}


def test_what_comes_from_our_side_is_operations_even_where_it_is_a_discount():
    made = kind_features({s.OUTREACH: ("discount_offered",)}, ())
    assert [(feature.name, feature.tier, feature.direction) for feature in made] == [
        ("outreach_discount_offered_90d", "operations", 0),
        ("outreach_discount_offered_recency_days", "operations", 0),
    ]


def test_kinds_never_take_the_name_of_one_another_nor_of_any_other_feature():
    kinds = {s.ACTIVITY: ("activities", "Log in", "log-in", "!!!", "日本", "x" * 60, "x" * 61), s.OUTREACH: ("log in",)}
    inventory = of_streams(s.ACTIVITY, s.OUTREACH, kinds=kinds, account_columns={"日本_30d": "number"})
    found = [feature.name for feature in available(inventory)]
    assert len(found) == len(set(found))
    assert {"activities_30d", "日本_30d"} <= set(found)
    # Seven kinds, of which one has no word in it, three features each; one from our side has two.
    assert sum(name not in names(replace(inventory, kinds={})) for name in found) == 6 * 3 + 2


def test_a_kind_keeps_its_name_whichever_is_more_frequent():
    one = kind_features({s.ACTIVITY: ("Log in", "log-in", "report")}, ())
    other = kind_features({s.ACTIVITY: ("report", "log-in", "Log in")}, ())
    assert {f.name: f.compute for f in one} == {f.name: f.compute for f in other}


def test_a_kind_with_a_feature_of_its_own_is_not_counted_twice():
    assert kind_features({s.ACTIVITY: ("webinar", "reference")}, ()) == ()


def test_the_company_may_describe_a_feature_in_its_own_words():
    (plan,) = available(Inventory(account_columns={"plan": "category"}))
    (said,) = described((plan,), {"plan": {"sentence": "Tariff", "tier": "operations"}, "other": {"unit": "x"}})
    assert said == replace(plan, sentence="Tariff", tier="operations")


def test_declarations_come_back_from_json_as_they_were():
    made = (
        *catalogue(),
        *available(
            Inventory(observed_columns={"a|b": "number"}, need_items=("price",), kinds={s.ACTIVITY: ("login",)})
        ),
    )
    text = json.dumps([to_dict(feature) for feature in made])
    assert tuple(from_dict(plain) for plain in json.loads(text)) == made


def test_a_declaration_without_what_is_optional_can_be_read():
    plain = {"name": "a", "family": "behaviour", "tier": "intent", "unit": "count", "sentence": "A"}
    assert from_dict(plain) == Feature("a", "behaviour", "intent", "count", "A")


PLAIN = to_dict(Feature("a", "behaviour", "behaviour", "count", "A", compute=Windowed((s.ACTIVITY,), "count", 30)))
WINDOWED = PLAIN["compute"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"colour": "red"}, "unknown colour"),
        ({"family": "weather"}, "family 'weather'"),
        ({"tier": None}, "tier None"),
        ({"sentence": 3}, "sentence 3"),
        ({"direction": 2}, "direction 2"),
        ({"static": "no"}, "static 'no'"),
        ({"compute": "count"}, "'count' where a computation has to be"),
        ({"compute": WINDOWED | {"aggregate": "guess"}}, "aggregate 'guess'"),
        ({"compute": WINDOWED | {"aggregate": ["count"]}}, "aggregate"),
        ({"compute": WINDOWED | {"colour": 1}}, "unknown colour"),
        ({"compute": WINDOWED | {"streams": ["weather"]}}, "weather"),
        ({"compute": WINDOWED | {"streams": []}}, "streams"),
        ({"compute": WINDOWED | {"days": -30}}, "days -30"),
        ({"compute": WINDOWED | {"days": True}}, "days True"),
        ({"compute": WINDOWED | {"roles": "Evaluator"}}, "roles 'Evaluator'"),
        ({"compute": WINDOWED | {"parameter": 3}}, "count with parameter 3"),
        ({"compute": WINDOWED | {"aggregate": "quantile"}}, "quantile with parameter None"),
        ({"compute": WINDOWED | {"aggregate": "quantile", "parameter": 1.5}}, "quantile with parameter 1.5"),
        ({"compute": WINDOWED | {"aggregate": "active_streak", "parameter": 0}}, "active_streak with parameter 0"),
        ({"compute": {"operation": "+", "left": WINDOWED, "right": WINDOWED}}, "operation '\\+'"),
        ({"compute": {"operation": "-", "left": WINDOWED}}, "None where a computation has to be"),
        ({"compute": {"operation": "-", "left": WINDOWED, "right": WINDOWED, "third": 1}}, "unknown third"),
    ],
)
def test_what_is_no_declaration_is_refused_by_name(change: dict, named: str):
    with pytest.raises(ReleaseError, match=named):
        from_dict(PLAIN | change)


def test_a_declaration_that_lacks_something_is_refused_by_name():
    with pytest.raises(ReleaseError, match="without name, tier"):
        from_dict({key: value for key, value in PLAIN.items() if key not in ("name", "tier")})


def test_a_fingerprint_is_of_what_is_computed_and_not_of_how_it_is_said():
    feature = from_dict(PLAIN)
    same = replace(feature, sentence="B", unit="x", tier="intent", direction=1, static=True, family="experience")
    assert fingerprint(same) == fingerprint(feature)
    assert fingerprint(replace(feature, compute=Windowed((s.ACTIVITY,), "count", 30.0))) == fingerprint(feature)
    window = Windowed((s.ACTIVITY,), "count", 31)
    others = [
        replace(feature, name="b"),
        replace(feature, kind="category"),
        replace(feature, compute=None),
        replace(feature, compute=window),
        replace(feature, compute=Combined("-", window, window)),
        replace(feature, compute=Combined("/", window, window)),
    ]
    assert len({fingerprint(each) for each in [feature, *others]}) == 7


def test_a_fingerprint_is_the_same_in_every_version():
    # sha256 of '["a","number",{"aggregate":"count","days":30,"streams":["activity"]}]'
    assert fingerprint(from_dict(PLAIN)) == "d408a8aae4362f46"


def test_reading_declarations_loads_no_kernel():
    code = (
        "import sys; from features.catalog import catalogue, from_dict, to_dict; "
        "[from_dict(to_dict(feature)) for feature in catalogue()]; "
        "print(sorted({'numba', 'numpy', 'pandas', 'ibis', 'pyarrow'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
