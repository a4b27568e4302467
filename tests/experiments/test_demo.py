"""The main job end to end, on a smaller company than `make demo` takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import demo
from pipelines.pointer import read_pointer
from pipelines.release import read_release


@pytest.mark.slow
def test_the_demo_goes_from_tables_to_the_accounts_most_at_risk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "ACCOUNTS", 700)
    monkeypatch.setattr(demo, "SEED", 3)
    assert demo.main() == 0
    printed = capsys.readouterr().out
    for told in ("What the score rests on", "The ten accounts most at risk", "card.md", "perennial serve"):
        assert told in printed
    release = read_release(Path("demo/releases") / read_pointer(Path("demo/releases"))["version"])
    assert {name: len(found.segments) > 1 for name, found in release.segmentations.items()} == {
        "firmographic": True,
        "behavioural": True,
        "needs": True,
    }
    scores = pd.read_parquet("demo/scores.parquet")
    rows = pd.read_parquet("demo/.perennial/rows.parquet").set_index("account_id").loc[scores["account_id"]]
    np.testing.assert_allclose(scores["churn_prob"], release.churn.prob(rows.reset_index()), rtol=0, atol=1e-12)
    card = Path("demo/releases", release.manifest.version, "card.md").read_text()
    assert "May be promoted." in card
