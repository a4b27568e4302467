"""The online store's schema over time."""

from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from serving.migrations import HEAD
from serving.store import Store
from serving.store_tables import TABLES

MIGRATIONS = Path(__file__).parents[2] / "serving" / "migrations"


def _head() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()


def test_the_newest_revision_is_the_one_that_stores_are_brought_to() -> None:
    assert _head() == HEAD


def test_revisions_lead_to_the_tables_as_they_are_declared(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'online.db'}")
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), TABLES) == []


def test_a_store_from_before_there_were_revisions_keeps_its_rows(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'online.db'}"
    with sa.create_engine(url).begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE feature_rows (account_id VARCHAR(256) PRIMARY KEY, as_of VARCHAR(32), row TEXT NOT NULL)"
        )
        connection.exec_driver_sql("CREATE TABLE published_rows (fingerprint VARCHAR(64) PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO feature_rows VALUES ('A-1', NULL, '{\"seats\": 3}')")
    assert Store(url).rows(["A-1"])["A-1"].values == {"seats": 3}


def test_a_store_is_opened_again_and_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'online.db'}"
    assert [Store(url).fingerprint() for _ in range(3)] == [None] * 3
