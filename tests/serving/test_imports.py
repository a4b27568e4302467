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
from serving.releases import load_predictor
before = sorted(sys.modules)
load_predictor(Path(sys.argv[1]))
print(json.dumps([before, sorted(sys.modules)]))
"""


def test_a_service_process_imports_no_mlflow_no_shap_no_numba_and_no_training_code(company: Any) -> None:
    folder = company.releases_folder / "2026-01-31-a"
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, str(folder)], capture_output=True, text=True, check=True, timeout=60
    )
    before, after = map(set, json.loads(ran.stdout.splitlines()[-1]))
    assert not after & {"mlflow", "shap", "numba", "duckdb", "ibis", "stepmix", "pipelines.train", "pipelines.registry"}
    assert not before & {"pandas", "sklearn", "lightgbm", "scipy"}
