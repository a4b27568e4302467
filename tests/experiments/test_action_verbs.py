"""`perennial actions` and `perennial experiment` on a simulated company."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.company import write_company
from experiments.company.action_effects import call_effects
from experiments.company.world import create
from experiments.company.worlds import parameters_of
from pipelines.cli import main

ACTIONS = """
[model]
trials = 1
[actions]
budget = 2000
hours_per_owner = 8
preset = "five ways to loyalty"
[actions.catalogue.success_call]
cost = 60
hours = 0.5
needs_consent = false
works_on = ["outage"]
[actions.playbooks.mend]
when = "severe_case"
do = "Call today"
touchpoint = "support"
"""


def _company(folder: Path, actions: str) -> str:
    write_company(folder / "tables", 400, years=2, seed=5)
    config = str(folder / "perennial.toml")
    assert main(["init", str(folder / "tables"), "--config", config]) == 0
    with Path(config).open("a") as file:
        file.write(actions)
    return config


def test_without_catalogue_or_champion_it_says_what_to_do(tmp_path, capsys):
    config = _company(tmp_path, "")
    assert main(["actions", "--config", config]) == 1
    assert "five ways to loyalty" in capsys.readouterr().err
    with Path(config).open("a") as file:
        file.write(ACTIONS)
    assert main(["actions", "--config", config]) == 1
    assert "run `perennial promote`" in capsys.readouterr().err
    assert main(["experiment", "plan", "e", "--action", "gift", "--config", config]) == 1


@pytest.mark.slow
def test_from_tables_to_suggestions_and_an_experiment(tmp_path, capsys):
    from pipelines.config import read_settings
    from pipelines.registry import newest_release

    config = _company(tmp_path, ACTIONS)
    main(["train", "--config", config])
    assert main(["promote", newest_release(read_settings(Path(config))), "--config", config]) == 0
    assert main(["score", "--out", str(tmp_path / "scores.parquet"), "--config", config]) == 0
    capsys.readouterr()
    assert main(["actions", "--config", config, "--out", str(tmp_path / "a.csv"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    rows = pd.read_csv(tmp_path / "a.csv")
    assert sum(said["counts"].values()) == len(rows) == len(said["suggestions"])
    assert set(rows["answer"]) <= {"do", "test first", "do nothing", "held out"}
    assert rows.loc[rows["answer"] == "do", "cost"].sum() <= 2000
    assert rows["why"].str.len().min() > 10
    assert {"closed loop", "growth", "success_call"} <= {one["topic"] for one in said["found"]}
    assert {alert["owner"] for alert in said["alerts"]} == {"Head of Support"}
    assert (
        main(["experiment", "plan", "e", "--action", "success_call", "--points", "3", "--config", config, "--json"])
        == 0
    )
    assert 0 < json.loads(capsys.readouterr().out)["power"] < 1
    assert main(["experiment", "assign", "e", "--action", "success_call", "--config", config, "--json"]) == 0
    drawn = json.loads(capsys.readouterr().out)
    assert abs(drawn["n_helped"] - drawn["n_not"]) <= 1
    assert main(["experiment", "read", "e", "--config", config, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["says"] == "goes on"


def test_true_effects_of_calls_have_the_planted_signs_and_none_where_none_is_planted():
    world = create(parameters_of("uplift"), 500, years=2, seed=0)
    account = np.arange(500)
    at = np.full(500, world.calendar.starts[12])
    truth = call_effects(world, account, at)
    served = (world.contracts.start_month < 12) & (world.history.leaves > world.calendar.starts[12])
    mean = [truth[served & (world.firms.segment == place)].mean() for place in range(4)]
    assert mean[0] < -2
    assert min(mean[1], mean[2]) > 1
    assert mean[3] == 0
    none = create(parameters_of("no_uplift"), 200, years=2, seed=0)
    assert not call_effects(none, np.arange(200), np.full(200, none.calendar.starts[12])).any()
