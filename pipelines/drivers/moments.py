"""Moments of truth, where an effect is large and often met, and apart from them the places that accounts find bad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from features.compute import parts
from features.streams import CSAT
from pipelines.drivers.driver import Driver
from pipelines.drivers.finding import Figure, Finding
from pipelines.drivers.plain import MOMENT, PAIN, TOUCHPOINT

if TYPE_CHECKING:
    from features.warehouse import Warehouse

LOW_SCORE = 2.5
"""Below it an answer on satisfaction (1 to 5) is a bad one."""
FEWEST_ANSWERS = 20


@dataclass(frozen=True)
class Scores:
    """What accounts said of a touchpoint: number of answers, how many of them low, of how many accounts."""

    n: int
    n_low: int
    n_accounts: int


@dataclass(frozen=True)
class Places:
    """Where experiences happen: the touchpoint of most events of each driver, and what is said of each touchpoint."""

    of_driver: Mapping[str, str]
    scores: Mapping[str, Scores]


NOWHERE = Places({}, {})


def read_places(warehouse: Warehouse, drivers: Sequence[Driver]) -> Places:
    """Return where the drivers' events happen, and what accounts said of each touchpoint, from the event log."""
    import ibis

    from features.events import event_log

    log = event_log(warehouse)
    known = log.filter(log["touchpoint"].notnull())
    wanted = sorted({stream for driver in drivers for part in parts(driver.feature.compute) for stream in part.streams})
    events = known.filter(known["stream"].isin(wanted)) if wanted else known.limit(0)
    counts = events.group_by("stream", "kind", "touchpoint").aggregate(n=ibis._.count()).to_pyarrow().to_pylist()
    said = known.filter(known["stream"] == CSAT).group_by("touchpoint")
    low = (ibis._["value"] < LOW_SCORE).cast("int64").sum()
    answers = said.aggregate(n=ibis._.count(), n_low=low, n_accounts=ibis._["account_id"].nunique())
    scores = {
        row["touchpoint"]: Scores(row["n"], row["n_low"], row["n_accounts"]) for row in answers.to_pyarrow().to_pylist()
    }
    found = {driver.name: _most_common(driver, counts) for driver in drivers}
    return Places({name: place for name, place in found.items() if place}, scores)


def moments_of_truth(findings: Sequence[Finding], places: Places) -> tuple[Finding, ...]:
    """Return the findings, those of causes with what they cost at their touchpoint: effect x how often.

    In churners for every 1,000 accounts within the horizon, at the share that has it bad today; the interval is that of
    the effect.
    """
    return tuple(_with_moment(finding, places.of_driver.get(finding.driver.name)) for finding in findings)


def pain_points(places: Places) -> tuple[Figure, ...]:
    """Return the share of low answers at each touchpoint with enough of them, the worst first (counted, not caused)."""
    from statsmodels.stats.proportion import proportion_confint

    figures = []
    for place, said in places.scores.items():
        if said.n >= FEWEST_ANSWERS:
            low, high = proportion_confint(said.n_low, said.n, method="wilson")
            figures.append(
                Figure(PAIN, 100 * said.n_low / said.n, 100 * float(low), 100 * float(high), unit="% of answers",
                       basis="counted", group_by=TOUCHPOINT, group=place, n_rows=said.n, n_bad=said.n_low,
                       n_accounts=said.n_accounts, sentence="answers on satisfaction of 2 or less, of 1 to 5")
            )  # fmt: skip
    return tuple(sorted(figures, key=lambda figure: -figure.value))


def _with_moment(finding: Finding, place: str | None) -> Finding:
    effect, share = finding.figure("effect"), finding.figure("share bad")
    if finding.verdict != "cause" or effect is None or share is None or place is None:
        return finding
    often = share.value / 100 * 10
    told = replace(
        effect, figure=MOMENT, group_by=TOUCHPOINT, group=place, unit="churners per 1,000 accounts", p_value=np.nan,
        value=effect.value * often, low=effect.low * often, high=effect.high * often,
        sentence=f"effect x the {share.value:.1f} % of accounts that have it bad today",
    )  # fmt: skip
    return replace(finding, figures=(*finding.figures, told))


def _most_common(driver: Driver, counts: Sequence[Mapping[str, object]]) -> str | None:
    n: dict[str, int] = {}
    for part in parts(driver.feature.compute):
        for row in counts:
            if row["stream"] in part.streams and part.kind in (None, row["kind"]):
                n[str(row["touchpoint"])] = n.get(str(row["touchpoint"]), 0) + int(str(row["n"]))
    return max(sorted(n), key=lambda place: n[place], default=None)
