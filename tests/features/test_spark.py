from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features import spark as engine
from features.errors import ConfigError
from features.spark import open_spark


@pytest.mark.slow
def test_a_cluster_reads_checks_and_keeps_tables(on_cluster: Callable[[str], str], tmp_path: Path) -> None:
    pq.write_table(pa.table({"account_id": [1, 2]}), tmp_path / "accounts.parquet")
    (tmp_path / "use.csv").write_text("activity_id,account_id,occurred_at,event\na,1,2024-01-05,x\nb,7,2024-01-06,y\n")
    tables = {"accounts": {"source": "accounts.parquet"}, "activities": {"source": "use.csv"}}
    source = f"""
import json
from features.checks import read_tables
from features.mapping import Sources
from features.spark import open_spark

with open_spark(master) as warehouse:
    reading = read_tables(warehouse, Sources(location={str(tmp_path)!r}, tables={tables!r}))
    kept = warehouse.tables["activities"].select("activity_id", "account_id").to_pyarrow().to_pylist()
    print(json.dumps([[finding.what for finding in reading.findings], kept]))
"""
    assert json.loads(on_cluster(source)) == [["no such account"], [{"activity_id": "a", "account_id": "1"}]]


@pytest.mark.slow
def test_one_spark_after_another_leaves_nothing_and_says_nothing(spark: str, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    source = (
        "from features.spark import open_spark\n"
        "with open_spark('local[1]'):\n"
        "    pass\n"
        f"with open_spark({spark!r}, '512MB') as warehouse:\n"
        "    scratch, table = warehouse.scratch, warehouse.session.range(5)\n"
        "    stored = warehouse.store('t', warehouse.connection.sql('SELECT 1 AS a'))\n"
        "    print(stored.to_pyarrow().to_pylist(), table.count(), warehouse.session.conf.get('spark.driver.memory'))\n"
        "print(scratch.exists())\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(engine.__file__).parents[1]), "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == "[{'a': 1}] 5 512m\nFalse\n"
    assert list(tmp_path.iterdir()) == [scratch]
    assert [path.name for path in scratch.iterdir() if not path.name.startswith("hsperfdata")] == []


def test_rows_of_a_file_read_in_parts_are_numbered_as_they_stand(spark: str, tmp_path: Path) -> None:
    values = np.random.default_rng(0).permutation(50_000)
    pq.write_table(pa.table({"value": values}), tmp_path / "t.parquet", row_group_size=1000)
    with open_spark(spark) as warehouse:
        warehouse.session.conf.set("spark.sql.files.maxPartitionBytes", "20000")
        rows = warehouse.scan([tmp_path / "t.parquet"])
        assert warehouse.session.table(rows.get_name()).rdd.getNumPartitions() > 5
        found = rows.to_pyarrow().sort_by("_row")
    assert found["_row"].to_pylist() == list(range(1, 50_001))
    assert found["value"].to_pylist() == values.tolist()


def test_without_pyspark_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"without pyspark.*pip install 'perennial\[spark\]'"), open_spark("local[1]"):
        pass


def test_without_java_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ConfigError, match=r"without Java.*openjdk"), open_spark("local[1]"):
        pass


def test_a_master_that_is_not_there_is_named_at_once(spark: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        master = f"spark://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(ConfigError, match=f"no Spark master at {master}"), open_spark(master):
            pass


def test_a_second_master_in_one_process_is_refused(spark: str) -> None:
    with pytest.raises(ConfigError, match=r"Spark that runs on local\[2\] already"), open_spark("local[3]"):
        pass


def test_a_master_that_is_no_master_is_refused_in_sparks_words(spark: str) -> None:
    source = "from features.spark import open_spark\nwith open_spark('loco'): pass"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert "ConfigError: got Spark that does not start" in done.stderr
    assert "Master must" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("limit", ["4", "80%", "much"])
def test_a_memory_limit_without_a_size_is_refused(spark: str, limit: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a size such as 4GB"):
        engine._settings("local[1]", limit, tmp_path)
