"""What the programme tells of a question, as blocks of a page."""

from __future__ import annotations

from pipelines.experience.found import Found
from pipelines.experience.told import Told
from serving.dashboard.blocks import Chart
from serving.dashboard.topics import Question, answered

SURVEYS = Question("survey metrics", "What accounts say")


def _nps(month: str, value: float, kind: str = "periodic") -> Found:
    return Found(
        "survey metrics", "nps", value, value - 5, value + 5, "points", group_by="survey_type / month",
        group=f"{kind} / {month}", n=40, n_accounts=30,
    )  # fmt: skip


def _charts(*found: Found) -> list[Chart]:
    section = answered(Told("2026-01-31", found, why_not=""), SURVEYS)
    return [block for block in section.blocks if isinstance(block, Chart)]


def test_months_are_a_line_in_their_order_with_intervals() -> None:
    (chart,) = _charts(_nps("2025-12", 12.0), _nps("2025-11", 10.0), _nps("2026-01", 30.0))
    (line,) = chart.data
    assert line["mode"] == "lines+markers"
    assert line["x"] == ["2025-11-01", "2025-12-01", "2026-01-01"]
    assert line["y"] == [10.0, 12.0, 30.0]
    assert line["error_y"]["array"] == line["error_y"]["arrayminus"] == [5.0, 5.0, 5.0]
    assert chart.title == "NPS, month by month"
    assert len(chart.table.rows) == 3


def test_kinds_of_surveys_are_lines_of_their_own() -> None:
    months = ("2025-11", "2025-12", "2026-01")
    (chart,) = _charts(*(_nps(month, 10.0, kind) for month in months for kind in ("event", "periodic")))
    assert [line["name"] for line in chart.data] == ["event", "periodic"]


def test_two_months_are_no_line() -> None:
    assert _charts(_nps("2025-11", 10.0), _nps("2025-12", 12.0)) == []
