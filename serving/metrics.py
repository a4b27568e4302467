"""What the service counts and measures of itself, for Prometheus; of several workers /metrics tells the sum.

Created where a worker starts, not at import: whether values are shared between processes is decided by the environment
that the server sets up for its workers.
"""

from __future__ import annotations

import os
import time
from collections import Counter as Tally
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from pipelines.manifest import Manifest
from serving.audit import Line
from serving.backlog import Backlog
from serving.releases import Happened

LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The metrics of one worker.

    >>> from serving.routes import Rule
    >>> metrics = Metrics()
    >>> metrics.request(Line("crm-1", "POST", Rule("/predict", "predict"), status=200, seconds=0.003))
    >>> 'perennial_requests_total{route="/predict",status="200"} 1.0' in metrics.text()
    True
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter("perennial_requests", "Requests answered", ["route", "status"], registry=own)
        self.seconds = Histogram(
            "perennial_request_seconds", "Time to the answer", ["route"], buckets=LATENCIES, registry=own
        )
        self._of: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self.in_flight = Gauge(
            "perennial_requests_in_flight", "Requests being answered now", registry=own, multiprocess_mode="livesum"
        )
        self.scores = Counter("perennial_scores", "Predictions given", ["tier"], registry=own)
        self.swaps = Counter("perennial_release_swaps", "Releases taken up", registry=own)
        self.refusals = Counter("perennial_releases_refused", "Releases refused", registry=own)
        self.refused = _gauge("perennial_release_refused", "1 where the pointer names a release that is refused", own)
        self.release_age = _gauge("perennial_release_age_seconds", "Since the serving release was made", own)
        self.data_age = _gauge("perennial_release_data_age_seconds", "Since the date the release learnt up to", own)
        self.due = _gauge("perennial_due_accounts", "Accounts whose features wait to be computed", own)
        self.lag = _gauge("perennial_freshness_lag_seconds", "How long the longest waiting account has waited", own)
        self.waiting = _gauge("perennial_webhooks_waiting", "Messages that wait to go out", own)
        self.retried = _gauge("perennial_webhooks_retried", "Those of them that failed at least once", own)
        self.dead = _gauge("perennial_webhooks_dead", "Messages that were given up", own)
        self.store_up = _gauge("perennial_store_up", "1 where the online store answers", own)

    def request(self, line: Line) -> None:
        """Count a request that has ended."""
        kind = line.rule.route, line.status
        if kind not in self._of:  # looking up labels costs more than counting, and there are few
            self._of[kind] = self.requests.labels(kind[0], str(kind[1])), self.seconds.labels(kind[0])
        count, seconds = self._of[kind]
        count.inc()
        seconds.observe(line.seconds)

    def happened(self, what: Happened) -> None:
        """Count a release that was taken up, or refused."""
        (self.swaps if what == "swapped" else self.refusals).inc()

    def predicted(self, tiers: Mapping[str, int] | Tally[str]) -> None:
        """Count predictions that were given, by tier."""
        for tier, n in tiers.items():
            self.scores.labels(tier).inc(n)

    def look(self, manifest: Manifest | None, refused: str | None, backlog: Backlog) -> None:
        """Set what is measured when it is asked for."""
        self.refused.set(refused is not None)
        if manifest is not None:
            self.release_age.set(_age(manifest.created))
            if manifest.as_of is not None:
                self.data_age.set(_age(manifest.as_of))
        self.store_up.set(backlog.is_known)
        if backlog.is_known:
            self.due.set(backlog.due)
            self.lag.set(backlog.lag_seconds)
            self.waiting.set(backlog.waiting)
            self.retried.set(backlog.retried)
            self.dead.set(backlog.dead)

    def text(self) -> str:
        """Return the metrics of all workers of this server in the text format of Prometheus."""
        shared = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        if not shared:
            return generate_latest(self.registry).decode()
        _forget_the_dead(Path(shared))
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together).decode()


def _forget_the_dead(shared: Path) -> None:
    """Leave out what a worker that was killed had in flight: nobody answers it any more."""
    for pid in {int(path.stem.rpartition("_")[2]) for path in shared.glob("gauge_live*_*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
        except PermissionError:
            pass


def _gauge(name: str, meaning: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(name, meaning, registry=registry, multiprocess_mode="mostrecent")


def _age(moment: str) -> float:
    """Seconds since a moment in ISO form; without a zone it is UTC."""
    found = datetime.fromisoformat(moment)
    return time.time() - (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
