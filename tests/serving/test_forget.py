"""An account forgotten: nothing that the project keeps has its name, but where it says so."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from experiments.benchmarks.postgres_server import make_database
from features.errors import DataError
from features.plain_rows import packed, row_text, unpacked
from pipelines.config import read_settings
from pipelines.monitoring.served import keep_scores
from pipelines.release import read_release, verify
from serving.cli import main
from serving.event_payloads import EventsRequest
from serving.fillings import fill as fill_store
from serving.forget import forget
from serving.forget_files import files_naming
from serving.ingest import Ingest
from serving.live_rows import LiveRow, write_live_rows
from serving.published import load_rows
from serving.scores import Score, write_scores
from serving.store import Store
from serving.store_tables import ACCOUNTS, FEATURE_ROWS, HISTORIES, LISTED, LIVE_ROWS, SCORES, WEBHOOKS
from serving.tombstones import allow_again, tombstones_of
from serving.webhooks import announce

GONE, STAYS = "Zoë-0007", "Zoë-00071"
TABLES = (FEATURE_ROWS, SCORES, LISTED, HISTORIES, LIVE_ROWS, ACCOUNTS, WEBHOOKS)
KNOWN = {"batch": 1, "version": 1, "refresh_at": 0.0, "claimed_until": 0.0}


CHILD = {"account_id": "C-1", "parent_account_id": GONE, "plan": "pro"}


def live_row(table: str, account_id: str, row: dict) -> LiveRow:
    return LiveRow(table, f"k-{account_id}", account_id, row_text(row))


def fill(store: Store) -> None:
    """Both accounts in every table, and a child of the one to be forgotten."""
    with store.alone() as connection:
        for account_id in (GONE, STAYS):
            connection.execute(FEATURE_ROWS.insert(), {"account_id": account_id, "row": json.dumps({"seats": 1})})
            own = {"account_id": account_id}
            connection.execute(HISTORIES.insert(), {**own, "rows": packed({"accounts": [own]})})
            connection.execute(ACCOUNTS.insert(), {**own, **KNOWN})
            write_live_rows(connection, [(live_row("accounts", account_id, own), 1)], 1.0)
            write_live_rows(
                connection, [(live_row("cases", account_id, {**own, "case_id": f"k-{account_id}"}), 1)], 1.0
            )
            scores = [
                Score(account_id, "v1", f"2026-01-3{n}", float(n), 0.1, tier, None, *[json.dumps(own)] * 2)
                for n, tier in enumerate(("low", "high"))
            ]
            write_scores(connection, scores[1:])
            announce(connection, *scores)
        connection.execute(ACCOUNTS.insert(), {"account_id": "C-1", "parent_account_id": GONE, **KNOWN})
        connection.execute(HISTORIES.insert(), {"account_id": "C-1", "rows": packed({"accounts": [CHILD]})})
        write_live_rows(connection, [(live_row("accounts", "C-1", CHILD), 1)], 1.0)


def held(store: Store, account_id: str) -> list[str]:
    with store.engine.connect() as connection:
        return [
            table.name
            for table in TABLES
            if connection.execute(sa.select(table).where(table.c.account_id == account_id)).first()
        ]


@pytest.fixture
def home(make_company: Any, tmp_path: Path) -> Path:
    """A project with everything that it may keep of an account."""
    company = make_company()
    (tmp_path / "perennial.toml").write_text('[tables.accounts]\nsource = "accounts.csv"\n', encoding="utf-8")
    shutil.copytree(company.releases_folder, tmp_path / "releases")
    for path in (tmp_path / "releases").glob("*/segments/firmographic.json"):
        said = json.loads(path.read_text("utf-8"))
        said["portrait"]["profiles"] = [{"id": "s", "traits": [], "outcomes": [], "typical": [STAYS, GONE]}]
        path.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    for path in (tmp_path / "releases").glob("*/experience.json"):
        said = json.loads(path.read_text("utf-8"))
        (own,) = [one for one in said["found"] if one["topic"] == "key accounts"]
        said["found"] += [own | {"group": f"periodic / {account_id}"} for account_id in (GONE, STAYS)]
        path.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    state = tmp_path / ".perennial"
    (state / "panel" / "log").mkdir(parents=True)
    (state / "panel" / "log" / "codes.json").write_text(json.dumps({"accounts": [GONE]}))
    scores = pd.DataFrame({"account_id": [GONE, STAYS], "as_of": pd.Timestamp("2026-01-31"), "release": "v1"})
    scores["churn_prob"] = 0.5
    scores.to_parquet(state / "rows.parquet", index=False)
    keep_scores(scores, state)
    for folder in ("actions", "experiments"):
        (state / folder).mkdir()
        scores.to_parquet(state / folder / f"of_{folder}.parquet", index=False)
    (state / "rejects.csv").write_text(f"table,key,came\naccounts,{GONE},x\naccounts,{STAYS},x\n", encoding="utf-8")
    scores.to_csv(tmp_path / "mine.csv", index=False)
    return tmp_path


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{home / '.perennial' / 'online.db'}")
    fill(made)
    yield made
    made.engine.dispose()


def words(path: Path) -> bytes:
    """What a file says, unpacked."""
    if path.suffix == ".parquet":
        return json.dumps(pq.read_table(path).to_pydict(), default=str, ensure_ascii=False).encode()
    return path.read_bytes()


def _in_ascii(name: str) -> bytes:
    return json.dumps(name)[1:-1].encode()


def naming(folder: Path) -> list[str]:
    """The files that say the id of who is gone, plainly or in ASCII; an id that only begins so is another's."""
    plain, in_ascii = ([form(name) for name in (GONE, STAYS)] for form in (str.encode, _in_ascii))
    pairs = [plain, in_ascii]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted({path.name for path in files for gone, stays in pairs if gone in words(path).replace(stays, b"")})


def test_a_forgotten_account_is_nowhere_in_what_the_project_keeps(home: Path, store: Store) -> None:
    assert len(naming(home)) == 10
    settings = read_settings(home / "perennial.toml")
    found = forget(settings, store, GONE, time.time(), [home / "mine.csv"])
    store.close()
    assert naming(home) == []
    told = "\n".join(found.erased)
    places = ("feature_rows", "scores", "listed", "histories", "live_rows", "accounts", "webhooks")
    files = ("rows.parquet", "by-v1.parquet", "rejects.csv", "mine.csv", "kept panel", "release 2026-01-31-a")
    for place in (*places, "as a parent", *files):
        assert place in told
    assert "accounts" in "\n".join(found.remains)


def test_all_others_stay(home: Path, store: Store) -> None:
    forget(read_settings(home / "perennial.toml"), store, GONE, time.time())
    assert held(store, STAYS) == [table.name for table in TABLES]
    assert held(store, GONE) == []
    assert list(pd.read_parquet(home / ".perennial" / "rows.parquet")["account_id"]) == [STAYS]
    with store.engine.connect() as connection:
        (live,) = connection.execute(sa.select(LIVE_ROWS).where(LIVE_ROWS.c.account_id == "C-1"))
        history = connection.scalar(sa.select(HISTORIES.c.rows).where(HISTORIES.c.account_id == "C-1"))
        (child,) = connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.account_id == "C-1"))
    left = {"account_id": "C-1", "plan": "pro"}
    assert (json.loads(live.row), unpacked(history or b"")["accounts"]) == (left, [left])
    assert (child.parent_account_id, child.version, live.version) == (None, 2, 2)


def test_a_release_that_named_it_still_verifies(home: Path, store: Store) -> None:
    forget(read_settings(home / "perennial.toml"), store, GONE, time.time())
    folder = home / "releases" / "2026-01-31-a"
    assert verify(folder).version == "2026-01-31-a"
    said = json.loads((folder / "segments" / "firmographic.json").read_text("utf-8"))
    assert said["portrait"]["profiles"][0]["typical"] == [STAYS]
    assert read_release(home / "releases" / "2026-01-31-b")


def test_an_old_artifact_that_names_it_is_named(home: Path, store: Store) -> None:
    artifact = home / ".perennial" / "artifacts" / "1" / "segments" / "needs.json"
    artifact.parent.mkdir(parents=True)
    artifact.write_text(json.dumps({"typical": [GONE]}))
    found = forget(read_settings(home / "perennial.toml"), store, GONE, time.time())
    assert [place for place in found.remains if str(artifact) in place]
    store.close()
    assert naming(home / ".perennial") == ["needs.json"]


def test_it_does_not_come_back_until_that_is_asked_for(home: Path, store: Store) -> None:
    rows = pd.DataFrame({"account_id": [GONE, STAYS], "seats": [1.0, 2.0]})
    rows.to_parquet(home / "again.parquet", index=False)
    forget(read_settings(home / "perennial.toml"), store, GONE, time.time())
    load_rows(home / "again.parquet", store)
    assert set(store.rows([GONE, STAYS])) == {STAYS}
    assert allow_again(store, GONE)
    assert not allow_again(store, GONE)
    rows.assign(seats=3.0).to_parquet(home / "again.parquet", index=False)
    load_rows(home / "again.parquet", store)
    assert set(store.rows([GONE, STAYS])) == {GONE, STAYS}


def test_forgetting_twice_is_forgetting_once(home: Path, store: Store) -> None:
    settings = read_settings(home / "perennial.toml")
    forget(settings, store, GONE, 1.0)
    assert forget(settings, store, GONE, 2.0).erased == (
        "the kept panel and its log: removed whole; the next run computes them again from your tables",
    )
    assert tombstones_of(store).among([GONE, STAYS]) == {GONE}


def test_in_postgresql_too_nothing_is_left_of_it(home: Path, postgres: str) -> None:
    store = Store(make_database(postgres, "forgetting"))
    fill(store)
    found = forget(read_settings(home / "perennial.toml"), store, GONE, time.time())
    assert held(store, GONE) == []
    assert held(store, STAYS) == [table.name for table in TABLES]
    assert any("write-ahead log" in place for place in found.remains)
    store.close()


@pytest.mark.parametrize("named", ["account_id", "parent_account_id"])
def test_an_event_does_not_bring_it_back(home: Path, store: Store, named: str) -> None:
    forget(read_settings(home / "perennial.toml"), store, GONE, 1.0)
    row = {"account_id": "C-2", named: GONE}
    asked = EventsRequest(table="accounts", rows=[row, {"account_id": "C-3"}])
    taken = Ingest(store).take(asked)
    assert [result.status for result in taken.results] == ["rejected", "accepted"]
    assert "got an account that was forgotten" in taken.results[0].problems[0].problem
    assert held(store, GONE) == []


def test_filling_from_tables_does_not_bring_it_back(home: Path, store: Store) -> None:
    forget(read_settings(home / "perennial.toml"), store, GONE, 1.0)
    fill_store(store, 1, {GONE: {"accounts": [{"account_id": GONE}]}, "C-1": {"accounts": [CHILD]}})
    assert held(store, GONE) == []
    with store.engine.connect() as connection:
        history = connection.scalar(sa.select(HISTORIES.c.rows).where(HISTORIES.c.account_id == "C-1"))
    assert GONE not in str(unpacked(history or b""))


def test_a_longer_id_is_another_account(tmp_path: Path) -> None:
    for name, text in {"a": '["A-1"]', "b": '["A-10"]', "c": '["XA-1"]', "d": "A-1,5"}.items():
        (tmp_path / name).write_text(text)
    assert [path.name for path in files_naming(tmp_path, "A-1")] == ["a", "d"]


def test_a_file_that_is_neither_parquet_nor_csv_is_refused(home: Path, store: Store) -> None:
    (home / "mine.xlsx").write_text("x")
    with pytest.raises(DataError, match="expected a Parquet or CSV file"):
        forget(read_settings(home / "perennial.toml"), store, GONE, 1.0, [home / "mine.xlsx"])


def test_the_verb_says_what_was_erased_and_what_remains(
    home: Path, store: Store, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PERENNIAL_STORE", raising=False)
    store.close()
    ask = ["forget", GONE, "--config", str(home / "perennial.toml")]
    assert main(ask) == 0
    said = capsys.readouterr().out
    assert "erased   online store, scores: 1 rows" in said
    assert "remains  your own tables (accounts)" in said
    assert main([*ask, "--allow-again"]) == 0
    assert "may come back" in capsys.readouterr().err
