"""A release in which every kind of finding is told or refused, with names that no page may take for markup."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from features.catalog import Feature
from pipelines.churn.bootstrap import Interval
from pipelines.drivers.driver import Driver, Levels
from pipelines.drivers.finding import Figure, Finding, findings_table
from pipelines.drivers.whatif_levels import AtLevel, levels_table
from pipelines.release import Release
from pipelines.segmentation.comparison import Comparison, Told
from pipelines.segmentation.migration import Drift, Migration
from pipelines.segmentation.nonresponse import Share
from pipelines.segmentation.portrait import Portrait
from pipelines.segmentation.profile import Outcome, Profile
from pipelines.segmentation.segmentation import Segment, Segmentation
from pipelines.segmentation.trait import Trait
from pipelines.segmentation.unanswered import Unanswered
from serving.dashboard.board import Board

HOSTILE = '</script><b onmouseover="x()">Small & "thrifty"</b>'
NOBODY = np.zeros(0, dtype=bool)
N = {"n_rows": 900, "n_bad": 210, "n_accounts": 300}


def figure(name: str, *ends: float, group_by: str = "all", group: str = "all", **said: Any) -> Figure:
    return Figure(name, *ends, group_by=group_by, group=group, **(N | said))


def finding(name: str, words: str, verdict: Any, figures: tuple[Figure, ...], **said: Any) -> Finding:
    tier = said.get("tier", "operations")
    feature = Feature(f"{name}_90d", said.get("family", "experience"), tier, "count", words, direction=1)
    levels = Levels(NOBODY, NOBODY, 1.0, 0.0, said.get("contrast", "at least one against none"))
    q_value = 0.01 if verdict == "cause" else math.nan
    return Finding(Driver(name, feature), levels, verdict, said.get("sentence", f"about {name}"), q_value, figures)


ESCALATION = (
    figure("effect", 4.25, 1.5, 7.0),
    figure("hidden cause", 4.25, 0.5, 8.0, basis="check", sentence="were a common cause as strong as all of usage"),
    figure("share bad", 12.0, 10.0, 14.0, unit="% of accounts", basis="counted"),
    figure("churners saved", 8.5, 3.0, 14.0, unit="accounts", n_bad=200),
    figure("revenue saved", 43_210.0, 11_000.0, 75_000.0, unit="money a month", n_bad=200),
    figure(
        "moment of truth", 5.1, 1.8, 8.4, unit="churners per 1,000 accounts", group_by="touchpoint", group="support"
    ),
    figure("effect", 6.5, 2.0, 11.0, group_by="firmographic", group=HOSTILE),
    Figure.untold("effect", "accounts had it bad 3 times only", "firmographic", "Large"),
    figure("effect", 2.0, -1.0, 5.0, group_by="engagement", group="engaged"),
)
RESPONSE = (
    figure("effect", 3.0, 1.0, 5.0),
    figure("hidden cause", 3.0, -0.5, 6.5, basis="check", sentence="were a common cause as strong as all of usage"),
    figure("penalty", 2.5, 0.5, 4.5, sentence="a bad experience against a normal one"),
    figure("reward", -0.4, -2.0, 1.2, sentence="a good experience against a normal one"),
)
FINDINGS = (
    finding("escalation", "Escalations, last 90 days", "cause", ESCALATION),
    finding("first_response", "First response", "cause", RESPONSE, contrast="24 hours or more against 8 hours or less"),
    finding("mail", "Mails", "none found", (figure("effect", 0.2, -1.0, 1.4),), family="engagement"),
    finding(
        "mood",
        "<i>Mood</i>",
        "withheld",
        (figure("effect", 1.0, 0.2, 1.8),),
        tier="perception",
        sentence="more of it does harm in one place and good in another: no one number tells",
    ),
    finding(
        "exit",
        "Champion left",
        "refused",
        (Figure.untold("effect", "no account ever had it bad"),),
        sentence="no account ever had it bad",
    ),
)
OTHERS = (
    figure("controllable bound", 21.0, 9.0, 33.0, unit="% of the churners expected", n_bad=0, sentence="at most 33 %"),
    figure(
        "pain point", 30.0, 25.0, 35.0, unit="% of answers", basis="counted", group_by="touchpoint", group="billing"
    ),
)


def saved(value: float, low: float, high: float, group_by: str = "all", group: str = "all") -> tuple[Figure, ...]:
    at = {"group_by": group_by, "group": group}
    return (
        figure("effect", value / 2, low / 2, high / 2, **at),
        figure("churners saved", value, low, high, unit="accounts", n_bad=200, sentence="within 90 days", **at),
        figure("revenue saved", value * 4000, low * 4000, high * 4000, unit="money a month", n_bad=200, **at),
    )


WHAT_IF = (
    AtLevel(
        "escalation",
        0.0,
        "at least one against none",
        (
            *saved(8.5, 3.0, 14.0),
            *saved(2.25, 0.5, 4.0, "firmographic", HOSTILE),
            Figure.untold("effect", "accounts had it bad 3 times only", "firmographic", "Large"),
        ),
    ),
    AtLevel("first_response", 16.0, "24 hours or more against 16 hours or less", saved(4.0, 1.0, 7.0)),
    AtLevel("first_response", 8.0, "24 hours or more against 8 hours or less", saved(6.0, 2.0, 10.0)),
)


def trait(sentence: str, effect: float, level: str | None = None) -> Trait:
    return Trait("seats", sentence, "seats", level, 0.4, 0.2, effect, effect - 0.1, effect + 0.1, 120)


def _segments(name: str, *names: str) -> Segmentation:
    segments = tuple(
        Segment(f"{name}-{place}", said, said, 200 - 50 * place, 0.6 / place, 0.9 - 0.2 * place)
        for place, said in enumerate(names, start=1)
    )
    return Segmentation(name, segments, f"{len(names)} segments: the finest stable of those shortlisted")


def _portrait(of: Segmentation) -> Portrait:
    first, second = (one.id for one in of.segments)
    churn = ("churned within 90 days", "share")
    profiles = (
        Profile(
            first,
            (trait("Seats", 1.25), trait("<u>Plan</u>", -0.5, "free")),
            (
                Outcome(*churn, 0.2, 0.15, 0.26, 0.1, 150),
                Outcome("Revenue", "money a month", 950.5, 900.0, 1001.0, 700.0, 150),
            ),
            ("A-0001", "A/2 <x>"),
        ),
        Profile(second, (), (Outcome(*churn, 0.04, 0.02, 0.08, 0.1, 100),), ()),
    )
    months = Migration(
        "months",
        "2025-01-01",
        "2026-01-01",
        (first, second),
        (first, second, "left"),
        ((90, 8, 2), (6, 92, 2)),
        ("95.0% of accounts that remain are in the same segment",),
    )
    releases = Migration("releases", "2025-12-31-z", None, (first, "old-9"), (first, second), ((140, 0), (10, 100)), ())
    drift = Drift(
        ("2025-12-01", "2026-01-01"),
        (first, second),
        ((0.6, 0.4), (0.55, 0.45)),
        (0.0, 0.01),
        (240, 250),
        0.01,
        "no shift from 2025-12-01 to 2026-01-01",
    )
    return Portrait(profiles, months, releases, drift)


COMPARISONS = (
    Comparison(
        "churn within 90 days",
        250,
        (Told("needs", 2, 0.04, 0.01, 0.07), Told("firmographic", 2, 0.02, -0.01, 0.05)),
        "cannot be told apart: needs segments tell 4.0% of it",
    ),
    Comparison("Latest NPS answer", 40, (), "cannot be told: 40 accounts are known in full (at least 100)"),
)


@pytest.fixture(scope="session")
def found_release(releases: dict[str, Release]) -> Release:
    firmographic, needs = _segments("firmographic", HOSTILE, "Large"), _segments("needs", "Price first", "Care first")
    none = Segmentation(
        "behavioural", (Segment("behavioural-all", "all", "all", 250, 1.0),), "one segment: no split is a gain"
    )
    shares = (Share(0.6, 0.55, 0.5, 0.6, 0.24, 0.84), Share(0.4, 0.45, 0.4, 0.5, 0.16, 0.76))
    never = Unanswered(
        100, 250, "predicted from what else is known: AUC 0.80", 80.0, Interval(0.8, 0.7, 0.9), None, None, shares
    )
    return replace(
        releases["2026-01-31-a"],
        drivers=findings_table(FINDINGS, OTHERS),
        what_if=levels_table(WHAT_IF),
        segmentations={"firmographic": firmographic, "behavioural": none, "needs": needs},
        portraits={
            "firmographic": _portrait(firmographic),
            "behavioural": Portrait((Profile("behavioural-all", (), (), ()),)),
            "needs": replace(_portrait(needs), unanswered=never),
        },
        comparisons=COMPARISONS,
    )


@pytest.fixture(scope="session")
def board(found_release: Release) -> Board:
    return Board(found_release)


@pytest.fixture(scope="session")
def looked_at() -> Callable[[Release], Any]:
    """A client that asks for the pages of a release."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from starlette.testclient import TestClient
    from serving.dashboard.app import dashboard

    def client(release: Release) -> Any:
        predictor = SimpleNamespace(release=release)
        answers: Any = SimpleNamespace(
            champion=SimpleNamespace(predictor=predictor, releases=Path("releases")),
            published=SimpleNamespace(store=None),
            not_ready=lambda: None,
            suggested=None,
        )
        return TestClient(Starlette(routes=[Mount("/dashboard", dashboard(lambda: answers, lambda: None))]))

    return client


@pytest.fixture(scope="session")
def pages(found_release: Release, looked_at: Callable[[Release], Any]) -> Any:
    return looked_at(found_release)


def _coloured(said: Any) -> Any:
    if isinstance(said, str) and said.startswith("--"):
        return "#12345672" if "/" in said else "#123456"
    if isinstance(said, dict):
        return {name: _coloured(value) for name, value in said.items()}
    return [_coloured(one) for one in said] if isinstance(said, list | tuple) else said


@pytest.fixture(scope="session")
def check_charts() -> Callable[[Any], list[str]]:
    """Draw every picture of a page as Plotly would, and return their names."""
    import plotly.graph_objects as go

    from serving.dashboard.blocks import Chart

    def check(page: Any) -> list[str]:
        blocks = [one for section in page.sections for one in (*section.blocks, *section.beside)]
        charts = [one for one in blocks if isinstance(one, Chart)]
        for chart in charts:
            go.Figure(_coloured(chart.data), _coloured(chart.layout))
            assert chart.table.rows, chart.name
            assert chart.says.endswith("."), chart.says
        return [chart.name for chart in charts]

    return check
