"""How likely an account is to stay for how long, as predicted."""

from __future__ import annotations

from serving.dashboard.blocks import Chart
from serving.dashboard.numbers import in_words
from serving.dashboard.table import Column, Table
from serving.payloads import Ahead, Prediction

HEIGHT = 300


def retention(found: Prediction, ahead: Ahead) -> Chart:
    """Return the retention curve of an account, with the interval where there is one: at the horizon."""
    days = [0, *(point.days for point in ahead.retention)]
    stayed = [1.0, *(point.prob for point in ahead.retention)]
    at_horizon = 1 - found.churn_prob
    curve = {
        "type": "scatter",
        "mode": "lines",
        "x": days,
        "y": stayed,
        "line": {"color": "--predicted", "width": 2},
        "hovertemplate": "%{x} days: %{y:.0%} stay<extra></extra>",
    }
    horizon = {
        "type": "scatter",
        "mode": "markers",
        "x": [found.horizon_days],
        "y": [at_horizon],
        "marker": {"color": "--predicted", "size": 8},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [found.churn_prob - found.churn_prob_low],
            "arrayminus": [found.churn_prob_high - found.churn_prob],
            "color": "--predicted",
            "width": 6,
        },
        "hoverinfo": "skip",
    }
    return Chart(
        "retention",
        "How long it may stay",
        _says(found, ahead),
        [curve, horizon],
        _table(days, stayed),
        {
            "xaxis": {"title": {"text": "Days from now"}, "rangemode": "tozero"},
            "yaxis": {"range": [0, 1.02], "tickformat": ".0%"},
            "margin": {"l": 8, "r": 12, "t": 8, "b": 48},
        },
        HEIGHT,
    )


def _says(found: Prediction, ahead: Ahead) -> str:
    low, high = 1 - found.churn_prob_high, 1 - found.churn_prob_low
    stays = f"{in_words(1 - found.churn_prob, 'share')} ({in_words(low, 'share')} to {in_words(high, 'share')})"
    life = ahead.median_life_days
    half = f"; it is as likely gone as not after {life:,.0f} days" if life else ""
    return (
        f"Predicted: with {stays} it stays {found.horizon_days} days{half}. The 90 % interval is known at "
        f"{found.horizon_days} days only: the curve has none of its own."
    )


def _table(days: list[int], stayed: list[float]) -> Table:
    columns = [Column("days", "Days", "number"), Column("stays", "Stays so long (predicted)", "number", "share")]
    return Table("retention", "Probability of staying, by days", columns, list(zip(days, stayed, strict=True)))
