"""The relational step on Spark, where one machine is outgrown."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from features.errors import ConfigError
from features.parts import ROW_BITS, Part, in_nanoseconds, parts
from features.warehouse import Warehouse, duckdb_connection, scratch_folder

if TYPE_CHECKING:
    import ibis
    from pyspark import SparkContext
    from pyspark.sql import DataFrame, SparkSession

# Every session reads and writes times in UTC, and as microseconds; a cast that fails is an error, as on DuckDB.
SQL_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.legacy.parquet.nanosAsLong": "true",
}
STOP_SECONDS = 30  # Java takes one or two to end
INSTALL = "pip install 'perennial[spark]', and Java 17 or later (on Debian: apt-get install openjdk-17-jre-headless)"


@dataclass
class SparkWarehouse(Warehouse):
    """A warehouse on Spark, whose executors see the data folder and scratch at the same paths as this process does.

    `session` is the Spark session, `duckdb` an Ibis backend for what Spark would read otherwise, such as CSV.
    """

    session: SparkSession = field(kw_only=True)
    duckdb: Any = field(kw_only=True)

    @property
    def local(self) -> Any:
        """DuckDB, in this process."""
        return self.duckdb

    def written(self, path: Path) -> ibis.Table:
        """Return a Parquet file in scratch as a table."""
        table: ibis.Table = self.connection.read_parquet(path)
        return table

    def scan(self, paths: Sequence[Path], only: Collection[int] | None = None) -> ibis.Table:
        """Return Parquet files as they stand, as one table, columns by name; `_row` and `only` as on DuckDB."""
        found, view = parts(self.footers_of(paths), only), self._unused("scan")
        rows = [_rows(self.session, part, len(found) == 1) for part in found]
        union = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), rows)
        union.createTempView(view)
        scanned: ibis.Table = self.connection.table(view)
        return scanned


def _rows(session: SparkSession, part: Part, is_alone: bool) -> DataFrame:
    """A part's rows, numbered."""
    files = part.files or (part.sample,)
    rows = session.read.parquet(*(_url(path) for path in files))
    names = dict(zip(rows.columns, rows.columns, strict=True)) if is_alone else part.names
    taken = [_column(part, name, ours) for name, ours in names.items()]
    if len(part.files) < 2:
        place = part.places[0] if part.places else 0
        rows = rows.selectExpr(*taken, f"_metadata.row_index + {1 + (place << ROW_BITS)} AS _row")
        return rows if part.files else rows.limit(0)
    # Spark writes the same URL with one slash or with three.
    key = "regexp_replace(_metadata.file_path, '^file:/+', '/') AS _key"
    numbered = rows.selectExpr(*taken, key, "_metadata.row_index + 1 AS _row")
    kept = [_quoted(ours) for ours in names.values()]
    placed = numbered.join(_places(session, part, rows.inputFiles()).hint("broadcast"), "_key", "left")
    # A row without a place would be lost silently.
    known = "coalesce(_taken, raise_error('a file that was not listed'))"
    return placed.selectExpr(*kept, f"_row + shiftleft({known}, {ROW_BITS}) AS _row")


def _places(session: SparkSession, part: Part, urls: Sequence[str]) -> DataFrame:
    """The place of each file among all, by Spark's own name for it."""
    import pyarrow as pa

    places = dict(zip((str(path.resolve()) for path in part.files), part.places, strict=True))
    keys = [re.sub("^file:/+", "/", url) for url in urls]
    named = [places[unquote(key)] for key in keys]
    return session.createDataFrame(pa.table({"_key": keys, "_taken": pa.array(named, pa.int64())}))


def _url(path: Path) -> str:
    """A file as Spark takes it, for which a name may be a pattern.

    >>> _url(Path("/a[1].parquet"))
    'file:///a\\\\[1\\\\].parquet'
    """
    return "file://" + re.sub(r"([\[\]{}*?\\,])", r"\\\1", str(path.resolve()))


def _column(part: Part, name: str, ours: str) -> str:
    value = _quoted(name)
    # Spark takes nanoseconds for bare numbers.
    value = f"timestamp_micros({value} div 1000)" if in_nanoseconds(part.types[name]) else value
    return f"{value} AS {_quoted(ours)}"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@contextmanager
def open_spark(master: str, memory_limit: str | None = None) -> Iterator[SparkWarehouse]:
    """Yield an empty warehouse on Spark, with the session's time zone UTC.

    Parameters
    ----------
    master
        `spark://host:port` of a cluster, or `local[2]` for two threads of this machine.
    memory_limit
        memory of this process's Java and of each executor, such as 4GB; Spark's default where it is not said.

    Raises
    ------
    ConfigError
        when Spark or Java is not installed, no master answers, or a session on another master is open.
    """
    _check_installed()
    _check_answers(master)
    with warnings.catch_warnings(), scratch_folder() as scratch:
        # Nothing here is given to pandas.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        from features.spark_sql import connected

        with _session(master, memory_limit, scratch) as session:
            duckdb = duckdb_connection(scratch, memory_limit)
            try:
                yield SparkWarehouse(connected(session), scratch, session=session, duckdb=duckdb)
            finally:
                duckdb.disconnect()


def _check_installed() -> None:
    if find_spec("pyspark") is None:
        raise ConfigError.of("the engine spark without pyspark", "it installed", INSTALL)
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=str(Path(home) / "bin") if home else None):
        raise ConfigError.of("the engine spark without Java", "it installed", INSTALL)


def _check_answers(master: str) -> None:
    """Say at once that no cluster is there: Spark itself would try for minutes."""
    if not master.startswith("spark://"):
        return
    problem: OSError | ValueError | None = None
    for address in master.removeprefix("spark://").split(","):
        try:
            place = urlsplit(f"//{address}")
            socket.create_connection((place.hostname, place.port), timeout=5).close()
        except (OSError, ValueError) as refusal:
            problem = refusal
        else:
            return
    raise ConfigError.of(f"no Spark master at {master}", "one that runs", "start it or correct `master`") from problem


@contextmanager
def _session(master: str, memory_limit: str | None, scratch: Path) -> Iterator[SparkSession]:
    """Yield a session of its own on this master; Spark itself is stopped after the block unless it ran before."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    running = SparkContext._active_spark_context
    if running and running.master != master:
        came = f"Spark that runs on {running.master} already"
        raise ConfigError.of(came, f"none, or one on {master}", "stop it, or name its master")
    context = running or _started(_settings(master, memory_limit, scratch), scratch / "spark.log")
    try:
        session = SparkSession.builder.getOrCreate().newSession()
        for name, value in SQL_SETTINGS.items():
            session.conf.set(name, value)
        yield session
    finally:
        if not running:
            _stop(context)


def _stop(context: SparkContext) -> None:
    """Stop Spark, and its Java too, which holds memory and would start the next Spark in this one's folders."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    context.stop()
    if gateway.proc is None:
        # Java was there before Python.
        return
    gateway.shutdown()
    # Java ends when its input does, unless a child of this process still holds the other end.
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()
    SparkContext._gateway = SparkContext._jvm = None


def _started(settings: Mapping[str, str], log: Path) -> SparkContext:
    """A context of Java processes that write to `log` what they have to say."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    conf = SparkConf().setAll(list(settings.items()))
    try:
        with log.open("wb") as out:
            gateway = SparkContext._gateway or launch_gateway(conf, {"stdout": out, "stderr": out})
        context = SparkContext(conf=conf, gateway=gateway)
    except Exception as problem:
        # Java's own words: in the log when it ended, after the first line of the error when Spark refused.
        said = log.read_text(encoding="utf-8", errors="replace") if SparkContext._gateway is None else str(problem)
        said = next((line for line in said.splitlines() if "rror:" in line or "xception:" in line), str(problem))
        came = f"Spark that does not start ({said.strip(': ')[:200]})"
        raise ConfigError.of(came, f"a session on {settings['spark.master']}", "mend what it says") from problem
    context.setLogLevel("ERROR")
    if "PYSPARK_PYTHON" not in os.environ:
        # Spark's own choice is whatever python3 is.
        context.pythonExec = sys.executable
    return context


def _settings(master: str, memory_limit: str | None, scratch: Path) -> dict[str, str]:
    """What a session is started with: everything it writes goes to scratch, and it opens no page for people."""
    settings = {
        "spark.master": master,
        "spark.app.name": "perennial",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.executorEnv.PYTHONPATH": str(Path(__file__).parents[1]),
    }
    if master.startswith("local") or "//127.0.0.1:" in master:
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    if master.startswith("local"):
        # Two hundred parts of a small table are two hundred times nothing.
        settings["spark.sql.shuffle.partitions"] = "8"
    if memory_limit:
        size = f"{_megabytes(memory_limit)}m"
        settings |= {"spark.driver.memory": size, "spark.executor.memory": size}
    return settings


def _megabytes(memory_limit: str) -> int:
    """A size in DuckDB's words as Java takes it.

    >>> _megabytes("1.5 GB"), _megabytes("512MiB")
    (1536, 512)
    """
    size = re.fullmatch(r"\s*([0-9.]+)\s*([MGT])i?B\s*", memory_limit, re.IGNORECASE)
    if size is None:
        raise ConfigError.of(f"memory_limit {memory_limit!r}", "a size such as 4GB", "correct it")
    return int(float(size[1]) * {"M": 1, "G": 1024, "T": 1024**2}[size[2].upper()])
