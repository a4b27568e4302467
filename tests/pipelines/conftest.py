"""A small project with two trained releases, made once: flat data in which trees see what a regression cannot."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.cli import main

N = 1200


def observations(seed: int = 0, n: int = N) -> pd.DataFrame:
    """Churn when two signs agree, and more so on one plan: an interaction that no single column shows."""
    rng = np.random.default_rng(seed)
    use, calls = rng.normal(size=n), rng.normal(size=n)
    plan = rng.choice(["free", "pro", "team"], n)
    log_odds = 2.2 * np.sign(use * calls) - 1.2 + 0.8 * (plan == "free")
    churned = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    frame = pd.DataFrame({"account_id": [f"a{i:04}" for i in range(n)], "use": use.round(4), "calls": calls.round(4)})
    return frame.assign(plan=plan, seats=rng.integers(1, 50, n), churned=np.where(churned, "yes", "no"))


@dataclass(frozen=True)
class Project:
    """A folder with data, settings, and what training made of them."""

    folder: Path
    versions: tuple[str, ...]

    @property
    def config(self) -> str:
        return str(self.folder / "perennial.toml")

    def run(self, *argv: str) -> int:
        return main([*argv, "--config", self.config])


def write_project(folder: Path, rows: pd.DataFrame) -> Project:
    (folder / "tables").mkdir(parents=True)
    rows.to_csv(folder / "tables" / "observations.csv", index=False)
    text = '[data]\nlocation = "tables"\n[churn]\ndefinition = "labelled"\n[model]\nfolds = 3\ntrials = 3\n'
    (folder / "perennial.toml").write_text(text + '[tables.observations]\nsource = "observations.csv"\n')
    return Project(folder, ())


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    return observations()


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[[pd.DataFrame], Project]:
    """A function that lays a project with these observations."""
    return lambda rows: write_project(tmp_path / "made", rows)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two releases, trained with different seeds; not to be changed by a test."""
    from pipelines.config import read_settings
    from pipelines.registry import newest_release

    project = write_project(tmp_path_factory.mktemp("trained"), observations())
    versions = []
    for seed in (0, 1):
        text = Path(project.config).read_text()
        Path(project.config).write_text(text.replace("folds = 3\n", f"folds = 3\nseed = {seed}\n") if seed else text)
        assert project.run("train") == 0
        versions.append(newest_release(read_settings(Path(project.config))))
    return Project(project.folder, tuple(versions))


@pytest.fixture
def project(trained: Project, tmp_path: Path) -> Project:
    """A copy of the trained project that a test may do with as it likes."""
    folder = tmp_path / "project"
    shutil.copytree(trained.folder, folder)
    # MLflow keeps absolute places: the copy's store points at the original's artifacts, which nobody changes.
    return Project(folder, trained.versions)
