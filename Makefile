# Every task of the project, for people and for continuous integration alike.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export BENTOML_DO_NOT_TRACK := True
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help install demo test slow check format lock docs screenshots build clean

help:  ## list these tasks
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(READY)  ## make .venv with everything, at the exact versions of requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

demo: $(READY)  ## the main job on a simulated company: data, check, train, promote, score
	$(BIN)/python -m experiments.demo

test: $(READY)  ## all tests and the examples in docstrings
	@# a worker on each core: threads of theirs would only wait for one another
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -m "not slow" -n auto --dist loadscope

slow: $(READY)  ## the tests that take longest, most of Spark's among them
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -m slow

check: $(READY)  ## style, types, and the one way of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:  ## resolve requirements.lock anew from pyproject.toml, and that of the image from it
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-find-links --no-emit-index-url --group dev --all-extras pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-find-links --no-emit-index-url --extra postgres -c requirements.lock pyproject.toml -o deploy/requirements.lock

docs: $(READY)  ## docs/features.md, from the declarations
	$(BIN)/python -m pipelines.catalogue_page > docs/features.md

screenshots: $(READY)  ## docs/pages/, of the company of the demo; needs Chromium
	$(BIN)/python -m experiments.screenshots

build: $(READY)  ## the wheel, in dist/
	$(BIN)/uv build --quiet --wheel --out-dir dist

clean:  ## remove what the tasks above made
	rm -rf $(VENV) dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
