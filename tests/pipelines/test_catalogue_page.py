"""The catalogue as people and programs read it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from features.catalog import Feature, catalogue, from_dict
from features.engagement import BEYOND_USE
from features.errors import DataError
from features.tables import ROLES
from features.templates import speaks_of_leaving
from pipelines.catalogue_page import catalogue_json, catalogue_page, catalogue_table, listed_features
from pipelines.config import Settings, settings_from

PAGE = Path(__file__).parents[2] / "docs" / "features.md"
ODD = Feature("a|b", "behaviour", "behaviour", "count", "Left | right [bold]x[/bold]")


def settings_of(folder: Path, *, industry: str = "retail") -> Settings:
    """Settings of two accounts that log in, of which one looks at the way out."""
    accounts = pd.DataFrame({"account_id": ["a", "b"], "industry": [industry] * 2})
    activities = pd.DataFrame(
        {
            "activity_id": [1, 2, 3],
            "account_id": ["a", "b", "b"],
            "occurred_at": ["2024-01-01", "2024-02-01", "2024-02-02"],
            "event": ["login", "login", "cancel_clicked"],
        }
    )
    accounts.to_csv(folder / "accounts.csv", index=False)
    activities.to_csv(folder / "activities.csv", index=False)
    said = {
        "tables": {name: {"source": f"{name}.csv"} for name in ("accounts", "activities")},
        "features": {"login_30d": {"sentence": "Logins, last 30 days"}},
    }
    return settings_from(said, folder)


def test_the_page_of_the_docs_is_the_one_made_from_the_declarations():
    assert PAGE.read_text(encoding="utf-8") == catalogue_page(catalogue()), (
        "write it anew: python -m pipelines.catalogue_page > docs/features.md"
    )


def test_the_module_writes_the_page():
    ran = subprocess.run([sys.executable, "-m", "pipelines.catalogue_page"], capture_output=True, check=True)
    assert ran.stdout == PAGE.read_bytes()


def test_the_page_lists_every_feature_once_under_its_family():
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert Counter(row[0].strip("| `") for row in rows) == Counter(feature.name for feature in catalogue())
    heading, family_of = "", {}
    for line in PAGE.read_text().splitlines():
        heading = line.split(":")[0].removeprefix("## ").lower() if line.startswith("## ") else heading
        if line.startswith("| `"):
            family_of[line.split("`")[1]] = heading
    assert family_of == {feature.name: feature.family for feature in catalogue()}


def test_the_page_says_which_names_of_events_and_roles_have_a_meaning():
    text = PAGE.read_text()
    for kind in BEYOND_USE:
        assert f"`{kind}`" in text
        assert not speaks_of_leaving(kind)
    said = {role for role in ROLES if role in text.split("Contacts count by group")[1]}
    assert said == {"Decision Maker", "Economic Buyer", "Economic Decision Maker", "Business User", "Executive Sponsor"}


def test_a_sentence_with_a_mark_of_tables_stays_in_its_cell():
    row = next(line for line in catalogue_page([ODD]).splitlines() if "Left" in line)
    assert row.count("|") - row.count("\\|") == 5


def test_the_printed_table_has_a_row_for_each_feature_and_prints_words_as_they_are(capsys: pytest.CaptureFixture):
    catalogue_table([*catalogue(), ODD])
    printed = capsys.readouterr().out
    first_cells = [line.split("│")[1].strip() for line in printed.splitlines() if line.startswith("│")]
    assert first_cells == [*(feature.name for feature in catalogue()), "a|b"]
    assert "Left | right [bold]x[/bold]" in printed
    assert f"{len(catalogue()) + 1} features" in printed


def test_a_program_reads_the_declarations_whole():
    assert tuple(from_dict(plain) for plain in json.loads(catalogue_json(catalogue()))) == catalogue()


def test_without_settings_all_declared_features_are_listed():
    assert listed_features() == catalogue()


def test_with_settings_those_are_listed_that_the_tables_give_in_the_companys_words(tmp_path: Path):
    found = {feature.name: feature for feature in listed_features(settings_of(tmp_path))}
    assert {"activities_30d", "recency_days", "login_90d", "industry"} <= set(found)
    assert not {"spent_90d", "usage_90d", "active_contacts_90d", "nps_last", "child_accounts"} & set(found)
    assert found["login_30d"].sentence == "Logins, last 30 days"
    assert found["cancel_clicked_30d"].tier == "intent"
    assert found["industry"].static


def test_tables_that_break_the_contract_list_nothing(tmp_path: Path):
    settings = settings_of(tmp_path)
    (tmp_path / "activities.csv").write_text("activity_id,account_id,occurred_at,event\n1,a,perhaps,login\n")
    with pytest.raises(DataError, match="occurred_at"):
        listed_features(settings)
