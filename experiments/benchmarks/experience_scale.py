"""What the experience programme finds in public data that hold nothing, and how long it takes on a large company."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.benchmarks.child import measured
from experiments.benchmarks.report import Figure
from experiments.company import write_company
from experiments.datasets import RAVENSTACK
from pipelines.config import Settings, settings_from
from pipelines.experience.found import Found
from pipelines.explain_programme import explain_programme

SOUGHT = ("associated", "caused")
"""What would be a discovery: a figure that goes along with another, or causes it."""


def public_figures(data: Path) -> Iterator[Figure]:
    """Yield what is found in RavenStack, whose churn is noise: nothing may be."""
    with tempfile.TemporaryDirectory() as home:
        found = told(RAVENSTACK.configured(data, Path(home)))
    discoveries = [one for one in found if one.verdict == "found" and one.basis in SOUGHT]
    yield Figure("ravenstack.discoveries", len(discoveries), f"of {len(found)} figures", "== 0")
    failed = sum("could not be computed" in one.sentence for one in found)
    yield Figure("ravenstack.failed", failed, f"of {len(found)} figures", "== 0")
    refused = sum(one.verdict == "refused" for one in found)
    yield Figure("ravenstack.refused", refused, f"of {len(found)} figures")


def scale_figures(n_accounts: int) -> Iterator[Figure]:
    """Yield seconds and memory of the whole programme on a simulated company, reading included."""
    with tempfile.TemporaryDirectory() as home:
        folder = write_company(Path(home) / "tables", n_accounts, years=3, seed=1)
        ran = measured("experiments.benchmarks.experience_scale:whole", folder)
    yield Figure("scale.seconds", ran.seconds, f"s for {n_accounts:,} accounts on two cores", "<= 300")
    yield Figure("scale.memory", ran.gigabytes, "GB at most", "<= 6")
    yield Figure("scale.figures", float(ran.answer), "figures")


def whole(folder: str) -> int:
    """Return how many figures the programme tells of a folder of Parquet files."""
    tables: dict[str, Any] = {
        path.stem: {"source": path.name} for path in sorted(Path(folder).glob("*.parquet")) if path.stem != "truth"
    }
    said = {"data": {"location": folder}, "tables": tables, "churn": {"definition": "subscription"}}
    return len(told(settings_from(said, Path(folder).parent)))


def told(settings: Settings) -> list[Found]:
    """Return every figure of the programme; the tables are opened and read once."""
    return [one for _, part in explain_programme(settings, None, _quiet).parts() for one in part.found]


def _quiet(doing: str) -> None:
    """Nothing is said while it runs."""
