"""What goes wrong in the messy world is found by the checks, row by row, and what is left out leaves the rest sound."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import tomli_w

from experiments.company import simulate, write_company
from experiments.company.messy import CSV_ENCODINGS
from features.checks import Reading, read_tables
from features.errors import DataError
from features.labels import ChurnDefinition
from features.mapping import Sources
from features.panel import PanelSettings, training_panel
from features.sources import open_warehouse
from features.sufficiency import events_after, events_after_the_end
from features.tables import TABLES
from pipelines.cli import main

SIZE = {"n_accounts": 400, "years": 2, "seed": 3}
SAID = {  # what the checks call each kind of mistake in a row
    "end before start": "before ",
    "answer before the question": "before ",
    "unknown category": "not one of ",
    "unknown account": "no such account",
    "number with a decimal comma": "not a number",
    "unreadable time": "not a date or time",
    "missing value": "missing",
    "out of range": "out",
    "repeated key": "the key stood before",
}
WARNED = {"after the end": "after the account's last subscription ended", "in the future": "dated after today"}
TOUCHPOINTS = {"encoding": CSV_ENCODINGS["touchpoints"]}
READ_ALL_THE_SAME = {"spaces around", "not UTF-8"}
NEW_YEAR, TODAY = pd.Timestamp("2026-01-01"), pd.Timestamp("2026-06-01")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_company(tmp_path_factory.mktemp("messy") / "tables", world="messy", **SIZE)


@pytest.fixture(scope="module")
def corruptions(folder: Path) -> pd.DataFrame:
    """One row a corrupted row: kind, table, column, row (from 1) and key."""
    told = pd.DataFrame(json.loads((folder / "truth.json").read_text())["corruptions"])
    return told.explode(["rows", "keys"], ignore_index=True).rename(columns={"rows": "row", "keys": "key"})


@pytest.fixture(scope="module")
def sound() -> dict[str, pd.DataFrame]:
    return simulate(**SIZE).tables


def mapping(folder: Path, **said: dict[str, object]) -> dict[str, dict[str, object]]:
    return {
        file.stem: {"source": file.name} | said.get(file.stem, {}) for file in folder.iterdir() if file.stem in TABLES
    }


def sources(folder: Path, **said: dict[str, object]) -> Sources:
    return Sources(location=str(folder), tables=mapping(folder, **said))


def panel(folder: Path, **said: dict[str, object]) -> pd.DataFrame:
    with open_warehouse() as warehouse:
        read_tables(warehouse, sources(folder, **said))
        return training_panel(warehouse, ChurnDefinition("subscription"), PanelSettings(observed_until=NEW_YEAR)).rows


@pytest.fixture(scope="module")
def read(folder: Path) -> tuple[Reading, dict[str, pd.DataFrame], list]:
    """The reading, the tables it kept, and the warnings."""
    with open_warehouse() as warehouse:
        reading = read_tables(warehouse, sources(folder, touchpoints=TOUCHPOINTS))
        kept = {name: table.to_pyarrow().to_pandas() for name, table in warehouse.tables.items()}
        return reading, kept, events_after_the_end(warehouse) + events_after(warehouse, TODAY)


def test_the_truth_names_the_key_of_every_corrupted_row_once(corruptions: pd.DataFrame) -> None:
    tables = simulate(world="messy", **SIZE).tables
    in_rows = corruptions[corruptions["kind"] != "mirrors the label"]
    assert not in_rows.duplicated(["table", "row"]).any()
    for name, told in in_rows.groupby("table"):
        assert tables[name].iloc[told["row"].astype(int) - 1, 0].tolist() == told["key"].tolist()
        assert (told.groupby(["kind", "column"]).size() <= max(1, 0.01 * len(tables[name]))).all()


def test_each_mistake_is_rejected_by_its_row_and_nothing_else(read, corruptions: pd.DataFrame) -> None:
    rejects = read[0].reject_rows()
    errors = corruptions[corruptions["kind"].isin([*SAID, "other capitals"])]
    told, found = (
        sorted(frame[["table", "row", "key", "column"]].itertuples(index=False, name=None))
        for frame in (errors, rejects)
    )
    assert found == told


@pytest.mark.parametrize("kind", sorted(SAID))
def test_each_kind_of_mistake_is_called_by_its_name(read, corruptions: pd.DataFrame, kind: str) -> None:
    told = corruptions[corruptions["kind"] == kind].groupby(["table", "column"]).size()
    assert len(told)
    for (table, column), n in told.items():
        findings = [finding for finding in read[0].findings if (finding.table, finding.column) == (table, column)]
        assert any(SAID[kind] in finding.what and finding.n >= n for finding in findings)


@pytest.mark.parametrize("kind", sorted(WARNED))
def test_rows_that_come_too_late_are_counted(read, corruptions: pd.DataFrame, kind: str) -> None:
    told = corruptions[corruptions["kind"] == kind].groupby("table").size().to_dict()
    assert {finding.table: finding.n for finding in read[2] if finding.what == WARNED[kind]} == told


def test_what_is_kept_are_the_true_rows(read, sound: dict[str, pd.DataFrame], corruptions: pd.DataFrame) -> None:
    spoilt = corruptions[~corruptions["kind"].isin(["repeated key", "mirrors the label", *READ_ALL_THE_SAME])]
    for name, true in sound.items():
        keys, kept = set(spoilt.loc[spoilt["table"] == name, "key"]), read[1][name]
        columns = [column.name for column in TABLES[name].columns if column.name in true and column.name != "name"]
        left, right = (
            frame.loc[~frame[true.columns[0]].isin(keys), columns].reset_index(drop=True) for frame in (kept, true)
        )
        pd.testing.assert_frame_equal(left, right, check_dtype=False)


def test_another_encoding_than_utf_8_is_told_by_the_file(folder: Path) -> None:
    with open_warehouse() as warehouse, pytest.raises(DataError, match=r"touchpoints\.csv, not UTF-8 near byte"):
        read_tables(warehouse, sources(folder))
    assert "Übergabe" in (folder / "touchpoints.csv").read_text("cp1252")


def test_training_data_are_those_of_the_sound_rows(
    folder: Path, sound: dict[str, pd.DataFrame], corruptions: pd.DataFrame, tmp_path: Path
) -> None:
    spoilt = corruptions[~corruptions["kind"].isin(["repeated key", "mirrors the label", *READ_ALL_THE_SAME])]
    for name, true in sound.items():
        keys = set(spoilt.loc[spoilt["table"] == name, "key"])
        true[~true[true.columns[0]].isin(keys)].to_parquet(tmp_path / f"{name}.parquet")
    messy = panel(folder, touchpoints=TOUCHPOINTS, accounts={"ignore": ["lifecycle"]})
    pd.testing.assert_frame_equal(messy, panel(tmp_path))


def test_the_command_names_every_kind_and_says_no_until_the_mirror_is_ignored(
    folder: Path, corruptions: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "perennial.toml"

    def checked(**accounts: object) -> tuple[int, list[dict[str, object]]]:
        settings = {
            "data": {"location": str(folder), "on_reject": "drop"},
            "panel": {"observed_until": NEW_YEAR.date()},
            "tables": mapping(folder, touchpoints=TOUCHPOINTS, accounts=accounts),
        }
        config.write_text(tomli_w.dumps(settings))
        code = main(["check", "--config", str(config), "--json"])
        return code, json.loads(capsys.readouterr().out)

    code, findings = checked()
    assert code == 1
    found = {(finding["table"], finding["column"]) for finding in findings if finding["severity"] != "info"}
    told = corruptions[~corruptions["kind"].isin(READ_ALL_THE_SAME)]
    assert set(zip(told["table"], told["column"], strict=True)) <= found
    assert next(f for f in findings if f["column"] == "lifecycle")["severity"] == "error"
    assert len(pd.read_csv(tmp_path / ".perennial" / "rejects.csv")) == sum(
        told["kind"].isin([*SAID, "other capitals"])
    )
    assert checked(ignore=["lifecycle"])[0] == 0
