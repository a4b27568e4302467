from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import pytest

from experiments.benchmarks.report import Figure, run


@pytest.mark.parametrize(
    ("value", "bar", "holds"),
    [
        (0.85, ">= 0.849", True),
        (0.84, ">= 0.849", False),
        (60.1, "<= 60", False),
        (0.0, "> 0", False),
        (1.0, "== 1", True),
        (math.nan, "<= 60", False),
        (3.0, None, None),
    ],
)
def test_a_bar_is_held_or_missed_by_its_value(value: float, bar: str | None, holds: bool | None) -> None:
    assert Figure("x", value, "s", bar).holds is holds


def test_the_last_line_is_one_json_object_and_a_missed_bar_exits_1(capsys: pytest.CaptureFixture) -> None:
    options = argparse.Namespace(quick=True, json=True, write=False)
    figures = [Figure("auc", 0.9, "share", ">= 0.8"), Figure("seconds", 9.0, "s", "<= 1")]
    assert run("toy", lambda _: figures, options) == 1
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(said) == {"benchmark", "date", "machine", "versions", "mode", "seconds", "figures"}
    assert said["mode"] == "quick"
    assert [(figure["name"], figure["holds"]) for figure in said["figures"]] == [("auc", True), ("seconds", False)]


def test_a_part_that_was_measured_takes_the_place_of_its_own_figures_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("experiments.benchmarks.report.RESULTS", tmp_path)
    whole = argparse.Namespace(quick=False, json=True, write=True)
    run("toy", lambda _: [Figure("auc", 0.8, "share"), Figure("seconds", 9.0, "s")], whole)
    part = argparse.Namespace(quick=False, json=True, write=True, only="speed")
    run("toy", lambda _: [Figure("seconds", 7.0, "s", "<= 8")], part)
    kept = {one["name"]: one["value"] for one in json.loads((tmp_path / "toy.json").read_text())["figures"]}
    assert kept == {"auc": 0.8, "seconds": 7.0}
    assert len(json.loads(capsys.readouterr().out.splitlines()[-1])["figures"]) == 1
