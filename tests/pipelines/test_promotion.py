from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import ReleaseError
from pipelines.config import read_settings
from pipelines.pointer import POINTER, read_pointer, write_pointer
from pipelines.registry import newest_release
from pipelines.release import checksums, read_release, verify


def pointer(project) -> dict | None:
    return read_pointer(project.folder / "releases")


def test_promotion_moves_the_pointer_and_rollback_moves_it_back(project, capsys: pytest.CaptureFixture):
    first, second = project.versions
    assert first != second
    assert project.run("promote", first) == 0
    assert pointer(project)["version"] == first
    assert project.run("promote", second) == 0
    assert pointer(project)["previous"] == [first]
    assert project.run("rollback") == 0
    assert pointer(project)["version"] == first
    assert project.run("rollback") == 1
    assert "no earlier champion" in capsys.readouterr().err


def test_a_promoted_release_holds_plain_files_only(project):
    assert project.run("promote", project.versions[0]) == 0
    folder = project.folder / "releases" / project.versions[0]
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"manifest.json", "model.txt", "encoder.json", "calibration.json", "card.md", "reference.parquet"} <= names
    assert {Path(name).suffix for name in names} == {".json", ".txt", ".md", ".parquet", ".png"}
    manifest = verify(folder)
    assert manifest.files == checksums(folder)
    assert manifest.gate.passed


def test_an_unknown_release_is_refused_by_name(project, capsys: pytest.CaptureFixture):
    assert project.run("promote", "nonsense") == 1
    error = capsys.readouterr().err
    assert "got a release 'nonsense'" in error
    assert project.versions[0] in error
    assert pointer(project) is None


def test_a_damaged_file_is_found_by_its_checksum(project):
    assert project.run("promote", project.versions[0]) == 0
    model = project.folder / "releases" / project.versions[0] / "model.txt"
    model.write_text(model.read_text().replace("0", "1", 1))
    with pytest.raises(ReleaseError, match=r"changed \['model.txt'\].*promote it again or roll back"):
        read_release(model.parent)


def test_an_absent_file_is_named(project):
    assert project.run("promote", project.versions[0]) == 0
    folder = project.folder / "releases" / project.versions[0]
    (folder / "segments" / "needs.json").unlink()
    with pytest.raises(ReleaseError, match=r"absent \['segments/needs.json'\]"):
        read_release(folder)


BROKEN = ["", "{", "[]", '{"version": "v"}', '{"version": 3, "previous": []}', '{"version": "../x", "previous": []}']


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_pointer_is_refused(tmp_path: Path, text: str):
    (tmp_path / POINTER).write_text(text)
    with pytest.raises(ReleaseError, match="promote again"):
        read_pointer(tmp_path)


def test_promotion_mends_a_broken_pointer_and_a_damaged_release(project):
    version = project.versions[0]
    assert project.run("promote", version) == 0
    (project.folder / "releases" / POINTER).write_text("garbage")
    (project.folder / "releases" / version / "model.txt").write_text("garbage")
    assert project.run("promote", version) == 0
    assert pointer(project)["version"] == version
    assert read_release(project.folder / "releases" / version).manifest.version == version
    assert sorted(path.name for path in (project.folder / "releases").iterdir()) == sorted([version, POINTER])


def test_another_user_can_read_the_pointer(tmp_path: Path):
    write_pointer(tmp_path, version="a", previous=[], promoted="now")
    assert (tmp_path / POINTER).stat().st_mode & 0o444 == 0o444


def test_a_pointer_is_replaced_whole(tmp_path: Path):
    write_pointer(tmp_path, version="a", previous=[], promoted="now")
    write_pointer(tmp_path, version="b", previous=["a"], promoted="later")
    assert json.loads((tmp_path / POINTER).read_text()) == {"version": "b", "previous": ["a"], "promoted": "later"}
    assert [path.name for path in tmp_path.iterdir()] == [POINTER]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    import pipelines.promotion, pipelines.registry, pipelines.release
    from pipelines.config import read_settings

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    settings, where = read_settings(Path(sys.argv[1])), sys.argv[2]
    if where == "promote":
        pipelines.promotion.read_release = die
        pipelines.promotion.promote(settings, sys.argv[3])
    from pipelines.train import train
    if where == "register":
        pipelines.registry._register = die
    train(settings, lambda doing: die() if doing == where else None)
"""


def state(project) -> tuple:
    """What must not change: the registry's versions and aliases, the pointer, the release that serves."""
    from pipelines.registry import _store

    settings = read_settings(Path(project.config))
    with _store(settings) as mlflow:
        client = mlflow.MlflowClient()
        versions = sorted(found.version for found in client.search_model_versions("name = 'perennial'"))
        aliases = dict(client.get_registered_model("perennial").aliases)
    serving = settings.releases_folder / pointer(project)["version"]
    releases = sorted(path.name for path in settings.releases_folder.iterdir() if not path.name.startswith("."))
    return versions, aliases, pointer(project), checksums(serving), releases


@pytest.mark.parametrize("where", ["training", "MLflow", "register"])
def test_a_training_run_killed_at_any_moment_leaves_everything_as_it_was(project, where: str):
    assert project.run("promote", project.versions[0]) == 0
    before = state(project)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), project.config, where]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -9
    assert state(project) == before


@pytest.mark.parametrize(("step", "kind"), [("_log_model", "disk full"), ("_register", "MLflow down")])
def test_a_training_run_that_cannot_be_kept_says_so_and_leaves_everything_as_it_was(
    project, step: str, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    from mlflow.exceptions import MlflowException

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device") if kind == "disk full" else MlflowException("connection refused")

    assert project.run("promote", project.versions[0]) == 0
    before = state(project)
    monkeypatch.setattr(f"pipelines.registry.{step}", fail)
    assert project.run("train") == 1
    error = capsys.readouterr().err
    assert ("No space left on device" if kind == "disk full" else "connection refused") in error
    assert "Traceback" not in error
    assert state(project) == before


def test_two_trainings_at_once_are_both_kept_whole_or_one_says_that_another_is_at_work(project):
    command = [sys.executable, "-m", "pipelines.cli", "train", "--config", project.config]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ended = [(run.communicate()[1], run.returncode) for run in both]
    assert 0 in [code for _, code in ended]
    assert all(code == 0 or "another run at work" in error for error, code in ended)
    assert project.run("promote", newest_release(read_settings(Path(project.config)))) == 0


def test_a_promotion_killed_before_the_pointer_moves_leaves_the_champion(project):
    first, second = project.versions
    assert project.run("promote", first) == 0
    command = [sys.executable, "-c", textwrap.dedent(KILLED), project.config, "promote", second]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -9
    assert pointer(project)["version"] == first
    assert project.run("promote", second) == 0


def test_mlflow_loads_the_release_as_pyfunc_and_it_says_the_same(project):
    from pipelines.registry import _store

    assert project.run("promote", project.versions[1]) == 0
    settings = read_settings(Path(project.config))
    rows = pd.read_csv(project.folder / "tables" / "observations.csv").head(50)
    with _store(settings) as mlflow:
        served = mlflow.pyfunc.load_model("models:/perennial@champion").predict(
            rows[["use", "calls", "plan", "seats"]].astype({"seats": float})
        )
    release = read_release(settings.releases_folder / project.versions[1])
    np.testing.assert_allclose(served["churn_prob"], release.churn.prob(rows), rtol=0, atol=1e-12)


def test_a_run_records_parameters_metrics_figures_and_the_datas_fingerprint(trained):
    from pipelines.registry import _store

    with _store(read_settings(Path(trained.config))) as mlflow:
        client = mlflow.MlflowClient()
        found = client.get_model_version_by_alias("perennial", "challenger")
        run = client.get_run(found.run_id)
        artifacts = {item.path for item in client.list_artifacts(found.run_id, "figures")}
    assert run.data.params["definition"] == "labelled"
    assert 0.5 < run.data.metrics["model.auc"] < 1
    assert {"figures/calibration.png", "figures/lift.png", "figures/reasons.png"} <= artifacts
    assert len(run.inputs.dataset_inputs[0].dataset.digest) >= 16
