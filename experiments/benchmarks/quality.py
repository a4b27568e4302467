"""How well the model does on public data, beside a business rule and logistic regressions on the same folds."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import tomli_w

from experiments.benchmarks.report import Figure, arguments, run
from experiments.datasets import ONLINE_RETAIL, RAVENSTACK, TELCO, Dataset
from features.panel import Panel
from pipelines.churn.evaluation import MODEL, Evaluation, held_out_evaluation, usual_learners
from pipelines.churn.splits import out_of_fold
from pipelines.config import Settings
from pipelines.learning import evaluate
from pipelines.train import gate
from pipelines.training_data import read_panel

UNITS = {
    "auc": "share",
    "average_precision": "share",
    "log_loss": "nats",
    "brier": "share",
    "ece": "share",
    "lift": "x",
}
TELCO_BARS = {"auc": ">= 0.849", "log_loss": "<= 0.412"}
STARTS = 5
# Of the program itself: what the system says of a child includes the parent that it was copied from.
TRAIN_AND_TELL = """
import re, sys
from pathlib import Path
from pipelines.cli import main
code = main(["train", "--config", sys.argv[1]])
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1))
sys.exit(code)
"""


def main() -> int:
    """Run the benchmark from the command line."""
    return run("quality", measure, arguments(__doc__ or "").parse_args())


def measure(options: argparse.Namespace) -> list[Figure]:
    """Return the figures of every data set, then time and memory of the command."""
    seeds = range(1 if options.quick else options.seeds)
    figures = [*telco(options.data, seeds)]
    if not options.quick:
        figures += [*online_retail(options.data), *ravenstack(options.data)]
        figures += [*training(options.data), *starting()]
    return figures


def telco(data: Path, seeds: Sequence[int]) -> Iterator[Figure]:
    """Five stratified folds for each seed; means over folds and seeds, the way public benchmarks print them."""
    panel, _ = panel_of(TELCO, data)
    found = []
    for seed in seeds:
        split = out_of_fold(panel.matured["account_id"], panel.matured["churned"], n_folds=5, seed=seed)
        found.append(held_out_evaluation(panel.matured, panel.features, split, usual_learners(seed=seed), seed=seed))
    for name in found[0].fold_means:
        for key, unit in UNITS.items():
            mean = statistics.fmean(one.fold_means[name][key] for one in found)
            yield Figure(f"telco.{name}.{key}", mean, unit, TELCO_BARS.get(key) if name == MODEL else None)
        seconds = statistics.fmean(one.seconds[name] for one in found)
        yield Figure(f"telco.{name}.seconds", seconds, "s for five folds")
    yield from _gains("telco", found[0], bars=False)


def online_retail(data: Path) -> Iterator[Figure]:
    """Out of time; the model has to be better than recency and than logistic regression, beyond the interval."""
    panel, settings = panel_of(ONLINE_RETAIL, data)
    yield from _judged("online_retail", evaluate(panel, settings), bars=True)


def ravenstack(data: Path) -> Iterator[Figure]:
    """Labels without signal: the gate has to refuse."""
    panel, settings = panel_of(RAVENSTACK, data)
    evaluation = evaluate(panel, settings)
    yield from _judged("ravenstack", evaluation, bars=False)
    yield Figure("ravenstack.refused", float(not gate(evaluation).passed), "1 is yes", "== 1")


def panel_of(dataset: Dataset, data: Path) -> tuple[Panel, Settings]:
    """Return the training panel of a public data set, and its settings."""
    # What the reading keeps is thrown away: each run starts from nothing.
    with tempfile.TemporaryDirectory() as home:
        settings = dataset.configured(data, Path(home))
        return read_panel(settings, lambda _: None), settings


def _judged(name: str, evaluation: Evaluation, *, bars: bool) -> Iterator[Figure]:
    for learner, figures in evaluation.figures.items():
        for key, unit in UNITS.items():
            yield Figure(f"{name}.{learner}.{key}", figures[key].value, unit)
        yield Figure(f"{name}.{learner}.seconds", evaluation.seconds[learner], "s")
    yield from _gains(name, evaluation, bars=bars)


def _gains(name: str, evaluation: Evaluation, *, bars: bool) -> Iterator[Figure]:
    """How much better the model is, at the lower end of the paired 95 % interval."""
    for baseline, gains in evaluation.gains.items():
        for key in ("auc", "log_loss"):
            bar = "> 0" if bars else None
            yield Figure(f"{name}.gain_over.{baseline}.{key}.low", gains[key].low, UNITS[key], bar)


def training(data: Path) -> Iterator[Figure]:
    """`perennial train` on Telco as a user runs it: seconds, and the most memory it held."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "perennial.toml"
        config.write_text(tomli_w.dumps(TELCO.settings | {"data": {"location": str((data / TELCO.folder).resolve())}}))
        start = time.perf_counter()
        told = _run(sys.executable, "-c", TRAIN_AND_TELL, str(config))
        yield Figure("telco.train.seconds", time.perf_counter() - start, "s", "<= 60")
    yield Figure("telco.train.peak_memory", int(told.split()[-1]) / 2**20, "GiB", "< 1")


def starting() -> Iterator[Figure]:
    """Median seconds to import the command, and to print its help."""
    importing = [sys.executable, "-c", "import serving.cli"]
    helping = [str(Path(sys.executable).parent / "perennial"), "--help"]
    for name, command in (("import", importing), ("help", helping)):
        seconds = []
        for _ in range(STARTS):
            start = time.perf_counter()
            _run(*command)
            seconds.append(time.perf_counter() - start)
        yield Figure(f"command.{name}.seconds", statistics.median(seconds), "s", "< 0.5")


def _run(*command: str) -> str:
    """Run a command and return what it printed; a refusal by the gate (exit 1) is an answer too."""
    ran = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=False)  # noqa: S603
    if ran.returncode not in (0, 1):
        raise RuntimeError(ran.stderr)
    return ran.stdout


if __name__ == "__main__":
    sys.exit(main())
