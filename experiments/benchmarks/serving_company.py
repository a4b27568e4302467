"""A company for the benchmark of the service: simulated, learnt from, promoted, scored, and in the online store."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from experiments.benchmarks.serving_freshness import known_accounts
from experiments.benchmarks.serving_release import promote_quick_release
from experiments.company import write_company
from pipelines.config import read_settings
from pipelines.pointer import read_pointer, write_pointer
from pipelines.registry import newest_release

YEARS, SEED = 2, 7


@dataclass(frozen=True)
class Served:
    """Where a company lies, and who its accounts are.

    Attributes
    ----------
    versions
        two releases that predict the same under two names: what is measured is the swap, not the model.
    """

    folder: Path
    account_ids: tuple[str, ...]
    versions: tuple[str, str]

    @property
    def releases(self) -> Path:
        """The folder of releases and pointer."""
        return self.folder / "releases"

    def environment(self, store: str | None = None) -> dict[str, str]:
        """Return what a service of this company is told; keys are off, which only loopback allows."""
        state = self.folder / ".perennial"
        return {
            "PERENNIAL_RELEASES": str(self.releases),
            "PERENNIAL_ROWS": str(state / "rows.parquet"),
            "PERENNIAL_STORE": store or f"sqlite:///{state / 'online.db'}",
            "PERENNIAL_AUTH": "off",
            "PERENNIAL_POLL_SECONDS": "0.2",
            "BENTOML_DO_NOT_TRACK": "True",
            "BENTOML_HOME": str(self.folder / "bentoml"),
        }

    def point(self, version: str) -> None:
        """Make a release the champion."""
        write_pointer(self.releases, version=version, previous=[], promoted="2026-01-01T00:00:00Z")


def make_company(folder: Path, n_accounts: int, *, quick: bool = False) -> Served:
    """Return a company with a champion, its rows published and its scores stored; one that was made there is found.

    `quick`: by a release made in seconds, with the same features but without search and segments; nothing published.
    """
    config, made = folder / "perennial.toml", folder / "served.json"
    if made.exists():
        said = json.loads(made.read_text("utf-8"))
        return Served(folder, tuple(said["account_ids"]), tuple(said["versions"]))
    write_company(folder / "tables", n_accounts=n_accounts, years=YEARS, seed=SEED)
    _perennial("init", str(folder / "tables"), "--config", str(config))
    version = promote_quick_release(read_settings(config)) if quick else _trained(folder)
    if not quick:
        _perennial("score", "--out", str(folder / "scores.parquet"), "--config", str(config))
    _perennial("materialize", "--config", str(config))
    account_ids = known_accounts(f"sqlite:///{folder / '.perennial' / 'online.db'}")
    served = Served(folder, tuple(account_ids), (version, _twin(folder / "releases", version)))
    made.write_text(json.dumps({"account_ids": served.account_ids, "versions": served.versions}), encoding="utf-8")
    return served


def _trained(folder: Path) -> str:
    config = folder / "perennial.toml"
    # The gate may refuse so small a company: what is served is beside the question.
    _perennial("train", "--config", str(config), may_refuse=True)
    version = newest_release(read_settings(config))
    _promote(folder, version)
    return version


def _promote(folder: Path, version: str) -> None:
    from pipelines.registry import exported
    from pipelines.release import copy_release

    with exported(read_settings(folder / "perennial.toml"), version) as source:
        copy_release(source, folder / "releases" / version)
    write_pointer(folder / "releases", version=version, previous=[], promoted="2026-01-01T00:00:00Z")
    assert read_pointer(folder / "releases")  # noqa: S101


def _twin(releases: Path, version: str) -> str:
    """Return the name of a copy of a release."""
    twin = f"{version}-twin"
    shutil.copytree(releases / version, releases / twin)
    manifest = releases / twin / "manifest.json"
    said = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps({**said, "version": twin}), encoding="utf-8")
    return twin


def _perennial(*words: str, may_refuse: bool = False) -> None:
    command = [sys.executable, "-m", "serving.cli", *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode and not (may_refuse and ran.returncode == 1):
        raise RuntimeError(f"perennial {' '.join(words)} failed:\n{ran.stderr[-2000:]}")
