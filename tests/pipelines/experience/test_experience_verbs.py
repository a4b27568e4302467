"""The whole of money, journeys and engagement on a small simulated company, by the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.company import simulate, write_company
from pipelines.cli import main
from pipelines.experience.engagement.engaged import engaged, read_deeds
from pipelines.experience.found import Found
from pipelines.experience.inputs import read_experience
from pipelines.experience.journeys.journeys import journeys
from pipelines.experience.journeys.visits import read_met, read_moves
from pipelines.experience.value.money import Beside, Terms, experience_year, money, recommendation
from pipelines.experience.value.references import read_references
from pipelines.found_output import in_json, in_words


@pytest.fixture(scope="module")
def company(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    write_company(folder / "tables", 400, years=3, seed=5)
    assert main(["init", str(folder / "tables"), "--config", str(folder / "perennial.toml")]) == 0
    return folder


def _run(company: Path, capsys, *argv: str) -> dict:
    capsys.readouterr()
    assert main([*argv, "--config", str(company / "perennial.toml"), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_value_tells_every_topic_or_says_why_not(company, capsys, tmp_path):
    told = _run(company, capsys, "value", "--out", str(tmp_path / "f.csv"), "--ask", str(tmp_path / "ask.csv"))
    topics = {one["topic"] for one in told["found"]}
    assert topics >= {
        "value of one NPS point", "cost to serve", "price acceptance", "net revenue retention", "customer equity",
        "one point of retention", "word of mouth", "advocacy", "revenue at risk",
    }  # fmt: skip
    assert all(one["sentence"] for one in told["found"] if one["verdict"] == "refused")
    assert len(pd.read_csv(tmp_path / "f.csv")) == len(told["found"])
    lines = {one["figure"]: one["value"] for one in told["found"] if one["topic"] == "customer equity"}
    flows = sum(value for name, value in lines.items() if not name.endswith("equity"))
    assert lines["opening equity"] + flows == pytest.approx(lines["closing equity"])
    assert pd.read_csv(tmp_path / "ask.csv")["score"].min() >= 9


def test_journeys_are_graphs_from_first_contact_to_leaving(company, capsys):
    told = _run(company, capsys, "journeys")
    nodes = [node["touchpoint"] for node in told["maps"][0]["nodes"]]
    assert (nodes[0], nodes[-1]) == ("first contact", "left")
    links = pd.DataFrame(told["maps"][0]["links"])
    assert (links["source"] == links["target"]).any()
    assert links.groupby("source")["prob"].sum().max() <= 1 + 1e-9
    assert {"designed journey", "ownership", "moment of truth"} <= {one["topic"] for one in told["found"]}


def test_engagement_has_a_row_for_each_account_that_is_served(company, capsys, tmp_path):
    told = _run(company, capsys, "engagement", "--accounts", str(tmp_path / "accounts.csv"))
    accounts = pd.read_csv(tmp_path / "accounts.csv")
    assert accounts["account_id"].is_unique
    assert accounts["engaged"].between(0, 1).all()
    assert {"engagement", "robustness", "hostages", "health score"} <= {one["topic"] for one in told["found"]}


def test_a_driver_needs_its_cost(company, capsys):
    assert main(["value", "--driver", "outage", "--config", str(company / "perennial.toml")]) == 1
    assert "both or neither" in capsys.readouterr().err


def test_value_can_be_told_as_of_a_past_date(company, capsys):
    early = _run(company, capsys, "value", "--as-of", "2024-12-01")
    assert early["as_of"].startswith("2024-12-01")
    assert max(one["n_accounts"] for one in early["found"]) <= 400


def test_without_revenue_nothing_is_told_in_money(small_company, open_tables):
    tables = {name: frame for name, frame in small_company.items() if name != "subscriptions"}
    warehouse = open_tables(tables)
    as_of = pd.Timestamp("2024-07-01")
    data = read_experience(warehouse, as_of)
    found, ask = money(data, Beside(read_references(warehouse, as_of)), Terms())
    assert found[0].verdict == "refused"
    assert "no subscription says what is paid" in found[0].sentence
    assert ask.accounts.empty


def test_tables_that_tell_nothing_are_refused_in_every_topic(open_tables):
    as_of = pd.Timestamp("2024-07-01")
    warehouse = open_tables({"accounts": pd.DataFrame({"account_id": ["a", "b"]})})
    data = read_experience(warehouse, as_of)
    nobody = data.departures
    moves, met = read_moves(warehouse, as_of, nobody), read_met(warehouse, as_of)
    year = experience_year(data, recommendation(data.responses), read_references(warehouse, as_of))
    told = [
        *money(data, Beside(read_references(warehouse, as_of)), Terms())[0],
        *journeys(data, moves, met, year, pd.DataFrame()).found,
        *engaged(data, read_deeds(warehouse, data)).found,
    ]
    assert {one.verdict for one in told} == {"refused"}
    assert all(one.sentence for one in told)


def test_segments_have_maps_and_figures_of_their_own(open_tables):
    tables = simulate(500, years=3, seed=11).tables
    warehouse = open_tables(tables)
    as_of = pd.Timestamp("2026-01-01")
    paid = tables["subscriptions"].dropna(subset=["end_date"])[["account_id", "end_date"]]
    left = paid.rename(columns={"end_date": "left_at"}).drop_duplicates("account_id", keep="last").assign(way="left")
    is_big = tables["accounts"]["employees"] > 50
    segments = tables["accounts"][["account_id"]].assign(size=np.where(is_big, "big", "small"))
    data = read_experience(warehouse, as_of, departures=left, segments=segments)
    references = read_references(warehouse, as_of)
    scores = data.accounts.loc[data.accounts["mrr"] > 0, ["account_id", "mrr"]].assign(churn_prob=0.1)
    found, _ = money(data, Beside(references, scores), Terms())
    risk = {one.group: one.value for one in found if one.figure == "revenue at risk"}
    assert risk["big"] + risk["small"] == pytest.approx(risk["all"])
    assert risk["all"] == pytest.approx(1.2 * data.accounts["mrr"].sum())
    year = experience_year(data, recommendation(data.responses), references)
    told = journeys(data, read_moves(warehouse, as_of, left), read_met(warehouse, as_of), year, pd.DataFrame())
    assert [one.group for one in told.maps] == ["all", "big", "small"]
    assert told.maps[0].n_accounts == told.maps[1].n_accounts + told.maps[2].n_accounts
    assert any(one.group_by == "size" for one in told.found)


def test_a_figure_without_an_interval_is_json_all_the_same():
    assert json.loads(in_json([Found.refused("t", "f", "why")]))["found"][0]["value"] is None
    assert in_words(Found.refused("t", "f", "3 answers", "role", "user")) == "f [role: user]: refused, 3 answers"
