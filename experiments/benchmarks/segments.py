"""Whether segments hold: known ones recovered in their number, ids that stay, the silent, and a million accounts."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.report import Figure, arguments, run
from experiments.benchmarks.segment_company import simulated
from experiments.benchmarks.segment_scale import scale
from experiments.benchmarks.segment_sets import KnownSet, drawn, features_of, published
from experiments.benchmarks.segment_silence import silence
from experiments.benchmarks.segment_steadiness import steadiness
from pipelines.segmentation import Segmentation, fit_segmentations
from pipelines.segmentation.basis import bases

DRAWN_SETS = 20
WORKERS = 2
BARS = {"behavioural": ">= 0.86", "needs_style": ">= 0.72", "needs_plain": ">= 0.76", "firmographic": ">= 0.6"}


def main() -> int:
    """Run the benchmark from the command line."""
    return run("segments", lambda options: list(measure(options)), arguments(__doc__ or "").parse_args())


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures of the published sets and of those drawn here."""
    sets = [one for one in published(options.data) if not options.quick or one.name.endswith("-0")]
    own = drawn(3 if options.quick else DRAWN_SETS)
    with ProcessPoolExecutor(WORKERS) as pool:
        found = []
        for said in pool.map(_looked_into, (*sets, *own)):
            found.append(said)
            if not options.json:
                print(said, file=sys.stderr)  # noqa: T201
        frame = pd.DataFrame(found)
        yield from _recovery(frame)
        yield from _numbers(frame)
        yield from steadiness(options.data, pool, quick=options.quick)
        yield from silence(pool, quick=options.quick)
        yield from simulated(pool, quick=options.quick)
    yield from scale(quick=options.quick)


def _looked_into(one: KnownSet) -> dict[str, Any]:
    """What is found in a set: with the true number of segments, by plain KMeans, and with the number left open."""
    from sklearn.metrics import adjusted_rand_score

    start = time.perf_counter()
    kind, seed = one.name.rsplit("-", 1)
    said: dict[str, Any] = {"kind": kind, "basis": one.basis, "seed": int(seed), "true": one.n_segments}
    said["found"] = len(_fitted(one).segments)
    if one.n_segments > 1:
        said["ARI"] = adjusted_rand_score(one.truth, _with_true_number(one))
        said["plain"] = adjusted_rand_score(one.truth, _plain(one))
    return said | {"seconds": round(time.perf_counter() - start, 1)}


def _fitted(one: KnownSet) -> Segmentation:
    return fit_segmentations(one.rows, features_of(one.basis), seed=0)[one.basis]


def _with_true_number(one: KnownSet) -> np.ndarray[Any, np.dtype[np.intp]]:
    basis = next(basis for basis in bases() if basis.name == one.basis)
    columns = {str(name): one.rows[name] for name in one.rows}
    preparation = basis.prepare(columns, features_of(one.basis), 0)
    prepared = preparation.encode(columns)
    mixture = basis.learner(preparation).fit(prepared, one.n_segments, 0)
    return np.zeros(len(one.rows), dtype=np.intp) if mixture is None else mixture.assign(prepared)


def _plain(one: KnownSet) -> np.ndarray[Any, np.dtype[np.intp]]:
    """KMeans on scaled columns as they come, codes for categories, means for missing values."""
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    numbers = one.rows.apply(pd.to_numeric, errors="coerce")
    scaled = StandardScaler().fit_transform(numbers.fillna(numbers.mean()))
    return np.asarray(KMeans(one.n_segments, n_init=5, random_state=0).fit_predict(scaled))


def _recovery(frame: pd.DataFrame) -> Iterator[Figure]:
    for kind, rows in frame[frame["true"] > 1].groupby("kind"):
        bar = BARS.get(str(kind))
        yield Figure(f"{kind}.adjusted_rand_index", float(rows["ARI"].mean()), f"mean over {len(rows)} sets", bar)
        yield Figure(f"{kind}.plain_KMeans", float(rows["plain"].mean()), f"mean over {len(rows)} sets")


def _numbers(frame: pd.DataFrame) -> Iterator[Figure]:
    for kind, rows in frame.groupby("kind"):
        right = float((rows["found"] == rows["true"]).mean())
        yield Figure(f"{kind}.number_right", right, f"share of {len(rows)} sets")
    structured, loose = frame[frame["true"] > 1], frame[frame["true"] == 1]
    right = float((structured["found"] == structured["true"]).mean())
    yield Figure("number_right", right, f"share of {len(structured)} sets with structure", ">= 0.9")
    none = float((loose["found"] <= 1).mean())
    yield Figure("no_structure_said", none, f"share of {len(loose)} sets without", ">= 0.9")
    missed = float((structured["found"] <= 1).mean())
    yield Figure("structure_missed", missed, f"share of {len(structured)} sets with structure", "<= 0.05")


if __name__ == "__main__":
    sys.exit(main())
