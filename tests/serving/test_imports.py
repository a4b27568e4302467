"""What a service process carries, and what it does not."""

import json
import subprocess
import sys
from typing import Any

LOADED = """
import json, sys, warnings
warnings.simplefilter("ignore")
import serving.service
from pathlib import Path
from serving.processor import import_lightgbm
from serving.releases import load_predictor
before = sorted(sys.modules)
import_lightgbm()
load_predictor(Path(sys.argv[1]))
print(json.dumps([before, sorted(sys.modules)]))
"""
FINDINGS = """
import json, sys, warnings
warnings.simplefilter("ignore")
import pandas
import serving.api
from pathlib import Path
from pipelines.manifest import read_manifest
from pipelines.release import DRIVERS
from serving.drivers import DriverAnswers
folder = Path(sys.argv[1])
answers = DriverAnswers(read_manifest(folder), pandas.read_parquet(folder / DRIVERS))
assert json.loads(answers.of())["drivers"]
print(json.dumps(sorted(sys.modules)))
"""
TRAINING = {"mlflow", "shap", "numba", "duckdb", "ibis", "doubleml", "statsmodels", "optuna"}
STAGES = {
    "pipelines.train",
    "pipelines.assembly",
    "pipelines.learning",
    "pipelines.registry",
    "pipelines.drivers.finding",
}


def _printed(source: str, company: Any) -> Any:
    folder = company.releases_folder / "2026-01-31-a"
    ran = subprocess.run(
        [sys.executable, "-c", source, str(folder)], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(ran.stdout.splitlines()[-1])


def test_a_service_process_imports_no_mlflow_no_shap_no_numba_and_no_training_code(company: Any) -> None:
    before, after = map(set, _printed(LOADED, company))
    assert not after & (TRAINING | STAGES)
    assert not before & {"pandas", "sklearn", "lightgbm", "scipy"}
    assert "sklearn" not in after


def test_findings_are_answered_without_what_finds_them(company: Any) -> None:
    assert not set(_printed(FINDINGS, company)) & (TRAINING | {"scipy", "sklearn", "lightgbm"})
