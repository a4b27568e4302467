"""The benchmark of experience counts as it says, and knows its areas."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from experiments.benchmarks.experience import main
from experiments.benchmarks.experience_scale import public_figures
from experiments.benchmarks.experience_trials import Trial, covered, shares

DATA = Path(os.environ.get("PERENNIAL_DATA", Path(__file__).parents[3] / "shared" / "data"))


def test_shares_are_of_seeds() -> None:
    trials = [covered("a", 0.0, 1.0, 0.5), covered("a", 0.0, 1.0, 2.0), Trial("b", "false", False)]
    found = {figure.name: figure for figure in shares(trials)}
    assert found["a.covered"].value == 0.5
    assert found["a.covered"].holds is False
    assert found["b.false"].holds is True


def test_a_part_that_does_not_exist_is_named(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "weather"])
    assert "invalid choice: 'weather' (choose from" in capsys.readouterr().err


@pytest.mark.skipif(not (DATA / "ravenstack_saas").is_dir(), reason="the public data set is not here")
def test_nothing_is_found_where_nothing_is() -> None:
    found = {figure.name: figure.value for figure in public_figures(DATA)}
    assert found["ravenstack.discoveries"] == 0
    assert found["ravenstack.failed"] == 0
    assert found["ravenstack.refused"] > 0
