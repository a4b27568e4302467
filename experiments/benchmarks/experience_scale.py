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
from pipelines.explain_engagement import explain_engagement
from pipelines.explain_experience import explain_experience
from pipelines.explain_journeys import explain_journeys
from pipelines.explain_value import explain_value

SOUGHT = ("associated", "caused")
"""What would be a discovery: a figure that goes along with another, or causes it."""


def public_figures(data: Path) -> Iterator[Figure]:
    """Yield what is found in RavenStack, whose churn is noise: nothing may be."""
    with tempfile.TemporaryDirectory() as home:
        found = told(RAVENSTACK.configured(data, Path(home)))
    discoveries = [one for one in found if one.verdict == "found" and one.basis in SOUGHT]
    yield Figure("ravenstack.discoveries", len(discoveries), f"of {len(found)} figures", "== 0")
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
    """Return every figure of the four verbs."""
    experience = explain_experience(settings, None, _quiet).found
    value = explain_value(settings, None, _quiet).found
    journeys = explain_journeys(settings, None, _quiet).journeys.found
    return [*experience, *value, *journeys, *explain_engagement(settings, None, _quiet).engaged.found]


def _quiet(doing: str) -> None:
    """Nothing is said while it runs."""
