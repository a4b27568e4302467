"""The release: everything one training run made, as one immutable versioned folder."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import TypeAdapter

from features.errors import ReleaseError
from pipelines.churn.curve import RetentionCurve
from pipelines.churn.encoder import Columns, FloatArray
from pipelines.churn.model import ChurnModel, Usual
from pipelines.churn.ranking import Ranking
from pipelines.churn.uncertainty import Interval90, Uncertainty
from pipelines.experience.told import Programme
from pipelines.manifest import FORMAT, Manifest, read_manifest
from pipelines.outlook import Outlook, outlook
from pipelines.peers import peers_of
from pipelines.pointer import read_pointer
from pipelines.probe import Probe
from pipelines.segmentation import Segmentation
from pipelines.segmentation.comparison import Comparison
from pipelines.segmentation.portrait import Portrait
from pipelines.whole_folder import whole_or_not

if TYPE_CHECKING:
    import pandas as pd

DRIVERS = "drivers.parquet"
WHAT_IF = "whatif.parquet"
RANKING = "ranking.json"
BASES = ("firmographic", "behavioural", "needs")
PORTRAIT: TypeAdapter[Portrait] = TypeAdapter(Portrait)
RANKED: TypeAdapter[Ranking] = TypeAdapter(Ranking)
COMPARISONS: TypeAdapter[tuple[Comparison, ...]] = TypeAdapter(tuple[Comparison, ...])


def _nothing_found() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame()


@dataclass(frozen=True)
class Release:
    """A release in memory.

    Attributes
    ----------
    uncertainty
        how sure its probabilities are.
    segmentations, portraits
        by name: what places accounts, and what is told of it to people.
    drivers
        what is found of each driver, one row a figure, empty where nothing is.
    what_if
        what a few better levels of each cause would save, one row a figure.
    ranking
        what predictions rest on, feature by feature.
    comparisons
        which segmentation tells most of which outcome.
    peers
        by id of a firmographic segment, what is usual in it.
    curve
        how long accounts stay; None where it cannot be told, as in data without dates.
    probe
        what it said of made-up accounts where it was made; None before it is written.
    programme
        what was found of experience, value and journeys.
    """

    manifest: Manifest
    churn: ChurnModel
    uncertainty: Uncertainty
    segmentations: Mapping[str, Segmentation]
    drivers: pd.DataFrame = field(default_factory=_nothing_found)
    what_if: pd.DataFrame = field(default_factory=_nothing_found)
    ranking: Ranking = field(default_factory=Ranking)
    portraits: Mapping[str, Portrait] = field(default_factory=dict)
    comparisons: tuple[Comparison, ...] = ()
    peers: Mapping[str, Usual] = field(default_factory=dict)
    curve: RetentionCurve | None = None
    probe: Probe | None = None
    programme: Programme = field(default_factory=Programme)

    def peers_of(self, columns: Columns) -> list[Usual] | None:
        """What is usual in the segment of each account; None where there are no segments."""
        return peers_of(self.segmentations, self.peers, columns)

    def interval(self, columns: Columns, churn_prob: FloatArray) -> Interval90:
        """The 90 % intervals of probabilities that were predicted."""
        return self.uncertainty.interval(self.churn.encoder.transform(columns), churn_prob)

    def outlook(self, columns: Columns, churn_prob: FloatArray) -> Outlook | None:
        """What lies ahead of accounts whose churn was predicted; None where that cannot be told."""
        if self.curve is None:
            return None
        return outlook(self.curve, columns, churn_prob, self.manifest.horizon_days, self.manifest.terms)

    def tier(self, churn_prob: float) -> Literal["high", "medium", "low"]:
        """What a probability is called."""
        limits = self.manifest.tiers
        if churn_prob >= limits.high_prob:
            return "high"
        return "medium" if churn_prob >= limits.medium_prob else "low"

    def percentile(self, churn_prob: FloatArray) -> FloatArray:
        """Share of accounts, in percent, whose risk was at most this when the release was made."""
        return np.searchsorted(self.manifest.score_quantiles, churn_prob, side="right") / 101 * 100


@dataclass(frozen=True)
class Papers:
    """What of a release is for people and for the watch over drift, not for scoring."""

    card: str
    reference: pd.DataFrame
    figures: Mapping[str, bytes]


def write_release(release: Release, papers: Papers, folder: Path) -> Manifest:
    """Write a release into a folder that does not exist yet: whole, or not at all."""

    def fill(staging: Path) -> None:
        release.churn.save(staging)
        release.uncertainty.save(staging)
        Probe.of(release.churn, release.uncertainty).save(staging)
        if release.curve:
            release.curve.save(staging)
        (staging / "segments").mkdir()
        for name, segmentation in release.segmentations.items():
            portrait = asdict(release.portraits.get(name, Portrait()))
            _write_json(staging / "segments" / f"{name}.json", {**segmentation.to_json(), "portrait": portrait})
        _write_json(
            staging / "segments" / "usual.json", {segment: dict(usual) for segment, usual in release.peers.items()}
        )
        _write_json(staging / "segments" / "comparison.json", [asdict(one) for one in release.comparisons])
        release.programme.save(staging)
        release.drivers.to_parquet(staging / DRIVERS, index=False)
        release.what_if.to_parquet(staging / WHAT_IF, index=False)
        _write_json(staging / RANKING, asdict(release.ranking))
        papers.reference.to_parquet(staging / "reference.parquet", index=False)
        (staging / "card.md").write_text(papers.card, encoding="utf-8")
        (staging / "figures").mkdir()
        for name, png in papers.figures.items():
            (staging / "figures" / f"{name}.png").write_bytes(png)
        manifest = release.manifest.model_copy(update={"files": checksums(staging)})
        _write_json(staging / "manifest.json", manifest.model_dump(mode="json"))

    whole_or_not(folder, fill)
    return read_manifest(folder)


def copy_release(source: Path, folder: Path) -> Manifest:
    """Copy a release to where it will serve from, verified before it is there; a sound one that is there stays."""
    manifest = verify(source)
    if folder.exists() and not _is_sound(folder):
        aside = Path(tempfile.mkdtemp(prefix=".damaged-", dir=folder.parent))
        folder.rename(aside / folder.name)
        shutil.rmtree(aside)
    if not folder.exists():
        whole_or_not(folder, lambda staging: shutil.copytree(source, staging, dirs_exist_ok=True))
    return manifest


def _is_sound(folder: Path) -> bool:
    try:
        verify(folder)
    except ReleaseError:
        return False
    return True


def read_release(folder: Path, breathe: Callable[[], object] = lambda: None) -> Release:
    """Return the release of a folder, every file verified against its checksum.

    Parameters
    ----------
    breathe
        called between any two parts, a few milliseconds each: whoever is to be answered meanwhile gets a turn.

    Raises
    ------
    ReleaseError
        when a file is absent, damaged, or of a form this version does not read.
    """
    manifest = verify(folder)
    read: dict[str, Any] = {}
    for name, part in _PARTS.items():
        breathe()
        read[name] = part(folder)
    breathe()
    curve = RetentionCurve.load(folder, read["churn"].encoder)
    saved = read.pop("saved")
    segmentations = {name: Segmentation.from_json(said) for name, said in saved.items()}
    breathe()
    portraits = {name: PORTRAIT.validate_python(said["portrait"]) for name, said in saved.items()}
    return Release(manifest, segmentations=segmentations, portraits=portraits, curve=curve, **read)


def read_champion(releases: Path) -> Release | None:
    """Return the release that the pointer in this folder names, None where nothing was promoted yet.

    Raises
    ------
    ReleaseError
        as `read_release` and `read_pointer`.
    """
    pointer = read_pointer(releases)
    return None if pointer is None else read_release(releases / pointer["version"])


def _read_table(path: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(path)


def _read_segments(folder: Path, name: str) -> Any:
    return json.loads((folder / "segments" / f"{name}.json").read_bytes())


_PARTS: Mapping[str, Callable[[Path], Any]] = {
    "churn": ChurnModel.load,
    "uncertainty": Uncertainty.load,
    "saved": lambda folder: {name: _read_segments(folder, name) for name in BASES},
    "drivers": lambda folder: _read_table(folder / DRIVERS),
    "what_if": lambda folder: _read_table(folder / WHAT_IF),
    "ranking": lambda folder: RANKED.validate_json((folder / RANKING).read_bytes()),
    "comparisons": lambda folder: COMPARISONS.validate_python(_read_segments(folder, "comparison")),
    "peers": lambda folder: _read_segments(folder, "usual"),
    "probe": Probe.load,
    "programme": Programme.load,
}
"""What is read of a release, each from files of its own."""


def verify(folder: Path) -> Manifest:
    """Return the manifest once every file is there and as it was written."""
    manifest = read_manifest(folder)
    if manifest.format != FORMAT:
        came = f"a release of format {manifest.format}"
        raise ReleaseError.of(came, f"format {FORMAT}", "serve it with the version that made it, or train again")
    found = checksums(folder)
    absent = sorted(set(manifest.files) - set(found))
    damaged = sorted(name for name in manifest.files if name in found and found[name] != manifest.files[name])
    if absent or damaged:
        came = f"release {manifest.version} with files absent {absent} or changed {damaged}"
        raise ReleaseError.of(came, "files as their checksums say", "promote it again or roll back")
    return manifest


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file but the manifest, by path inside the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _write_json(path: Path, said: Any) -> None:
    path.write_text(json.dumps(said, indent=1, allow_nan=False, ensure_ascii=False), encoding="utf-8")
