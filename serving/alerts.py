"""Alerts of playbooks as messages: put down once by their key, and delivered as what is told of tiers is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.actions import ALERTS, KeptActions, plain
from serving.delivery import KEPT_SECONDS
from serving.store import Store
from serving.watch import Watch
from serving.webhook_settings import WebhookSettings
from serving.webhooks import moment, put_down

ALERTED = "account.alerted"
LOOKS_EVERY_SECONDS = 5.0


@dataclass
class AlertTeller:
    """Puts down the alerts of the last run of `perennial actions`, once a run and each alert once altogether.

    Any number of hosts may look at the same alerts: an alert has one id, and the store keeps one message of it.
    """

    store: Store
    kept: KeptActions
    clock: Callable[[], float] = time.time
    _told: str = ""

    def look(self) -> None:
        """Put down what was not put down yet."""
        run = self.kept.latest()
        if run is None or run.made == self._told or ALERTS not in run.frames:
            return
        now = self.clock()
        # Messages are kept for so long: of what is older nobody would know whether it was told.
        since = moment(now - KEPT_SECONDS)[:10]
        with self.store.writing() as connection:
            for alert in (one for one in plain(run.frames[ALERTS]) if str(one["happened_on"]) > since):
                put_down(connection, f"msg_{alert['key']}", str(alert["account_id"]), _body(alert, now), now)
        self._told = run.made


def alert_watch(store: Store, folder: Path, settings: WebhookSettings) -> Watch | None:
    """Return what puts down, once started, the alerts that lie in a folder; None where they have no receiver."""
    return Watch(AlertTeller(store, KeptActions(folder)).look, LOOKS_EVERY_SECONDS) if settings.is_on else None


def _body(alert: Mapping[str, Any], now: float) -> str:
    told = {"type": ALERTED, "timestamp": moment(now), "data": dict(alert)}
    return json.dumps(told, allow_nan=False, ensure_ascii=False)
