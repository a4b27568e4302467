"""The memory limit is obeyed: a log far larger than it goes through in parts, and the rows are the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

N_EVENTS, N_ACCOUNTS = 3_000_000, 6_000
LIMIT_MB = 100

# A process of its own, for its peak memory is to be read; what it needs before any data is taken off.
BUILD = """
import json, re, sys
from pathlib import Path
from features import coded_log
from features.checks import read_tables
from features.labels import ChurnDefinition
from features.mapping import Sources
from features.panel import PanelSettings, panel_files, training_plan
from features.sources import open_warehouse

def peak_mb():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1)) / 1024

folder, out, limit, events_a_bucket = sys.argv[1:]
coded_log.EVENTS_A_BUCKET = int(events_a_bucket)
churn = ChurnDefinition("inactivity", horizon_days=30, inactive_days=60)

def build(folder, out):
    tables = {path.stem: {"source": path.name} for path in Path(folder).glob("*.parquet")}
    with open_warehouse(memory_limit=limit, threads=2) as warehouse:
        read_tables(warehouse, Sources(location=str(folder), tables=tables))
        settings = PanelSettings(folder=Path(out), threads=2)
        plan = training_plan(warehouse, churn, settings)
        return len(panel_files(warehouse, plan, settings))

build(Path(folder) / "few", Path(out) / "few")
before = peak_mb()
n_files = build(Path(folder) / "many", Path(out) / "many")
print(json.dumps({"before": before, "after": peak_mb(), "files": n_files}))
"""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of few and of many activities: the many are some 200 MB as the kernel takes them, ids apart."""
    folder = tmp_path_factory.mktemp("logs")
    for name, n in (("few", 20_000), ("many", N_EVENTS)):
        (folder / name).mkdir()
        rng = np.random.default_rng(0)
        accounts = np.array([f"A{i:05}" for i in range(N_ACCOUNTS)])
        pq.write_table(pa.table({"account_id": accounts}), folder / name / "accounts.parquet")
        owner = pa.DictionaryArray.from_arrays(
            pa.array(rng.integers(0, N_ACCOUNTS, n, dtype=np.int32)), pa.array(accounts)
        )
        at = np.datetime64("2024-01-01", "us") + rng.integers(0, 300 * 86_400_000_000, n).astype("timedelta64[us]")
        columns = {"activity_id": np.arange(n), "account_id": owner.cast(pa.string()), "occurred_at": at}
        event = pa.array(rng.choice(["login", "export", "search"], n))
        pq.write_table(
            pa.table(columns | {"event": event, "value": rng.normal(size=n)}), folder / name / "activities.parquet"
        )
    return folder


def built(logs: Path, out: Path, limit: str, events_a_bucket: int) -> dict:
    command = [sys.executable, "-c", BUILD, str(logs), str(out), limit, str(events_a_bucket)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def rows_of(folder: Path) -> pd.DataFrame:
    tables = [pq.ParquetFile(file).read() for file in sorted(folder.glob("as_of=*/*.parquet"))]
    return pa.concat_tables(tables).sort_by([("as_of", "ascending"), ("account_id", "ascending")]).to_pandas()


def test_a_log_larger_than_the_limit_goes_through_within_it(logs: Path, tmp_path: Path) -> None:
    small = built(logs, tmp_path / "small", f"{LIMIT_MB}MB", 100_000)
    large = built(logs, tmp_path / "large", "4GB", 10_000_000)
    # The engine's limit, and two threads' buckets.
    assert small["after"] - small["before"] < LIMIT_MB + 100
    assert large["after"] - large["before"] > 2 * (small["after"] - small["before"])
    assert small["files"] > large["files"]
    pd.testing.assert_frame_equal(
        rows_of(tmp_path / "small" / "many"), rows_of(tmp_path / "large" / "many"), check_exact=True
    )
