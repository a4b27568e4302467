"""The mistakes of real exports, one column at a time: which rows can have them, and what then stands there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

Spoilt: TypeAlias = Callable[[pd.Series, pd.DataFrame, np.random.Generator], pd.Series]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake in a column of a table.

    `spoilt` takes the true values, their rows and luck, and returns what is exported instead. Rows have the column
    ENDS too. `can` tells which rows could have the mistake.
    """

    kind: str
    table: str
    column: str
    spoilt: Spoilt
    can: Callable[[pd.DataFrame], pd.Series] | None = None


ENDS = "_ends"
"""When the account's last subscription ends, NaT while it runs."""


def last_ends(subscriptions: pd.DataFrame) -> pd.Series:
    """Return when each account's last subscription ends by account_id, NaT while it runs.

    >>> starts = pd.to_datetime(["2024-01-01", "2025-01-01"])
    >>> terms = {"account_id": "a", "start_date": starts, "end_date": [starts[1], pd.NaT]}
    >>> last_ends(pd.DataFrame(terms)).to_dict()
    {'a': NaT}
    """
    last = subscriptions.sort_values("start_date").drop_duplicates("account_id", keep="last")
    return last.set_index("account_id")["end_date"]


def _nothing(values: pd.Series, rows: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return values.where(np.zeros(len(values), dtype=bool))


def _stranger(values: pd.Series, rows: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return "X" + values.str[1:]


def _in_capitals(values: pd.Series, rows: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return values.str.upper()


def _in_small_letters(values: pd.Series, rows: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return values.str.lower()


def _among_spaces(values: pd.Series, rows: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return " " + values + "  "


def _accented(values: pd.Series, rows: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return values + " (Übergabe)"


def _with_comma(values: pd.Series, rows: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return as_text(values).str.replace(".", ",")


def _no_time(values: pd.Series, rows: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    texts = ["soon", "2024-02-30", "2024-13-01", "2024-06-01 25:00:00"]
    return pd.Series(rng.choice(texts, len(values)), values.index, dtype="str")


def _in_seventy_years(values: pd.Series, rows: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return values + pd.DateOffset(years=70)


def _after_the_end(values: pd.Series, rows: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    return rows[ENDS] + pd.to_timedelta(rng.integers(1, 20 * 86_400, len(rows)), unit="s")


def _constant(value: object) -> Spoilt:
    return lambda values, rows, rng: pd.Series(value, values.index)


def _before(column: str) -> Spoilt:
    """Up to a month before another column."""
    return lambda values, rows, rng: rows[column] - pd.to_timedelta(rng.integers(1, 30, len(rows)), unit="D")


def _is_followed(terms: pd.DataFrame) -> pd.Series:
    """Not an account's last term: without that one, all that came in it would seem to come after the end."""
    return terms["account_id"].duplicated(keep="last")


def _has_ended(rows: pd.DataFrame) -> pd.Series:
    return rows[ENDS].notna()


def _still_runs(rows: pd.DataFrame) -> pd.Series:
    return rows[ENDS].isna()


def as_text(values: pd.Series) -> pd.Series:
    """Return numbers or times as an export to text writes them.

    >>> as_text(pd.Series([12.5, None])).tolist()
    ['12.5', nan]
    """
    if pd.api.types.is_datetime64_dtype(values):
        values = values.dt.strftime("%Y-%m-%d %H:%M:%S")
    text: pd.Series = values.astype("str")
    return text


# Of one column, mistakes that leave its type as it is come first.
MISTAKES = (
    Mistake("not UTF-8", "touchpoints", "name", _accented),
    Mistake("end before start", "contacts", "active_to", _before("active_from")),
    Mistake("unknown category", "contacts", "role", _constant("Boss")),
    Mistake("unknown account", "contacts", "account_id", _stranger),
    Mistake("end before start", "subscriptions", "end_date", _before("start_date"), _is_followed),
    Mistake("number with a decimal comma", "subscriptions", "mrr", _with_comma, _is_followed),
    Mistake("after the end", "transactions", "occurred_at", _after_the_end, _has_ended),
    Mistake("unreadable time", "transactions", "occurred_at", _no_time),
    Mistake("number with a decimal comma", "transactions", "amount", _with_comma),
    Mistake("unknown account", "transactions", "account_id", _stranger),
    Mistake("after the end", "activities", "occurred_at", _after_the_end, _has_ended),
    Mistake("in the future", "activities", "occurred_at", _in_seventy_years, _still_runs),
    Mistake("missing value", "activities", "event", _nothing),
    Mistake("missing value", "activities", "account_id", _nothing),
    Mistake("unknown category", "activities", "direction", _constant("sideways")),
    Mistake("other capitals", "activities", "account_id", _in_small_letters),
    Mistake("spaces around", "activities", "account_id", _among_spaces),
    Mistake("answer before the question", "cases", "first_response_at", _before("opened_at")),
    Mistake("answer before the question", "cases", "closed_at", _before("opened_at")),
    Mistake("out of range", "cases", "reopened_count", _constant(-1)),
    Mistake("missing value", "cases", "opened_at", _nothing),
    Mistake("unreadable time", "survey_invitations", "sent_at", _no_time),
    Mistake("out of range", "survey_responses", "score", _constant(99.0)),
    Mistake("missing value", "survey_responses", "score", _nothing),
    Mistake("other capitals", "survey_responses", "metric", _in_capitals),
    Mistake("spaces around", "survey_responses", "metric", _among_spaces),
    Mistake("in the future", "internal_ratings", "rated_at", _in_seventy_years, _still_runs),
    Mistake("out of range", "interventions", "propensity", _constant(1.4)),
    Mistake("end before start", "interventions", "delivered_at", _before("assigned_at")),
    Mistake("unknown category", "interventions", "assigned_by", _constant("the boss")),
)
