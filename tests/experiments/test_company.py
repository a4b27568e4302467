"""The simulated company keeps the contract, and what is planted in it can be found again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from experiments.company import Company, simulate, write_company
from experiments.company.__main__ import main
from experiments.company.parameters import Parameters
from experiments.company.tables import company_tables
from experiments.company.world import World, create
from experiments.company.worlds import parameters_of
from features.tables import TABLES

END = pd.Timestamp("2026-01-01")
HORIZON = pd.Timedelta(days=90)
EVENT_TABLES = sorted(
    name for name, table in TABLES.items() if table.happened and name not in {"subscriptions", "observations"}
)


@pytest.fixture(scope="module")
def company() -> Company:
    return simulate()


@pytest.fixture(scope="module")
def truth() -> World:
    return create(Parameters(), 2000, years=3, seed=7)


def last_ends(tables: dict[str, pd.DataFrame]) -> pd.Series:
    """When each account's last subscription ended, NaT while it runs."""
    ordered = tables["subscriptions"].sort_values(["account_id", "start_date"])
    return ordered.drop_duplicates("account_id", keep="last").set_index("account_id")["end_date"]


def at_risk(tables: dict[str, pd.DataFrame], as_of: pd.Timestamp) -> pd.DataFrame:
    """Accounts alive at a date, and whether they leave within the horizon."""
    accounts = tables["accounts"].set_index("account_id")
    ends = last_ends(tables)
    alive = (accounts["created_at"] < as_of) & ~(ends < as_of).reindex(accounts.index)
    return accounts[alive].assign(churned=(ends < as_of + HORIZON).reindex(accounts.index)[alive])


def slow_and_quick(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Accounts with a case in the last quarter, at several dates: whether a response was slow, whether they leave."""
    cases = tables["cases"]
    hours = (cases["first_response_at"] - cases["opened_at"]) / pd.Timedelta(hours=1)
    rows = []
    for as_of in pd.date_range("2023-07-01", "2025-10-01", freq="QS"):
        recent = (cases["first_response_at"] < as_of) & (cases["opened_at"] >= as_of - HORIZON)
        worst = hours[recent].groupby(cases["account_id"][recent]).max()
        rows.append(at_risk(tables, as_of).join(worst.rename("worst_hours"), how="inner"))
    panel = pd.concat(rows)
    return panel.assign(is_slow=panel["worst_hours"] > 24)


def churn_difference(panel: pd.DataFrame, column: str) -> tuple[float, float]:
    """Difference in the share that leaves, and its standard error."""
    yes, no = panel.loc[panel[column], "churned"], panel.loc[~panel[column], "churned"]
    error = np.sqrt(yes.var() / len(yes) + no.var() / len(no))
    return float(yes.mean() - no.mean()), float(error)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first = write_company(tmp_path / "a", 80, years=1, seed=3)
    again = write_company(tmp_path / "b", 80, years=1, seed=3)
    names = sorted(file.name for file in first.iterdir())
    assert names == sorted(file.name for file in again.iterdir())
    assert all((first / name).read_bytes() == (again / name).read_bytes() for name in names)


def test_another_seed_writes_another_company(tmp_path: Path) -> None:
    first, other = (
        write_company(tmp_path / "a", 80, years=1, seed=3),
        write_company(tmp_path / "b", 80, years=1, seed=4),
    )
    assert (first / "cases.parquet").read_bytes() != (other / "cases.parquet").read_bytes()


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"observations"}))
def test_tables_keep_the_contract(company: Company, name: str) -> None:
    contract, table = TABLES[name], company.tables[name]
    assert len(table)
    assert not table.duplicated(list(contract.key)).any()
    assert table[list(contract.required)].notna().all(axis=None)
    for column in table.columns:
        declared = contract.column(column)
        if declared is None:
            assert contract.is_open
            continue
        known = table[column].dropna()
        if declared.values:
            assert set(known) <= set(declared.values)
        if declared.minimum is not None:
            assert known.min() >= declared.minimum
        if declared.maximum is not None:
            assert known.max() <= declared.maximum
    for earlier, later in contract.order:
        assert not (table[earlier] > table[later]).any()


@pytest.mark.parametrize(
    ("column", "owner"),
    [("account_id", "accounts"), ("contact_id", "contacts"), ("invitation_id", "survey_invitations")],
)
def test_every_reference_points_at_a_row(company: Company, column: str, owner: str) -> None:
    known = set(company.tables[owner][column])
    for table in company.tables.values():
        if column in table:
            assert set(table[column].dropna()) <= known


@pytest.mark.parametrize("name", EVENT_TABLES)
def test_nothing_happens_before_the_start_or_after_the_last_subscription(company: Company, name: str) -> None:
    table, ends = company.tables[name], last_ends(company.tables)
    created = company.tables["accounts"].set_index("account_id")["created_at"]
    times = [column.name for column in TABLES[name].columns if column.kind == "timestamp" and column.name in table]
    for column in times:
        at = table[column]
        assert not (at >= table["account_id"].map(ends)).any()
        assert not (at < table["account_id"].map(created)).any()
        assert at.max() < END
        assert at.min() >= END - pd.DateOffset(years=3)


def test_nothing_happens_while_a_subscription_is_paused(company: Company) -> None:
    runs = company.tables["subscriptions"].sort_values(["account_id", "start_date"])
    runs = runs.assign(resumed=runs.groupby("account_id")["start_date"].shift(-1))
    gaps = runs[runs["resumed"] > runs["end_date"]]
    events = company.tables["activities"].merge(gaps[["account_id", "end_date", "resumed"]], on="account_id")
    assert len(events)
    assert not ((events["occurred_at"] >= events["end_date"]) & (events["occurred_at"] < events["resumed"])).any()


def test_renewals_are_contiguous_but_for_some_win_backs_within_ten_days(company: Company) -> None:
    runs = company.tables["subscriptions"].sort_values(["account_id", "start_date"])
    follows = runs["account_id"] == runs["account_id"].shift()
    gap_days = ((runs["start_date"] - runs["end_date"].shift()) / pd.Timedelta(days=1))[follows]
    assert (gap_days == 0).sum() > 500
    assert gap_days[gap_days != 0].between(1, 10).all()
    assert (gap_days > 0).sum() > 50


def test_cases_are_opened_then_answered_then_closed(company: Company) -> None:
    cases = company.tables["cases"]
    answered, closed = cases["first_response_at"].notna(), cases["closed_at"].notna()
    assert (cases["opened_at"] <= cases["first_response_at"])[answered].all()
    assert (cases["first_response_at"] <= cases["closed_at"])[closed].all()
    assert answered[closed].all()


def test_times_of_day_look_like_work(company: Company) -> None:
    at = company.tables["activities"]["occurred_at"]
    assert at.dt.hour.between(7, 18).mean() > 0.9
    assert at.dt.day_of_week.lt(5).mean() > 0.9
    assert (at == at.dt.normalize()).mean() < 0.001


def test_answers_come_after_their_invitation(company: Company) -> None:
    answers = company.tables["survey_responses"].merge(
        company.tables["survey_invitations"][["invitation_id", "sent_at"]], on="invitation_id"
    )
    assert len(answers) == len(company.tables["survey_responses"])
    assert (answers["answered_at"] > answers["sent_at"]).all()
    assert answers["score"].between(answers["scale_min"], answers["scale_max"]).all()


def test_about_one_in_sixteen_leaves_in_a_quarter_and_arrivals_make_up_for_it(company: Company) -> None:
    quarters = [at_risk(company.tables, as_of) for as_of in pd.date_range("2023-04-01", "2025-10-01", freq="QS")]
    assert 0.05 < pd.concat(quarters)["churned"].mean() < 0.07
    assert all(950 < len(quarter) < 1350 for quarter in quarters)


def test_slow_responses_make_accounts_leave_also_among_firms_of_one_kind(company: Company, truth: World) -> None:
    panel = slow_and_quick(company.tables)
    difference, error = churn_difference(panel, "is_slow")
    assert difference > 4 * error
    local = {account for account, name in company.truth["segments"]["firmographic"].items() if name == "local"}
    among_local, error = churn_difference(panel[panel.index.isin(local)], "is_slow")
    assert among_local > 2 * error


def test_in_the_null_world_nothing_moves_churn() -> None:
    company = simulate(world="null")
    difference, error = churn_difference(slow_and_quick(company.tables), "is_slow")
    assert abs(difference) < 3 * error
    assert not any(driver["matters"] for driver in company.truth["drivers"])
    assert not company.tables["activities"]["event"].eq("cancellation_page_viewed").mean() > 0.001


def test_in_the_null_world_the_hazard_is_one_number() -> None:
    hazard = create(parameters_of("null"), 50, years=1, seed=1).history.hazard
    assert hazard.min() == hazard.max()
    assert 0.01 < hazard.min() < 0.03


def test_worlds_share_their_luck(truth: World) -> None:
    null = create(parameters_of("null"), 2000, years=3, seed=7)
    assert (null.shocks.outage == truth.shocks.outage).all()
    assert (null.history.response_hours == truth.history.response_hours).all()
    assert (null.history.leaves != truth.history.leaves).any()


def test_steep_price_rises_drive_away_those_who_buy_for_the_price(truth: World) -> None:
    steep = (truth.shocks.price_rise[:-1] > 0.08) & truth.living()
    gentle = (truth.shocks.price_rise[:-1] > 0.0) & ~steep & truth.living()
    for_price = truth.firms.needs == 0
    hazard = truth.history.hazard
    ratios = [
        hazard[:, who][steep[:, who]].mean() / hazard[:, who][gentle[:, who]].mean() for who in (for_price, ~for_price)
    ]
    assert ratios[0] > 3
    assert ratios[1] < 2


def test_engaged_accounts_survive_bad_months_in_the_robust_world() -> None:
    robust = create(parameters_of("robust"), 2000, years=3, seed=7)
    hazard, unhappy = robust.history.hazard, robust.history.satisfaction < -1.2
    engaged = robust.history.engagement > 0.3
    assert hazard[unhappy & ~engaged].mean() > 5 * hazard[unhappy & engaged].mean()


def test_those_who_leave_look_at_the_cancellation_page_before(company: Company) -> None:
    events = company.tables["activities"]
    views = events[events["event"] == "cancellation_page_viewed"]
    days = (views["account_id"].map(last_ends(company.tables)) - views["occurred_at"]) / pd.Timedelta(days=1)
    assert (days < 57).mean() > 0.7


def test_the_dissatisfied_answer_less(company: Company) -> None:
    invitations = company.tables["survey_invitations"]
    invitations = invitations[invitations["survey_type"] == "periodic"]
    answered = invitations["invitation_id"].isin(company.tables["survey_responses"]["invitation_id"])
    rating = invitations["account_id"].map(company.tables["internal_ratings"].groupby("account_id")["score"].mean())
    assert answered[rating < 5.5].mean() + 0.1 < answered[rating > 6.5].mean()


def test_segments_can_be_found_again(company: Company) -> None:
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score
    from threadpoolctl import threadpool_limits

    def agreement(columns: pd.DataFrame, segmentation: str) -> float:
        true = pd.Series(company.truth["segments"][segmentation]).reindex(columns.index)
        with threadpool_limits(1):
            found = KMeans(true.nunique(), n_init=5, random_state=0).fit_predict(columns.to_numpy(dtype=float))
        return float(adjusted_rand_score(true, found))

    accounts = company.tables["accounts"].set_index("account_id")
    logs = np.log(accounts[["employees", "annual_revenue"]])
    kinds = pd.get_dummies(accounts[["industry", "region"]], dtype=float)
    assert agreement(((logs - logs.mean()) / logs.std()).join(kinds), "firmographic") > 0.7
    answers = company.tables["survey_responses"].query("metric == 'need'")
    scores = answers.pivot_table(index="account_id", columns="item", values="score")
    centred = scores.sub(scores.mean(axis=1), axis=0).fillna(0.0)
    assert len(centred) > 1200
    assert agreement(centred, "needs") > 0.5
    assert agreement(behaviour(company.tables), "behavioural") > 0.5


def behaviour(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Standardised logs of what long-standing accounts did in the last half year."""
    since = END - pd.Timedelta(days=180)
    accounts = tables["accounts"].set_index("account_id")
    long = accounts.index[(accounts["created_at"] < since) & last_ends(tables).isna().reindex(accounts.index)]
    activities = tables["activities"].query("touchpoint == 'product' and direction == 'in' and occurred_at >= @since")
    cases = tables["cases"].query("opened_at >= @since")
    columns = {
        "uses": activities.groupby("account_id").size(),
        "actions": activities.groupby("account_id")["value"].sum(),
        "breadth": activities.groupby("account_id")["event"].nunique(),
        "cases": cases.groupby("account_id").size(),
        "mrr": tables["subscriptions"].groupby("account_id")["mrr"].last(),
    }
    logs = np.log1p(pd.DataFrame(columns).reindex(long).fillna(0.0))
    return (logs - logs.mean()) / logs.std()


def test_truth_names_every_account_and_is_plain_json(company: Company) -> None:
    read = json.loads(json.dumps(company.truth))
    assert read["world"] == "default"
    assert all(set(members) == set(company.tables["accounts"]["account_id"]) for members in read["segments"].values())
    matters = {driver["name"]: driver["matters"] for driver in read["drivers"]}
    assert matters["first_response"]
    assert sum(not driver["matters"] for driver in read["drivers"] if driver["tier"] != "intent") >= 8
    assert not any(driver["matters"] for driver in read["drivers"] if driver["tier"] == "intent")


def test_the_command_writes_one_file_a_table(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "company"
    assert main([str(folder), "--accounts", "30", "--years", "1"]) == 0
    assert {file.stem for file in folder.glob("*.parquet")} == set(TABLES) - {"observations"}
    assert pq.read_table(folder / "accounts.parquet").num_rows == 30
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("wrong", [["--world", "flat"], ["--accounts", "0"], ["--years", "0"], ["--seed", "-1"]])
def test_the_command_refuses_what_it_cannot_do(tmp_path: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "company"), *wrong])
    assert not (tmp_path / "company").exists()


def test_a_world_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="'flat'; expected one of default, null, confounded"):
        simulate(10, 1, world="flat")


def test_a_failed_write_leaves_the_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_company(tmp_path / "company", 30, years=1, seed=1)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    monkeypatch.setattr("experiments.company.folder.json", SimpleNamespace(dumps=lambda *_, **__: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        write_company(folder, 30, years=1, seed=2)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert list(tmp_path.iterdir()) == [folder]


def test_users_answer_by_what_they_suffered_and_buyers_by_satisfaction(truth: World, company: Company) -> None:
    answers = company.tables["survey_responses"].query("metric == 'nps'")
    roles = company.tables["contacts"].set_index("contact_id")["is_primary"]
    is_primary = answers["contact_id"].map(roles)
    unhurt = simulate_with(truth, users_suffer=0.0).query("metric == 'nps'")
    for primary, is_lower in ((False, True), (True, False)):
        change = answers.loc[is_primary == primary, "score"].mean() - mean_of(unhurt, roles, primary)
        assert (change < -0.02) == is_lower


def test_a_wait_beyond_what_an_account_is_used_to_is_rated_worse(truth: World) -> None:
    means = [
        simulate_with(truth, expectation_weight=weight).query("metric == 'csat'")["score"].std()
        for weight in (0.0, 3.0)
    ]
    assert means[1] > means[0] + 0.05


def test_emotions_follow_satisfaction(company: Company) -> None:
    answers = company.tables["survey_responses"].query("survey_type == 'event'")
    wide = answers.pivot_table(index="invitation_id", columns="item", values="score")
    assert {"trust", "feeling valued"} <= set(wide.columns)
    assert wide["trust"].corr(wide["satisfaction"]) > 0.3


def test_the_planted_journey_raises_the_hazard_beyond_its_steps(truth: World, company: Company) -> None:
    (journey,) = company.truth["journeys"]
    assert journey["n_accounts"] > 5
    effects = replace(truth.parameters.effects, journey=0.0)
    without = create(replace(truth.parameters, effects=effects), 2000, years=3, seed=7).history.hazard
    # Of those who came while observed: whose past is settled, another may stand in the place of one who left.
    came = truth.contracts.start_month >= 0
    with_it, without = (np.where(truth.living(), hazard, 0)[:, came] for hazard in (truth.history.hazard, without))
    assert (with_it >= without - 1e-7).all()
    assert 2 < (with_it > without * 1.05).any(axis=0).sum() < 200


def simulate_with(truth: World, **changed: float) -> pd.DataFrame:
    """The answers of the same company with other parameters."""
    world = create(replace(truth.parameters, **changed), 2000, years=3, seed=7)
    return company_tables(world)["survey_responses"]


def mean_of(answers: pd.DataFrame, roles: pd.Series, primary: bool) -> float:
    return float(answers.loc[answers["contact_id"].map(roles) == primary, "score"].mean())
