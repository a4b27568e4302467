from __future__ import annotations

import argparse
import json
import math

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
