"""The segments planted in the simulated company beside those found from its tables."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.driver_world import company_panel
from experiments.benchmarks.report import Figure
from experiments.company.tables import company_tables
from experiments.company.truth import truth_of
from experiments.company.world import create
from experiments.company.worlds import parameters_of
from pipelines.sampling import current_rows
from pipelines.segmentation import Wish, fit_segmentations
from pipelines.segmentation.segmentation import most_probable

ACCOUNTS, YEARS, COMPANIES = 2000, 3, 4


def simulated(pool: Executor, *, quick: bool) -> Iterator[Figure]:
    """Yield by segmentation the agreement with the truth, and how often its number is found."""
    n = 1 if quick else COMPANIES
    found = pd.DataFrame([one for said in pool.map(_looked_into, range(n)) for one in said])
    for name, of in found.groupby("segmentation", sort=False):
        about = f"adjusted Rand index, mean over {n} companies"
        yield Figure(f"company.{name}.adjusted_rand_index", float(of["ARI"].mean()), about)
        true = f"{about}, the true number given"
        yield Figure(f"company.{name}.with_true_number", float(of["ARI with number"].mean()), true)
        right = float((of["found"] == of["true"]).mean())
        yield Figure(f"company.{name}.number_right", right, f"share of {n} companies")


def _looked_into(seed: int) -> list[dict[str, Any]]:
    world = create(parameters_of("default", 0.0), ACCOUNTS, years=YEARS, seed=seed)
    truth = truth_of(world, seed=seed, name="default")["segments"]
    panel = company_panel(company_tables(world))
    rows = current_rows(panel, 0)
    true = {name: rows["account_id"].map(of).to_numpy() for name, of in truth.items()}
    numbers = {name: len(set(of)) for name, of in true.items()}
    wishes = {name: Wish(number=number) for name, number in numbers.items()}
    free, given = (fit_segmentations(rows, panel.features, wishes=wish, seed=0) for wish in ({}, wishes))
    return [
        {
            "segmentation": name,
            "true": numbers[name],
            "found": len(free[name].segments),
            "ARI": _agreement(free[name], rows, true[name]),
            "ARI with number": _agreement(given[name], rows, true[name]),
        }
        for name in free
    ]


def _agreement(segmentation: Any, rows: pd.DataFrame, true: np.ndarray[Any, Any]) -> float:
    from sklearn.metrics import adjusted_rand_score

    places = most_probable(segmentation.membership({str(name): rows[name] for name in rows}))
    return float(adjusted_rand_score(true[places >= 0], places[places >= 0]))
