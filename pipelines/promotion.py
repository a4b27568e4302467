"""Which release serves: promote one, or go back to the one before."""

from __future__ import annotations

from datetime import UTC, datetime

from features.errors import GateRefused, ReleaseError
from pipelines.config import Settings
from pipelines.manifest import Manifest, read_manifest
from pipelines.pointer import read_pointer, write_pointer
from pipelines.registry import exported, mark_champion
from pipelines.release import copy_release, read_release

KEPT_HISTORY = 20


def promote(settings: Settings, version: str) -> Manifest:
    """Make a registered release the champion: export it, read it once as the service will, then move the pointer.

    Raises
    ------
    GateRefused
        when the release does not beat its baselines; the pointer stays.
    ReleaseError
        when no such release is registered, or its files are damaged.
    """
    releases = settings.releases_folder
    with exported(settings, version) as folder:
        manifest = read_manifest(folder)
        if not manifest.gate.passed:
            why = " ".join(manifest.gate.refused_for)
            do = "bring better data and train again"
            raise GateRefused.of(f"release {version}, which the gate refused. {why}", "one that it passed", do)
        copy_release(folder, releases / version)
    read_release(releases / version)
    before = _champions(settings)
    _point(settings, version, [name for name in before if name != version])
    return manifest


def _champions(settings: Settings) -> list[str]:
    """Every champion so far, the latest last; none where the pointer cannot be read, which promotion mends."""
    try:
        pointer = read_pointer(settings.releases_folder)
    except ReleaseError:
        return []
    return [] if pointer is None else [*pointer["previous"], pointer["version"]]


def rollback(settings: Settings) -> Manifest:
    """Make the release that served before the champion again.

    Raises
    ------
    ReleaseError
        when there is none, or its files are damaged; the pointer stays.
    """
    releases = settings.releases_folder
    pointer = read_pointer(releases)
    if pointer is None or not pointer["previous"]:
        raise ReleaseError.of("no earlier champion", "one to go back to", "promote a release by name")
    *before, version = pointer["previous"]
    manifest = read_release(releases / version).manifest
    _point(settings, version, before)
    return manifest


def _point(settings: Settings, version: str, previous: list[str]) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    write_pointer(settings.releases_folder, version=version, previous=previous[-KEPT_HISTORY:], promoted=now)
    mark_champion(settings, version)
