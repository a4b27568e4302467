"""What is usual among accounts of the same kind, beside a count by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.catalog import Feature
from pipelines.churn.encoder import Encoder
from pipelines.churn.wording import in_words
from pipelines.peers import peers_of, usual_by_segment
from pipelines.segmentation import Wish, fit_segmentations
from pipelines.segments import segment_names

FEATURES = (
    Feature("employees", "firmographic", "context", "employees", "Employees"),
    Feature("annual_revenue", "firmographic", "context", "money", "Revenue a year"),
    Feature("wait", "experience", "operations", "hours", "Median first response, last 90 days"),
)


def companies(n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    is_large = rng.random(n) < 0.5
    size = np.where(is_large, 7.0, 2.0)
    return pd.DataFrame(
        {
            "account_id": [f"a{i}" for i in range(n)],
            "employees": np.round(np.exp(rng.normal(size, 0.4))),
            "annual_revenue": np.exp(rng.normal(size + 9, 0.4)),
            "wait": rng.exponential(np.where(is_large, 4.0, 30.0)),
        }
    )


def test_the_usual_value_of_a_segment_is_its_median() -> None:
    rows, encoder = companies(), Encoder.fit(companies(), FEATURES)
    found = fit_segmentations(rows, FEATURES, wishes={"firmographic": Wish(number=2)}, seed=0)
    usual = usual_by_segment(found, rows, encoder)
    names = np.array(segment_names(found["firmographic"], rows))
    by_hand = {name: rows.loc[names == name, "wait"].median() for name in np.unique(names)}
    assert len(usual) == 2
    for segment in found["firmographic"].segments:
        assert abs(float(usual[segment.id]["wait"]) - by_hand[segment.name]) < 1e-4  # type: ignore[arg-type]
    peers = peers_of(found, usual, rows)
    assert peers is not None
    assert [round(float(one["wait"]), 3) for one in peers[:20]] == [round(by_hand[name], 3) for name in names[:20]]  # type: ignore[arg-type]


def test_without_segments_nobody_is_a_peer() -> None:
    rows = companies()
    assert usual_by_segment({}, rows, Encoder.fit(rows, FEATURES)) == {}
    assert peers_of({}, {}, rows) is None


def test_a_reason_says_what_is_usual_in_the_segment_where_it_is_something_else() -> None:
    wait = FEATURES[2]
    assert in_words(wait, 31.0, 9.0, 4.0).endswith("31 hours (usually 9, in its segment 4)")
    assert in_words(wait, 31.0, 9.0, 9.0).endswith("31 hours (usually 9)")
    assert in_words(wait, 9.0, 9.0, 4.0).endswith("9 hours (as is usual, in its segment 4 hours)")
