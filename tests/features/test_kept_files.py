"""A panel kept over sources that grow file by file: only new files are read, the rows are those of a fresh build."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features import coded_log
from features.checks import Reading, read_tables
from features.kept import refresh
from features.labels import ChurnDefinition
from features.mapping import Sources
from features.panel import PanelSettings, training_plan
from features.sources import open_warehouse
from features.warehouse import Warehouse

SUBSCRIPTION = ChurnDefinition("subscription", horizon_days=90, grace_days=30)
Opened = tuple[Warehouse, Reading]


@pytest.fixture
def exports(small_company, tmp_path) -> Path:
    """A folder a table, with a file for what was known until July."""
    for name, frame in small_company.items():
        (tmp_path / "exports" / name).mkdir(parents=True)
        export(tmp_path / "exports", name, "2024-07", frame)
    return tmp_path / "exports"


def export(folder: Path, name: str, file: str, frame: pd.DataFrame) -> None:
    frame.to_parquet(folder / name / f"{file}.parquet", index=False)


@pytest.fixture
def opened(exports, tmp_path) -> Iterator[Callable[[], Opened]]:
    with ExitStack() as stack:

        def open_them() -> Opened:
            tables = {path.name: {"source": path.name} for path in sorted(exports.iterdir())}
            warehouse = stack.enter_context(open_warehouse())
            return warehouse, read_tables(
                warehouse, Sources(location=str(exports), tables=tables), tmp_path / "state" / "checked.json"
            )

        yield open_them


def rows(warehouse: Warehouse, folder: Path, recipe=None) -> pd.DataFrame:
    recipe = recipe or training_plan(warehouse, SUBSCRIPTION, PanelSettings(folder=folder)).recipe
    done = refresh(warehouse, recipe, folder)
    tables = [pq.ParquetFile(file).read(columns=recipe.schema.names) for file in done.files]
    return pa.concat_tables(tables).sort_by([("as_of", "ascending"), ("account_id", "ascending")]).to_pandas()


@pytest.fixture
def n_read(monkeypatch) -> list[int]:
    """How many events were read from sources, batch by batch."""
    found: list[int] = []
    batches = coded_log._batches

    def counted(*given):
        for batch in batches(*given):
            found.append(batch.num_rows)
            yield batch

    monkeypatch.setattr(coded_log, "_batches", counted)
    return found


def new_activities(n: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "activity_id": [f"new{i}" for i in range(n)],
            "account_id": ["a", "c", "a"][:n],
            "occurred_at": pd.to_datetime(["2024-11-20", "2024-03-03", "2024-12-30"][:n]),
            "event": ["login", "export", "export"][:n],
            "value": [1.0, 2.0, 4.0][:n],
        }
    )


def test_of_a_new_file_alone_events_are_read(opened, exports, tmp_path, n_read):
    rows(opened()[0], tmp_path / "state")
    n_read.clear()
    export(exports, "activities", "2024-12-31", new_activities())
    found = rows(opened()[0], tmp_path / "state")
    assert sum(n_read) == 3
    pd.testing.assert_frame_equal(found, rows(opened()[0], tmp_path / "fresh"), check_exact=True)


def test_a_file_written_anew_is_read_alone_and_rows_are_those_of_a_fresh_build(opened, exports, tmp_path, n_read):
    rows(opened()[0], tmp_path / "state")
    export(exports, "activities", "2024-12-31", new_activities())
    rows(opened()[0], tmp_path / "state")
    n_read.clear()
    export(exports, "activities", "2024-12-31", new_activities(2))
    found = rows(opened()[0], tmp_path / "state")
    assert sum(n_read) == 2
    pd.testing.assert_frame_equal(found, rows(opened()[0], tmp_path / "fresh"), check_exact=True)


def test_a_file_that_is_gone_takes_its_events_along(opened, exports, tmp_path):
    before = rows(opened()[0], tmp_path / "state")
    export(exports, "activities", "2024-12-31", new_activities())
    changed = rows(opened()[0], tmp_path / "state")
    (exports / "activities" / "2024-12-31.parquet").unlink()
    assert not changed.equals(before)
    pd.testing.assert_frame_equal(rows(opened()[0], tmp_path / "state"), before, check_exact=True)


def test_a_day_in_every_table_gives_the_rows_of_a_fresh_build(opened, exports, tmp_path, small_company):
    recipe = training_plan(opened()[0], SUBSCRIPTION, PanelSettings(folder=tmp_path / "state")).recipe
    rows(opened()[0], tmp_path / "state", recipe)
    for name, frame in small_company.items():
        if name not in ("accounts", "contacts", "touchpoints"):
            key = frame.columns[0]
            export(exports, name, "more", frame.tail(2).assign(**{key: frame[key].tail(2).astype(str) + "-more"}))
    found = rows(opened()[0], tmp_path / "state", recipe)
    pd.testing.assert_frame_equal(found, rows(opened()[0], tmp_path / "fresh", recipe), check_exact=True)


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("activity_id", "new0", "the key stood before"),
        ("account_id", "stranger", "no such account"),
        ("occurred_at", None, "missing"),
    ],
)
def test_what_is_wrong_in_a_new_file_is_found_beside_files_known_to_be_sound(opened, exports, column, value, what):
    export(exports, "activities", "2024-12-30", new_activities(1))
    assert not opened()[1].findings
    broken = new_activities(2).tail(1).assign(**{column: value})
    export(exports, "activities", "2024-12-31", broken)
    (finding,) = opened()[1].findings
    assert (finding.table, finding.column, finding.what) == ("activities", column, what)


def test_rows_of_an_account_that_is_gone_are_found_in_files_known_to_be_sound(opened, exports, small_company):
    assert not opened()[1].findings
    export(exports, "accounts", "2024-07", small_company["accounts"].iloc[:2])
    assert {finding.what for finding in opened()[1].findings} == {"no such account"}


def test_files_known_to_be_sound_are_not_looked_at_again(opened, monkeypatch):
    opened()
    monkeypatch.setattr("features.checks._breaches_of_rows", None)
    assert not opened()[1].findings


def test_a_table_of_too_many_parts_is_read_anew_as_one(opened, exports, tmp_path, monkeypatch):
    monkeypatch.setattr("features.kept_log.MOST_PARTS", 2)
    n_parts = []
    for day in range(4):
        new = new_activities(1).assign(activity_id=f"of-{day}")
        export(exports, "activities", f"2024-12-{day + 10}", new)
        found = rows(opened()[0], tmp_path / "state")
        n_parts.append(len(list((tmp_path / "state" / "log").glob("activities-*"))))
    assert n_parts == [1, 2, 3, 1]
    pd.testing.assert_frame_equal(found, rows(opened()[0], tmp_path / "fresh"), check_exact=True)


def test_a_part_that_broke_on_disk_is_read_again(opened, exports, tmp_path):
    before = rows(opened()[0], tmp_path / "state")
    (broken,) = (tmp_path / "state" / "log").glob("activities-*")
    (broken / "part.json").write_text("{")
    export(exports, "activities", "2024-12-31", new_activities())
    rows(opened()[0], tmp_path / "state")
    (exports / "activities" / "2024-12-31.parquet").unlink()
    pd.testing.assert_frame_equal(rows(opened()[0], tmp_path / "state"), before, check_exact=True)


def test_rows_left_out_of_a_file_stay_out_when_it_is_written_anew(opened, exports, tmp_path):
    export(exports, "activities", "2024-12-30", new_activities(1))
    rows(opened()[0], tmp_path / "state")
    repeated = pd.concat([new_activities(2).tail(1)] * 2)
    export(exports, "activities", "2024-12-31", repeated)
    rows(opened()[0], tmp_path / "state")
    export(exports, "activities", "2025-01-01", new_activities(3).tail(1))
    rows(opened()[0], tmp_path / "state")
    # The same row is left out again, of another file beside one that stays.
    export(exports, "activities", "2024-12-31", repeated.assign(value=3.0))
    found = rows(opened()[0], tmp_path / "state")
    pd.testing.assert_frame_equal(found, rows(opened()[0], tmp_path / "fresh"), check_exact=True)
