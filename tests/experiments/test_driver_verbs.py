"""`perennial drivers` and `perennial whatif` on a simulated company whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from experiments.company import write_company
from pipelines.cli import main


class Told(NamedTuple):
    """What the command printed and wrote, and the company's truth."""

    config: str
    printed: list[dict[str, Any]]
    table: pd.DataFrame
    truth: dict[str, Any]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Told:
    home = tmp_path_factory.mktemp("company")
    write_company(home / "tables", 1000, seed=2)
    config, out = str(home / "perennial.toml"), home / "drivers.parquet"
    assert main(["init", str(home / "tables"), "--config", config]) == 0
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled(), pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr("pipelines.findings_cli.give", printed.append)
        assert main(["drivers", "--config", config, "--out", str(out), "--json"]) == 0
    truth = json.loads((home / "tables" / "truth.json").read_text())["effects"]
    return Told(config, json.loads(printed[0]), pd.read_parquet(out), truth)


def test_true_causes_are_found_with_intervals_that_cover(told: Told) -> None:
    verdicts = told.table.groupby("driver")["verdict"].first()
    causes = {str(name).removesuffix("_announced") for name in verdicts[verdicts == "cause"].index}
    assert {"champion_exit", "outage"} <= causes <= set(told.truth)
    effects = told.table.query("figure == 'effect' and group_by == 'all'").set_index("driver")
    for name in ("champion_exit", "outage", "billing_error"):
        assert effects.loc[name, "low"] < told.truth[name]["all"]["points"] < effects.loc[name, "high"]


def test_no_consequence_of_leaving_is_a_driver(told: Told) -> None:
    assert not told.table["driver"].str.contains("cancel|discount|export").any()


def test_findings_are_printed_as_they_are_written_and_logged(told: Told) -> None:
    assert [one["driver"] for one in told.printed] == told.table["driver"].drop_duplicates().to_list()
    assert {"figure", "value", "low", "high", "unit", "basis", "n_rows"} <= set(told.printed[0]["figures"][0])
    artifacts = Path(told.config).parent / ".perennial" / "artifacts"
    assert {path.name for path in artifacts.rglob("drivers.*")} == {"drivers.parquet", "drivers.json", "drivers.png"}


def test_a_better_first_response_saves_churners_with_an_interval(
    told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["whatif", "--driver", "first_response", "--to", "8h", "--config", told.config, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["contrast"] == "24 hours or more against 8 hours or less"
    figures = {figure["figure"]: figure for figure in said["figures"]}
    assert set(figures) == {"effect", "churners saved", "revenue saved"}
    assert figures["churners saved"]["low"] < figures["churners saved"]["value"] < figures["churners saved"]["high"]


def test_a_driver_that_is_not_there_is_named(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["whatif", "--driver", "weather", "--to", "1", "--config", told.config]) == 1
    assert "got --driver 'weather'; expected one of billing_error" in capsys.readouterr().err
