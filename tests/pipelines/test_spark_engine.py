"""The verbs with `[engine] name = "spark"` against the same verbs in one process."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features import spark as spark_engine
from features.departures import read_departures
from pipelines.cli import main
from pipelines.config import read_settings
from pipelines.engine import churn_definition, opened_tables, panel_settings
from pipelines.registry import newest_release

AS_OF = ("--as-of", "2025-06-01")
ON_SPARK = 'state = ".spark"\n[engine]\nname = "spark"\nmaster = "local[2]"\nmemory_limit = "1GB"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company; `spark.toml` is the same project on Spark."""
    from experiments.company import simulate

    folder = tmp_path_factory.mktemp("company")
    tables = simulate(400, years=2, seed=5).tables
    # Quotes and spaces, which every writer of CSV has its own way with.
    tables["accounts"]["region"] = tables["accounts"]["region"].map('the "{}", '.format)
    tables["subscriptions"] = with_cuts_and_reasons(tables["subscriptions"])
    text = '[churn]\ndefinition = "subscription"\n[model]\nfolds = 3\n'
    for name in ("accounts", "activities", "subscriptions"):
        tables[name].to_parquet(folder / f"{name}.parquet")
        text += f'[tables.{name}]\nsource = "{name}.parquet"\n'
    (folder / "perennial.toml").write_text(text)
    (folder / "spark.toml").write_text(ON_SPARK + text)
    return folder


def with_cuts_and_reasons(sold: pd.DataFrame) -> pd.DataFrame:
    """Subscriptions, of which some were larger until 100 days before they ended, and some ended for a reason."""
    ended = sold[sold["end_date"].notna()]
    until = ended["end_date"] - pd.Timedelta(days=100)
    larger = ended.assign(end_date=until, subscription_id=ended["subscription_id"].astype(str) + "-larger")
    larger = larger[larger["start_date"] < until].iloc[::2]
    reason = np.where(sold["end_date"].notna() & (np.arange(len(sold)) % 3 == 0), "price", None)
    return pd.concat([sold.assign(end_reason=reason), larger], ignore_index=True)


@pytest.fixture(scope="module")
def promoted(folder: Path) -> Path:
    """The same company with a champion, trained in one process."""
    assert verb(folder, "train") == 0
    assert verb(folder, "promote", newest_release(read_settings(folder / "perennial.toml"))) == 0
    return folder


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process' own time zone is none that counts."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


def verb(folder: Path, *argv: str, config: str = "perennial.toml") -> int:
    return main([*argv, "--config", str(folder / config)])


def read(path: Path) -> pd.DataFrame:
    """A file, or a folder of Spark's files one after the other."""
    files = sorted(path.glob("part-*")) if path.is_dir() else [path]
    if path.suffix == ".parquet":
        return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    frame = pd.concat([pd.read_csv(file) for file in files], ignore_index=True)
    return frame.assign(as_of=pd.to_datetime(frame["as_of"])) if "as_of" in frame else frame


def outputs(folder: Path, *argv: str, suffix: str = "parquet") -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a verb writes on Spark, and in one process."""
    for config, out in (("spark.toml", "spark"), ("perennial.toml", "one")):
        assert verb(folder, *argv, "--out", str(folder / f"{out}.{suffix}"), config=config) == 0
    return read(folder / f"spark.{suffix}"), read(folder / f"one.{suffix}")


def assert_equal(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False)


def by_key(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values([name for name in ("as_of", "account_id") if name in rows], ignore_index=True)


@pytest.mark.slow
def test_scores_on_spark_are_those_of_one_process(spark: str, promoted: Path, far_from_utc: None) -> None:
    folder = promoted
    found, expected = outputs(folder, "score", *AS_OF)
    assert len(found) > 80
    assert_equal(found, expected)
    published, rows = (read(folder / state / "rows.parquet") for state in (".spark", ".perennial"))
    assert_equal(by_key(published), by_key(rows))
    assert {path.name for path in (folder / ".spark").iterdir()} == {"panel", "rows.parquet"}
    assert [path.name for path in (folder / ".spark" / "panel").iterdir()] == ["checked.json"]


def test_the_panel_of_a_date_on_spark_is_that_of_one_process(spark: str, folder: Path) -> None:
    (folder / "spark.csv").mkdir()
    (folder / "spark.csv" / "part-of-an-older-run").touch()
    found, expected = outputs(folder, "features", *AS_OF, suffix="csv")
    assert expected["region"].str.match('the ".*"').all()
    # Java and C++ write the same float32 with other digits.
    numbers = dict.fromkeys(expected.select_dtypes("number"), "float32")
    assert_equal(by_key(found).astype(numbers), expected.astype(numbers))
    assert not list(folder.glob(".writing-*"))


@pytest.mark.slow
def test_the_training_panel_and_later_scores_on_spark_are_those_of_one_process(spark: str, promoted: Path) -> None:
    found, expected = outputs(promoted, "features")
    assert found["churned"].isna().any()
    assert_equal(by_key(found), expected)
    first, _ = outputs(promoted, "score", *AS_OF, suffix="csv")
    found, expected = outputs(promoted, "score", suffix="csv")
    assert_equal(found, expected)
    assert set(found["as_of"]) != set(first["as_of"])


@pytest.mark.slow
def test_training_on_spark_gives_the_release_of_one_process(spark: str, promoted: Path) -> None:
    folder = promoted
    assert verb(folder, "check", config="spark.toml") == 0
    assert verb(folder, "train", config="spark.toml") == 0
    one, other = (newest_release(read_settings(folder / name)) for name in ("perennial.toml", "spark.toml"))
    assert one == other


@pytest.mark.slow
def test_departures_on_spark_are_those_of_one_process(spark: str, folder: Path) -> None:
    found = {}
    for name in ("perennial.toml", "spark.toml"):
        settings = read_settings(folder / name)
        with opened_tables(settings, lambda _: None) as warehouse:
            found[name] = read_departures(warehouse, churn_definition(settings), panel_settings(settings))
    one, other = found["perennial.toml"], found["spark.toml"]
    assert one is not None
    assert other is not None
    assert {"cancelled", "downgraded"} <= set(one["way"])
    assert one["reason"].notna().any()
    assert_equal(other, one)


@pytest.mark.slow
def test_features_and_scores_on_a_cluster_are_those_of_one_process(
    on_cluster: Callable[[str], str], promoted: Path
) -> None:
    text = (promoted / "spark.toml").read_text().replace(".spark", ".cluster")
    for argv in (("features", *AS_OF), ("score", *AS_OF)):
        one, other = (str(promoted / f"{name}-{argv[0]}.parquet") for name in ("one", "cluster"))
        source = f"""
from pathlib import Path
from pipelines.cli import main
config = Path({str(promoted / "cluster.toml")!r})
config.write_text({text!r}.replace("local[2]", master).replace("1GB", "600MB"))
assert main([*{argv!r}, "--out", {other!r}, "--config", str(config)]) == 0
"""
        on_cluster(source)
        assert verb(promoted, *argv, "--out", one) == 0
        assert_equal(by_key(read(Path(other))), by_key(read(Path(one))))


@pytest.mark.slow
def test_flat_data_on_spark_are_scored_as_in_one_process(spark: str, project) -> None:
    folder = project.folder
    (folder / "spark.toml").write_text(ON_SPARK + Path(project.config).read_text())
    assert verb(folder, "promote", project.versions[1]) == 0
    found, expected = outputs(folder, "score")
    assert_equal(found, expected)
    found, expected = outputs(folder, "features")
    assert_equal(by_key(found), expected)
    published, rows = (read(folder / state / "rows.parquet") for state in (".spark", ".perennial"))
    assert_equal(by_key(published), by_key(rows))


@pytest.mark.parametrize("argv", [("features",), ("score",), ("train",), ("check",)])
def test_a_master_that_is_not_there_is_one_sentence(
    spark: str, project, argv: tuple[str, ...], capsys: pytest.CaptureFixture
) -> None:
    assert verb(project.folder, "promote", project.versions[0]) == 0
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        master = f"spark://127.0.0.1:{closed.getsockname()[1]}"
        text = Path(project.config).read_text()
        (project.folder / "spark.toml").write_text(ON_SPARK.replace("local[2]", master) + text)
        out = ("--out", str(project.folder / "out.parquet")) if argv[0] in ("features", "score") else ()
        assert verb(project.folder, *argv, *out, config="spark.toml") == 1
    printed = capsys.readouterr()
    assert f"no Spark master at {master}" in " ".join((printed.err + printed.out).split()).replace("│", "")
    assert "Traceback" not in printed.err


def test_spark_that_is_not_installed_is_one_sentence(
    project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (project.folder / "spark.toml").write_text(ON_SPARK + Path(project.config).read_text())
    monkeypatch.setattr(spark_engine, "find_spec", lambda name: None)
    assert verb(project.folder, "train", config="spark.toml") == 1
    printed = capsys.readouterr().err
    assert "error: got the engine spark without pyspark" in printed
    assert "pip install 'perennial[spark]'" in printed
    assert "Traceback" not in printed
