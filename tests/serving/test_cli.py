"""The command as it is installed: the verbs of learning and those of the service."""

import subprocess
import sys

import pytest

from serving.cli import main

HEAVY = "{'pandas', 'numpy', 'mlflow', 'ibis', 'lightgbm', 'sqlalchemy', 'bentoml', 'httpx'}"


def test_help_names_the_verbs_of_learning_and_of_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    for verb in ("init", "train", "score", "monitor", "serve"):
        assert verb in said


def test_the_command_imports_nothing_heavy() -> None:
    code = f"import sys, serving.cli; print(sorted({HEAVY} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
