"""How the online store's schema came to be, one revision a file, and how a store is brought up to the newest."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

HEAD = "0002"
"""The newest revision. A store that is at it needs no Alembic, which a starting service would rather not import."""
VERSION_TABLE = "alembic_version"


def migrate(connection: Connection) -> None:
    """Bring the schema up to the newest revision, in the transaction of a connection that no other writer shares."""
    if _revision(connection) == HEAD:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608  # a constant
    return found
