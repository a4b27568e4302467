"""Calibration: what was predicted beside what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.dashboard.blocks import Chart
from serving.dashboard.table import Column, Table

COLUMNS = (
    Column("tenth", "Tenth of the rows"),
    Column("predicted", "Mean probability (predicted)", "number", "share"),
    Column("counted", "Churned (counted)", "number", "share"),
    Column("low", "At least", "number", "share"),
    Column("high", "At most", "number", "share"),
    Column("n_rows", "Account-dates", "number"),
    Column("n_accounts", "Accounts", "number"),
)


def calibration(tenths: Sequence[Mapping[str, Any]]) -> Chart:
    """Return the picture of held-out rows in tenths of like probability, the least probable first."""
    rows = [[i, *(tenth[column.name] for column in COLUMNS[1:])] for i, tenth in enumerate(tenths, 1)]
    outside = sum(not tenth["low"] <= tenth["predicted"] <= tenth["high"] for tenth in tenths)
    top = 1.05 * max([one[name] for one in tenths for name in ("predicted", "high")], default=1.0)
    points: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": [100 * one["predicted"] for one in tenths],
        "y": [100 * one["counted"] for one in tenths],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [100 * (one["high"] - one["counted"]) for one in tenths],
            "arrayminus": [100 * (one["counted"] - one["low"]) for one in tenths],
            "color": "--predicted",
        },
        "marker": {"color": "--predicted", "size": 8},
        "hovertemplate": "predicted %{x:.1f} %<br>came %{y:.1f} %<extra></extra>",
    }
    ends = [0, 100 * top]
    perfect: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": ends, "y": ends, "hoverinfo": "skip"}
    perfect |= {"line": {"color": "--faint", "dash": "dot", "width": 1}}
    says = (
        f"On the dotted line probabilities mean what they say. Of {len(tenths)} tenths {outside} "
        f"{'lies' if outside == 1 else 'lie'} off it beyond the 95 % interval (accounts drawn anew)."
    )
    return Chart(
        "calibration",
        "Predicted beside counted churn, on rows the model had not seen",
        says,
        [perfect, points],
        Table("calibration", "Tenths of the held-out rows, by probability", COLUMNS, rows),
        {
            "xaxis": {"title": {"text": "predicted, %"}, "range": ends},
            "yaxis": {"title": {"text": "counted, %"}, "range": ends},
        },
        360,
    )
