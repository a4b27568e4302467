"""What leaves for a CRM: files a spreadsheet opens, and tables of other databases."""

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from features.errors import ConfigError, DataError
from pipelines.score import score_rows
from serving.cli import main
from serving.export import export, file_rows, stored_rows
from serving.export_csv import cell_text
from serving.export_fields import FIELDS, row_of_answer
from serving.export_mapping import ExportMapping, read_mapping
from serving.predictor import Predictor
from serving.scores import Score, write_scores
from serving.store import Store
from serving.vocabulary import FeatureRow

DOCS = Path(__file__).parents[2] / "docs"
FEW = ExportMapping(
    columns={"Id": "account_id", "Risk %": "churn_percent", "Tier": "tier"}, values={"tier": {"high": "Hot"}}
)


def answer(account_id: str, prob: float = 0.5, tier: str = "high") -> str:
    return json.dumps(
        {"account_id": account_id, "churn_prob": prob, "tier": tier, "as_of": "2026-01-31T09:30:00+00:00"}
    )


def rows(*account_ids: str, prob: float = 0.5) -> Iterator[dict]:
    return (row_of_answer(answer(account_id, prob)) for account_id in account_ids)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def url(store_url: str) -> str:
    """A CRM's database, which is empty."""
    return store_url


def held(url: str, table: str) -> list[dict[str, Any]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = [dict(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}").mappings()]  # noqa: S608
    engine.dispose()
    return found


@pytest.fixture(scope="module")
def answered(make_company: Any) -> tuple[Any, Any, list[Any]]:
    company = make_company()
    release = company.releases["2026-01-31-a"]
    some = company.rows.head(20)
    names = [name for name in some if name not in ("account_id", "as_of")]
    known = [
        FeatureRow({n: None if row[n] != row[n] else row[n] for n in names}, row["account_id"], "2026-01-31")
        for row in some.to_dict("records")
    ]
    return company, release, Predictor(release).predict(known, [True] * len(known))


def test_the_store_and_the_file_of_scores_give_the_same_rows(answered: Any, tmp_path: Path) -> None:
    company, release, predictions = answered
    score_rows(release, company.rows.head(20)).to_parquet(tmp_path / "scores.parquet", index=False)
    from_file = {row["account_id"]: row for row in file_rows(tmp_path / "scores.parquet", company.releases_folder)}
    store = Store(f"sqlite:///{tmp_path / 'online.db'}")
    with store.alone() as connection:
        write_scores(
            connection,
            [
                Score(p.account_id, p.release, p.as_of, 1.0, p.churn_prob, p.tier, None, p.model_dump_json(), "{}")
                for p in predictions
            ],
        )
    found = list(stored_rows(store))
    assert len(found) == 20
    for row in found:
        assert row == from_file[row["account_id"]]
    assert list(found[0]) == [field.name for field in FIELDS]
    assert found[0]["horizon_days"] == 90
    assert found[0]["as_of_date"] == date(2026, 1, 31)
    assert found[0]["reason_1"]
    store.close()


def test_a_file_has_one_line_an_account_in_the_words_of_the_mapping(tmp_path: Path) -> None:
    assert export(rows("A-1", "Ä-2", prob=0.12345), FEW, str(tmp_path / "crm.csv"), None) == 2
    assert read(tmp_path / "crm.csv") == [
        {"Id": "A-1", "Risk %": "12.35", "Tier": "Hot"},
        {"Id": "Ä-2", "Risk %": "12.35", "Tier": "Hot"},
    ]
    assert (tmp_path / "crm.csv").read_bytes().startswith(b"Id,Risk %,Tier\r\n")


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1"])
def test_a_spreadsheet_runs_nothing(text: str) -> None:
    assert cell_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+49.5", "A=1", "a@b.example", "12-34"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert cell_text(text) == text


def test_what_is_not_known_is_left_empty(tmp_path: Path) -> None:
    export(rows("A-1"), ExportMapping(), str(tmp_path / "crm.csv"), None)
    (line,) = read(tmp_path / "crm.csv")
    assert line["value_at_risk"] == line["needs_segment"] == line["reason_3"] == ""
    assert (line["as_of"], line["as_of_date"]) == ("2026-01-31T09:30:00Z", "2026-01-31")


def test_a_failure_on_the_way_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text("old")

    def broken() -> Iterator[dict]:
        yield from rows("A-1")
        raise DataError("the store went away")

    with pytest.raises(DataError, match="went away"):
        export(broken(), FEW, str(tmp_path / "crm.csv"), None)
    assert (tmp_path / "crm.csv").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["crm.csv"]


def test_a_table_is_made_and_then_brought_up_to_date(url: str) -> None:
    assert export(rows("A-1", "A-2"), ExportMapping(), url, "churn_scores") == 2
    assert export(rows("A-2", "A-3", prob=0.75), ExportMapping(), url, "churn_scores") == 2
    found = {row["account_id"]: row["churn_percent"] for row in held(url, "churn_scores")}
    assert found == {"A-1": 50.0, "A-2": 75.0, "A-3": 75.0}


def test_a_table_that_is_there_keeps_its_other_columns(url: str) -> None:
    engine = sa.create_engine(url)
    columns = [sa.Column(name, kind) for name, kind in (("owner", sa.Text), ("Id", sa.Text), ("Tier", sa.Text))]
    crm = sa.Table("crm", sa.MetaData(), *columns, sa.Column("Risk %", sa.Float))
    with engine.begin() as connection:
        crm.create(connection)
        connection.execute(crm.insert(), {"owner": "Eve", "Id": "A-1", "Tier": "Cold", "Risk %": 1.0})
    engine.dispose()
    export(rows("A-1", "A-2"), FEW, url, "crm")
    assert sorted(held(url, "crm"), key=lambda row: row["Id"]) == [
        {"owner": "Eve", "Id": "A-1", "Risk %": 50.0, "Tier": "Hot"},
        {"owner": None, "Id": "A-2", "Risk %": 50.0, "Tier": "Hot"},
    ]


def test_a_row_that_the_database_refuses_changes_nothing(url: str) -> None:
    export(rows("A-1"), ExportMapping(), url, "churn_scores")
    with pytest.raises(DataError, match="nothing was changed"):
        export(rows("A-1", "A-2", "A-2", prob=0.9), ExportMapping(), url, "churn_scores")
    assert [row["churn_percent"] for row in held(url, "churn_scores")] == [50.0]


def test_values_are_never_read_as_sql(url: str) -> None:
    evil = "x'); DROP TABLE churn_scores; --"
    export(rows(evil), ExportMapping(), url, "churn_scores")
    export(rows(evil), ExportMapping(), url, "churn_scores")
    assert [row["account_id"] for row in held(url, "churn_scores")] == [evil]


def test_a_moment_is_written_in_utc(url: str) -> None:
    export(rows("A-1"), ExportMapping(), url, "churn_scores")
    as_of = held(url, "churn_scores")[0]["as_of"]
    assert str(as_of).startswith(str(datetime(2026, 1, 31, 9, 30)))


@pytest.mark.parametrize(
    ("to", "table", "why"),
    [
        ("scores.xlsx", None, "expected a file ending in .csv or the URL of a database"),
        ("sqlite://", None, "expected the name of one; add --table"),
        ("nodb://user:hunter2@host/db", "t", "got a database URL that cannot be used"),
        ("postgresql+psycopg://user:hunter2@127.0.0.1:1/db", "t", "got a database that refused"),
    ],
)
def test_a_place_that_is_none_is_refused_without_telling_its_password(to: str, table: str | None, why: str) -> None:
    with pytest.raises((ConfigError, DataError), match=why) as refused:
        export(rows("A-1"), FEW, to, table)
    assert "hunter2" not in str(refused.value)


def test_a_table_without_a_column_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    export(rows("A-1"), ExportMapping(columns={"Id": "account_id"}), url, "crm")
    with pytest.raises(ConfigError, match="got the table crm without a column 'Risk %'"):
        export(rows("A-1"), FEW, url, "crm")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[columns]\nRisk = "churn_percnt"\n', "did you mean 'churn_percent'"),
        ('[columns]\nRisk = "churn_percent"\n', "no column is account_id"),
        ('[colums]\nId = "account_id"\n', "colums Extra inputs are not permitted"),
        ("[columns\n", "which cannot be read"),
    ],
)
def test_a_mapping_that_is_wrong_is_refused_in_words(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "crm.toml").write_text(text)
    with pytest.raises(ConfigError, match=why):
        read_mapping(tmp_path / "crm.toml")


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_the_mappings_of_the_guide_are_read_and_told_there(crm: str, tmp_path: Path) -> None:
    mapping = read_mapping(DOCS / "crm" / f"{crm}.toml")
    export(rows("A-1"), mapping, str(tmp_path / "crm.csv"), None)
    assert len(read(tmp_path / "crm.csv")) == 1
    guide = (DOCS / "crm.md").read_text("utf-8")
    assert all(f"`{column}`" in guide for column in mapping.columns)
    assert all(f"`{field.name}`" in guide and field.meaning in guide for field in FIELDS)


def test_the_verb_writes_what_the_store_holds_and_says_what_is_lacking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERENNIAL_STORE", f"sqlite:///{tmp_path / 'online.db'}")
    (tmp_path / "perennial.toml").write_text("")
    ask = ["export", "--to", str(tmp_path / "crm.csv"), "--config", str(tmp_path / "perennial.toml")]
    assert main(ask) == 1
    assert "got an online store without scores" in capsys.readouterr().err
    store = Store(f"sqlite:///{tmp_path / 'online.db'}")
    with store.alone() as connection:
        write_scores(connection, [Score("A-1", "v1", None, 1.0, 0.5, "high", None, answer("A-1"), "{}")])
    store.close()
    assert main(ask) == 0
    assert len(read(tmp_path / "crm.csv")) == 1


def test_a_file_that_holds_no_scores_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DataError, match="which holds no scores"):
        list(file_rows(tmp_path / "rows.parquet", tmp_path))
    (tmp_path / "text.parquet").write_text("no")
    with pytest.raises(DataError, match="which holds no scores"):
        list(file_rows(tmp_path / "text.parquet", tmp_path))
