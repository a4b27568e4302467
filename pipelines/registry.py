"""Runs and releases in MLflow: the only file that imports it."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.catalog import Feature
from features.errors import ReleaseError
from pipelines.config import Settings
from pipelines.release import Release

RELEASE_TAG = "perennial.release"
CHAMPION, CHALLENGER = "champion", "challenger"
REQUIREMENTS = ("lightgbm", "numpy", "pandas", "pydantic")


@dataclass(frozen=True)
class Run:
    """What a training run leaves behind in MLflow beside its release."""

    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tables: str
    n_rows: int


def log_release(settings: Settings, folder: Path, release: Release, run: Run) -> str:
    """Log a run with its release, register the release as challenger, and return MLflow's version number.

    Registering comes last: a run killed before it leaves the registry as it was.
    """
    with _store(settings) as mlflow:
        _set_experiment(mlflow, settings)
        with mlflow.start_run(run_name=release.manifest.version) as started:
            mlflow.log_params(dict(run.params))
            mlflow.log_metrics(dict(run.metrics))
            mlflow.log_input(_dataset(run, release), context="training")
            mlflow.log_artifact(str(folder / "card.md"))
            mlflow.log_artifacts(str(folder / "figures"), "figures")
            model = _log_model(mlflow, folder, release)
        return _register(mlflow, settings, model, started.info.run_id, release.manifest.version)


def log_findings(settings: Settings, name: str, metrics: Mapping[str, float], files: Mapping[str, bytes]) -> None:
    """Log what was found as a run of that name: figures, and files by their names."""
    import tempfile

    with _store(settings) as mlflow, tempfile.TemporaryDirectory(prefix="perennial-") as scratch:
        _set_experiment(mlflow, settings)
        for file, content in files.items():
            (Path(scratch) / file).write_bytes(content)
        with mlflow.start_run(run_name=name):
            mlflow.log_metrics(dict(metrics))
            mlflow.log_artifacts(scratch)


def _log_model(mlflow: Any, folder: Path, release: Release) -> Any:
    with warnings.catch_warnings():
        # An example would be rows of customers; the signature is written from the declarations instead.
        warnings.filterwarnings("ignore", message=".*An input example was not provided")
        return mlflow.pyfunc.log_model(
            name="release",
            loader_module="pipelines.pyfunc",
            data_path=str(folder),
            code_paths=[str(_package("features")), str(_package("pipelines"))],
            pip_requirements=[f"{name}>={_installed(name)}" for name in REQUIREMENTS],
            signature=_signature(release.churn.encoder.features),
        )


def _register(mlflow: Any, settings: Settings, model: Any, run_id: str, version: str) -> str:
    client, name = mlflow.MlflowClient(), settings.mlflow.model_name
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    made = client.create_model_version(
        name, model.model_uri, run_id, tags={RELEASE_TAG: version}, model_id=model.model_id
    )
    client.set_registered_model_alias(name, CHALLENGER, made.version)
    return str(made.version)


@contextmanager
def exported(settings: Settings, version: str) -> Iterator[Path]:
    """Yield a folder with the release of that name, copied out of MLflow for as long as the block lasts.

    Raises
    ------
    ReleaseError
        when no registered release has that name.
    """
    import tempfile

    with _store(settings) as mlflow, tempfile.TemporaryDirectory(prefix="perennial-") as scratch:
        found = _registered(mlflow, settings, version)
        mlflow.artifacts.download_artifacts(f"models:/{settings.mlflow.model_name}/{found.version}", dst_path=scratch)
        manifests = list(Path(scratch).glob("data/**/manifest.json"))
        if not manifests:
            raise ReleaseError.of(f"registered version {found.version} without a release", "its files", "train again")
        yield manifests[0].parent


def newest_release(settings: Settings) -> str:
    """Return the name of the release that was registered last."""
    with _store(settings) as mlflow:
        client = mlflow.MlflowClient()
        found = client.get_model_version_by_alias(settings.mlflow.model_name, CHALLENGER)
        return str(found.tags[RELEASE_TAG])


def mark_champion(settings: Settings, version: str) -> None:
    """Let the alias `champion` name the release that serves."""
    with _store(settings) as mlflow:
        found = _registered(mlflow, settings, version)
        mlflow.MlflowClient().set_registered_model_alias(settings.mlflow.model_name, CHAMPION, found.version)


def _registered(mlflow: Any, settings: Settings, version: str) -> Any:
    """The newest registered version that holds the release."""
    every = mlflow.MlflowClient().search_model_versions(f"name = '{settings.mlflow.model_name}'")
    held = [found for found in every if found.tags.get(RELEASE_TAG) == version]
    if not held:
        names = ", ".join(sorted({str(found.tags.get(RELEASE_TAG)) for found in every})) or "none"
        raise ReleaseError.of(
            f"a release {version!r}", f"one of those registered ({names})", "`perennial train` makes one"
        )
    return max(held, key=lambda found: int(found.version))


@contextmanager
def _store(settings: Settings) -> Iterator[Any]:
    """MLflow, connected to the project's store, its own chatter kept off the command's output."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    settings.state_folder.mkdir(parents=True, exist_ok=True)
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # MLflow warns of its own types when it is imported.
        warnings.filterwarnings("ignore", message=".*Any type hint is inferred as AnyType")
        import mlflow.pyfunc

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(settings.tracking_uri)
    mlflow.set_registry_uri(settings.tracking_uri)
    from mlflow.exceptions import MlflowException

    try:
        yield mlflow
    except MlflowException as problem:
        came = f"MLflow at {_told(settings.tracking_uri)}, which says: {str(problem).splitlines()[0][:200]}"
        raise ReleaseError.of(
            came, "a store that answers", "start it or correct [mlflow] tracking_uri, then try again"
        ) from problem


def _told(uri: str) -> str:
    """A store's address without the password it may hold.

    >>> _told("postgresql://me:secret@host/runs"), _told("sqlite:///runs.db")
    ('postgresql://...@host/runs', 'sqlite:///runs.db')
    """
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://...@{rest.rpartition('@')[2]}" if "@" in rest else uri


def _set_experiment(mlflow: Any, settings: Settings) -> None:
    name = settings.mlflow.experiment
    if mlflow.get_experiment_by_name(name) is None:
        # A store of our own keeps artifacts beside it; a server knows its own place.
        own = None if settings.mlflow.tracking_uri else (settings.state_folder / "artifacts").as_uri()
        mlflow.create_experiment(name, artifact_location=own)
    mlflow.set_experiment(name)


def _dataset(run: Run, release: Release) -> Any:
    """The data set's fingerprint, without its rows."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    source = CodeDatasetSource({"tables": run.tables, "rows": str(run.n_rows)})
    return MetaDataset(source, name="panel", digest=release.manifest.data_fingerprint[:32])


def _signature(features: tuple[Feature, ...]) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    kinds = {"number": "double", "category": "string"}
    inputs = Schema([ColSpec(kinds[feature.kind], feature.name, required=False) for feature in features])
    outputs = Schema([ColSpec("double", "churn_prob"), ColSpec("string", "tier")])
    return ModelSignature(inputs, outputs)


def _package(name: str) -> Path:
    return Path(__file__).resolve().parent.parent / name


def _installed(name: str) -> str:
    from importlib.metadata import version

    return version(name)
