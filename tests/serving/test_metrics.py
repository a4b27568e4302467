"""Metrics: what is counted is what happened, and the dashboard asks for nothing else."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.audit import Line
from serving.backlog import Backlog
from serving.metrics import Metrics
from serving.routes import rule_of

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana.json"
WORKER = """
from serving.audit import Line
from serving.metrics import Metrics
from serving.routes import rule_of
metrics = Metrics()
metrics.request(Line("a", "POST", rule_of("/predict"), status=200, seconds=0.01))
print(metrics.text())
"""
BUSY = """
import sys
from serving.metrics import Metrics
Metrics().in_flight.set(3)
print(3, flush=True)
sys.stdin.read()
"""


def _samples(text: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(text)
    return {
        (sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_what_is_counted_is_what_happened() -> None:
    metrics = Metrics()
    for path, status, seconds in (("/predict", 200, 0.004), ("/predict", 429, 0.0001), ("/accounts/A-1", 404, 0.2)):
        metrics.request(Line("a", "POST", rule_of(path), status=status, seconds=seconds))
    metrics.predicted({"high": 2, "low": 1})
    metrics.happened("swapped")
    metrics.happened("refused")
    metrics.look(None, "damaged", Backlog(True, 3, 1.5, 4, 2, 1))
    found = _samples(metrics.text())
    assert found[("perennial_requests_total", "route=/predict", "status=200")] == 1
    assert found[("perennial_requests_total", "route=unlisted", "status=404")] == 1
    assert found[("perennial_request_seconds_bucket", "le=0.005", "route=/predict")] == 2
    assert found[("perennial_scores_total", "tier=high")] == 2
    for name, value in (
        ("perennial_release_swaps_total", 1),
        ("perennial_releases_refused_total", 1),
        ("perennial_release_refused", 1),
        ("perennial_due_accounts", 3),
        ("perennial_freshness_lag_seconds", 1.5),
        ("perennial_webhooks_waiting", 4),
        ("perennial_webhooks_retried", 2),
        ("perennial_webhooks_dead", 1),
        ("perennial_store_up", 1),
    ):
        assert found[(name,)] == value
    assert "A-1" not in metrics.text()


def test_a_store_that_does_not_answer_is_told_and_what_it_said_last_stays() -> None:
    metrics = Metrics()
    metrics.look(None, None, Backlog(True, 3))
    metrics.look(None, None, Backlog())
    found = _samples(metrics.text())
    assert (found[("perennial_store_up",)], found[("perennial_due_accounts",)]) == (0, 3)


def test_of_several_workers_the_sum_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for n in (1, 2):
        ran = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, text=True, check=True)
        assert _samples(ran.stdout)[("perennial_requests_total", "route=/predict", "status=200")] == n


def test_what_a_killed_worker_had_in_flight_is_in_flight_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as busy:
        assert busy.stdout is not None
        assert busy.stdout.readline() == b"3\n"
        assert _in_flight_told_by_another() == 3
        busy.kill()
    assert _in_flight_told_by_another() == 0


def _in_flight_told_by_another() -> float:
    code = "from serving.metrics import Metrics; print(Metrics().text())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return _samples(ran.stdout)[("perennial_requests_in_flight",)]


def test_the_dashboard_asks_only_for_metrics_that_there_are() -> None:
    metrics = Metrics()
    metrics.request(Line("a", "POST", rule_of("/predict"), status=200))
    metrics.predicted({"high": 1})
    there = {name for name, *_ in _samples(metrics.text())}
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    asked = {
        name for panel in panels for target in panel["targets"] for name in re.findall(r"perennial_\w+", target["expr"])
    }
    assert asked <= there
    unseen = {name for name in there - asked if not name.endswith(("_created", "_count", "_sum"))}
    assert unseen == set()
    assert len({panel["id"] for panel in panels}) == len(panels)
