"""Where the command finds what the service uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.config import Settings
    from serving.dashboard.board import Board
    from serving.store import Store


def open_store(settings: Settings) -> Store:
    """Return the online store, brought up to the newest schema.

    Raises
    ------
    DataError
        When it does not answer.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from features.errors import DataError
    from serving.settings import store_url
    from serving.store import Store

    try:
        return Store(store_url(settings))
    except SQLAlchemyError as problem:
        # Not the URL: it may hold a password.
        why = str(getattr(problem, "orig", problem)).splitlines()[0]
        raise DataError.of(
            f"an online store that does not answer ({why})", "one that does", "see PERENNIAL_STORE"
        ) from None


def open_board(settings: Settings) -> Board:
    """Return what pages are made from: the champion, and the online store.

    Raises
    ------
    ConfigError, ReleaseError, DataError
        When nothing was promoted, the champion is damaged, or the store does not answer.
    """
    from features.errors import ConfigError
    from pipelines.release import read_champion
    from serving.actions import KeptActions
    from serving.dashboard.board import Board

    release = read_champion(settings.releases_folder)
    if release is None:
        raise ConfigError.of("no release that was promoted", "one", "run `perennial promote VERSION`")
    suggested = KeptActions(settings.state_folder / "actions")
    return Board(release, open_store(settings), settings.releases_folder, actions=suggested)
