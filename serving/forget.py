"""An account forgotten: erased wherever the project keeps it, kept from coming back, and told where it cannot be."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from features.panel_files import PanelFiles
from pipelines.actions.ledger import FOLDER as EXPERIMENTS
from pipelines.config import Settings
from pipelines.engine import KEPT
from pipelines.explain_actions import KEPT as ACTIONS
from pipelines.monitoring.served import FOLDER as SERVED
from pipelines.score import PUBLISHED
from serving.forget_files import erase_from_release, erase_rows, files_naming
from serving.forget_store import erase_from_store, wipe
from serving.store import Store

REJECTS = "rejects.csv"


@dataclass(frozen=True)
class Forgotten:
    """What forgetting came to.

    Attributes
    ----------
    erased
        places from which something was taken, with what.
    remains
        places that are beyond reach, each with what to do there.
    """

    erased: tuple[str, ...]
    remains: tuple[str, ...]


def forget(settings: Settings, store: Store, account_id: str, now: float, also: Sequence[Path] = ()) -> Forgotten:
    """Erase an account from the online store, the state folder, the releases, and files that the user names.

    What cannot be erased piece by piece and is computed again anyway (the kept panel and its log) is removed whole.

    Raises
    ------
    DataError
        When another run is at work in the kept panel, or a file that was named cannot be read.
    """
    state, releases = settings.state_folder, settings.releases_folder
    erased = [f"online store, {name}: {n} rows" for name, n in erase_from_store(store, account_id, now).items()]
    erased += _erased_rows(account_id, [*_own_files(state), *also])
    erased += _removed_panel(state / KEPT)
    for folder in sorted(path.parent for path in releases.glob("*/manifest.json")):
        if n := erase_from_release(folder, account_id):
            told = f"no longer named in {n} files; a service that runs says so until its next start"
            erased.append(f"release {folder.name}: {told}")
    return Forgotten(tuple(erased), tuple(_remains(settings, store, account_id)))


def _own_files(state: Path) -> list[Path]:
    files = [state / PUBLISHED, state / REJECTS]
    files += [path for folder in (SERVED, ACTIONS, EXPERIMENTS) for path in sorted((state / folder).glob("*.parquet"))]
    return [path for path in files if path.is_file()]


def _erased_rows(account_id: str, files: Sequence[Path]) -> Iterator[str]:
    for path in files:
        if n := erase_rows(path, account_id):
            yield f"{path.name}: {n} rows"


def _removed_panel(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    with PanelFiles(folder).alone():
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != ".lock":
                path.unlink()
    return ["the kept panel and its log: removed whole; the next run computes them again from your tables"]


def _remains(settings: Settings, store: Store, account_id: str) -> Iterator[str]:
    if beyond := wipe(store):
        yield beyond
    tables = ", ".join(settings.tables) or "none"
    where = _plain(settings.sources.location)
    yield f"your own tables ({tables}) in {where}: remove it there, or the next run reads it again"
    yield "files of your own (scores, exports, reports) and what a CRM was sent: name files with --also"
    yield "models that learnt from it: no row of it is in them, but it shaped them; train again, then promote"
    for folder in (settings.state_folder, settings.releases_folder):
        for path in _named(folder, account_id):
            yield f"{path}: names it still, as artifacts of old runs do; delete that run in MLflow, or the file"
    if uri := settings.mlflow.tracking_uri:
        yield f"runs in MLflow at {_plain(uri)}: releases there name typical accounts; delete the runs of old ones"


def _plain(location: str) -> str:
    """A location without the password that it may have."""
    scheme, mark, rest = location.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else location


def _named(folder: Path, account_id: str) -> list[Path]:
    return list(files_naming(folder, account_id)) if folder.is_dir() else []
