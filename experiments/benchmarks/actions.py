"""Whether actions help whom they are given to: a public experiment, companies with known effects, limits, and scale."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.actions_company import findings, refusal_without_overlap
from experiments.benchmarks.actions_hillstrom import hillstrom_figures
from experiments.benchmarks.actions_peeking import peeking_figures
from experiments.benchmarks.actions_scale import scale_figures
from experiments.benchmarks.report import Figure, arguments, run

WORLDS = ("uplift", "no_uplift", "rescued")
AREAS = ("hillstrom", "companies", "overlap", "peeking", "scale")
SIZES = {"uplift": 1.0, "no_uplift": 0.3, "rescued": 0.4}
"""Of the accounts asked for: to tell accounts apart takes more of them than to tell that there is nothing."""
WORKERS, ACCOUNTS, QUICK_ACCOUNTS, MOST_WITHOUT_OVERLAP = 2, 5000, 1200, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark from the command line."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--only", help="areas by name, with commas between; all if unset")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help="of a company, over all its years")
    parser.set_defaults(seeds=20)
    options = parser.parse_args(argv)
    unknown = sorted(set(_areas(options)) - set(AREAS))
    if unknown:
        parser.error(f"got areas {', '.join(unknown)}; expected some of {', '.join(AREAS)}")
    return run("actions", lambda given: list(measure(given)), options)


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures of the areas that are asked for."""
    areas, quick = _areas(options), options.quick
    if "hillstrom" in areas:
        yield from hillstrom_figures(options.data, quick=quick)
    if "companies" in areas:
        yield from _companies(options)
    if "overlap" in areas:
        seeds = 1 if quick else min(options.seeds, MOST_WITHOUT_OVERLAP)
        said = [refusal_without_overlap(seed, QUICK_ACCOUNTS) for seed in range(seeds)]
        right = [why != "" and "what would settle it" in why for why in said]
        yield Figure("no_overlap.refused", float(np.mean(right)), f"share of {seeds} companies", "== 1")
    if "peeking" in areas:
        yield from peeking_figures(quick=quick)
    if "scale" in areas:
        yield from scale_figures(quick=quick)


def _areas(options: argparse.Namespace) -> Sequence[str]:
    return AREAS if options.only is None else options.only.split(",")


def _companies(options: argparse.Namespace) -> Iterator[Figure]:
    n, seeds = (QUICK_ACCOUNTS, 1) if options.quick else (options.accounts, options.seeds)
    jobs = [(world, seed, int(SIZES[world] * n)) for seed in range(seeds) for world in WORLDS]
    found = []
    with ProcessPoolExecutor(WORKERS) as pool:
        for job, (said, seconds) in zip(jobs, pool.map(_findings, jobs), strict=True):
            found.append(said | {"world": job[0], "seed": job[1]})
            if not options.json:
                print(f"{job[0]} seed {job[1]}: {seconds:.0f} s", file=sys.stderr)  # noqa: T201
    frame = pd.DataFrame(found)
    by_world = {name: frame[frame["world"] == name] for name in WORLDS}
    yield from _uplift(by_world["uplift"])
    yield from _none(by_world["no_uplift"])
    yield from _rescued(by_world["rescued"])


def _findings(job: tuple[str, int, int]) -> tuple[dict[str, Any], float]:
    start = time.perf_counter()
    return findings(*job), time.perf_counter() - start


def _uplift(rows: pd.DataFrame) -> Iterator[Figure]:
    """Of what accounts feel tables show little: bars are on the mean effect among accounts that look alike."""
    seeds = f"share of {len(rows)} companies"
    yield Figure("uplift.covered", _covered(rows), f"{seeds} whose mean effect lies in the interval", ">= 0.9")
    yield Figure(
        "uplift.account_covered", rows["account_coverage"].mean(), "share of accounts, what can be known", ">= 0.9"
    )
    yield Figure("uplift.account_covered_most", rows["account_coverage"].mean(), "the same", "<= 0.98")
    yield Figure("uplift.own_effect_covered", rows["own_coverage"].mean(), "share of accounts, their own effect")
    yield Figure(
        "uplift.correlation", rows["correlation"].mean(), "of predicted effects with what can be known", ">= 0.5"
    )
    yield Figure("uplift.own_correlation", rows["own_correlation"].mean(), "of predicted with own effects")
    yield Figure("uplift.decile_error", rows["decile_error"].mean(), "points, predicted from realised")
    yield Figure("uplift.harmed", rows["harm_share"].mean(), "share of accounts that a call harms")
    yield Figure("uplift.harm_found", rows["harm_found"].mean(), "share of those harmed that are listed", ">= 0.5")
    yield Figure("uplift.harm_right", rows["harm_right"].mean(), "share of those listed that are harmed", ">= 0.9")
    value = {name: rows[f"value_{name}"].sum() for name in ("best", "knowable", "risk", "ours")}
    for best, bar in (("knowable", "<= 0.3333"), ("best", None)):
        regret = (value[best] - value["ours"]) / (value[best] - value["risk"])
        name = f"uplift.regret_of_risk_{best}"
        yield Figure(name, regret, "our regret, of that of targeting by the true risk", bar)
    for name in ("ours", "risk", "best"):
        yield Figure(
            f"uplift.value_{name}", value[name] / value["knowable"], "of the value of the best knowable choice"
        )


def _none(rows: pd.DataFrame) -> Iterator[Figure]:
    yield Figure("no_uplift.covered", _covered(rows), f"share of {len(rows)} companies", ">= 0.9")
    yield Figure("no_uplift.recommended", rows["recommended"].mean(), "share of accounts, mean of companies", "== 0")
    yield Figure("no_uplift.listed_as_harmed", rows["harm_right"].notna().mean(), "share of companies", "<= 0.05")


def _rescued(rows: pd.DataFrame) -> Iterator[Figure]:
    told = rows[rows["refused"] == ""]
    yield Figure("confounded.told", len(told) / len(rows), f"share of {len(rows)} companies")
    yield Figure("confounded.truth", told["truth"].mean(), "points of churn saved, mean")
    yield Figure("confounded.naive", told["naive"].mean(), "points of churn saved, as counted")
    wrong = float((told["naive"] < 0).mean())
    yield Figure("confounded.naive_wrong_in_sign", wrong, "share of companies", ">= 0.9")
    yield Figure("confounded.adjusted", told["effect"].mean(), "points of churn saved, mean")
    yield Figure("confounded.covered", _covered(told), "share of companies", ">= 0.9")


def _covered(rows: pd.DataFrame) -> float:
    return float(((rows["low"] <= rows["truth"]) & (rows["truth"] <= rows["high"])).mean())


if __name__ == "__main__":
    sys.exit(main())
