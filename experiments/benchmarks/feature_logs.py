"""What happens to the accounts of `feature_accounts`: rows for each table of the contract that tells of events."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments.benchmarks.feature_accounts import ENDS, Firms, Int, names, times
from experiments.benchmarks.feature_data import DAY, KINDS, amounts, draw

HOUR = DAY / 24
# More than the log of one file has: what nobody has to do, and what one does who leaves.
ACTIVITIES = {kind: how for kind, how in KINDS.items() if kind not in ("purchase", "case")} | {
    **dict.fromkeys(("webinar", "event", "community", "reference", "beta"), (0.006, 0)),
    "cancellation_page_viewed": (0.003, 0),
}
SENT = np.array([kind in ("email", "call", "visit") for kind in ACTIVITIES])
PLACES = ("product", "onboarding", "support", "billing", "academy", "success")
# What is asked, how often, and on which scale.
QUESTIONS = {
    "recommend": ("nps", 0.6, 0, 10),
    "satisfaction": ("csat", 0.5, 1, 5),
    "effort": ("ces", 0.3, 1, 7),
    "feeling": ("emotion", 0.1, 1, 5),
    **{f"q{item}": ("need", 0.1, 1, 5) for item in range(5)},
}
Rows = dict[str, pa.Table]
Log = Callable[[np.random.Generator, Firms, NDArray[np.int32], Int, Int], Rows]


def happened(rng: np.random.Generator, own: Firms, log: Log, at: Int, month: int) -> Rows:
    """Return the rows of events at these times, of accounts that are there, numbered apart from other months' rows."""
    account = draw(rng, own.tickets, len(at))
    alive = own.alive(account, at)
    return log(rng, own, account[alive], at[alive], month * 1_000_000_000 + np.arange(int(alive.sum())))


def _activities(rng: np.random.Generator, own: Firms, account: NDArray[np.int32], at: Int, ids: Int) -> Rows:
    n = len(at)
    shares, typical = np.array(list(ACTIVITIES.values())).T
    kind = rng.choice(len(shares), n, p=shares / shares.sum())
    is_out = SENT[kind] & (rng.random(n) < 0.6)
    columns = {
        "activity_id": ids,
        "account_id": own.ids.take(pa.array(account)),
        "occurred_at": times(at),
        "event": names(list(ACTIVITIES), kind),
        "contact_id": own.contact(rng, account),
        "touchpoint": names(PLACES, rng.integers(-1, len(PLACES), n)),
        "channel": names(("app", "web", "phone"), rng.integers(0, 3, n)),
        "direction": names(("in", "out"), is_out.astype(np.int64)),
        "value": pa.array(amounts(rng, typical[kind]), from_pandas=True),
    }
    return {"activities": pa.table(columns)}


def _transactions(rng: np.random.Generator, own: Firms, account: NDArray[np.int32], at: Int, ids: Int) -> Rows:
    n = len(at)
    is_return = rng.random(n) < 0.04
    late = np.where(rng.random(n) < 0.05, rng.integers(1, 4 * DAY, n), 0)
    columns = {
        "transaction_id": ids,
        "account_id": own.ids.take(pa.array(account)),
        "occurred_at": times(at),
        "amount": np.round(rng.lognormal(4.8, 0.8, n), 2) * np.where(is_return, -1, 1),
        "product": names([f"Product {i}" for i in range(30)], rng.integers(0, 30, n)),
        "is_return": is_return,
        "recorded_at": times(at + late, late > 0),
    }
    return {"transactions": pa.table(columns)}


def _cases(rng: np.random.Generator, own: Firms, account: NDArray[np.int32], at: Int, ids: Int) -> Rows:
    n = len(at)
    answered = at + (rng.lognormal(1.6, 1.1, n) * HOUR).astype(np.int64)
    closed = answered + (rng.lognormal(3.2, 1.2, n) * HOUR).astype(np.int64)
    columns = {
        "case_id": ids,
        "account_id": own.ids.take(pa.array(account)),
        "opened_at": times(at),
        "first_response_at": times(answered, rng.random(n) < 0.97),
        "closed_at": times(closed, rng.random(n) < 0.95),
        "priority": names(("low", "normal", "high", "urgent"), rng.choice(4, n, p=[0.3, 0.5, 0.15, 0.05])),
        "category": names([f"Category {i}" for i in range(8)], rng.integers(0, 8, n)),
        "is_escalated": rng.random(n) < 0.08,
        "reopened_count": np.maximum(rng.poisson(0.3, n) - 1, 0).astype(np.float64),
        "contact_id": own.contact(rng, account),
        "touchpoint": names(PLACES, rng.integers(-1, len(PLACES), n)),
    }
    return {"cases": pa.table(columns)}


def _surveys(rng: np.random.Generator, own: Firms, account: NDArray[np.int32], at: Int, ids: Int) -> Rows:
    n = len(at)
    invitations = pa.table(
        {
            "invitation_id": ids,
            "account_id": own.ids.take(pa.array(account)),
            "sent_at": times(at),
            "contact_id": own.contact(rng, account, 0.95),
            "survey_type": names(("periodic", "event", "tracking"), rng.integers(0, 3, n)),
            "touchpoint": names(PLACES, rng.integers(-1, len(PLACES), n)),
        }
    )
    replied = at + rng.integers(DAY // 48, 9 * DAY, n)
    answers = (rng.random(n) < 0.35) & (replied < ENDS)
    return {"survey_invitations": invitations, "survey_responses": _responses(rng, invitations, replied, answers)}


def _responses(rng: np.random.Generator, invitations: pa.Table, replied: Int, answers: NDArray[np.bool_]) -> pa.Table:
    """A row for each question that was asked in an answered survey."""
    metric, asked, low, high = (np.array(column) for column in zip(*QUESTIONS.values(), strict=True))
    survey, question = np.nonzero(answers[:, None] & (rng.random((len(answers), len(asked))) < asked))
    lowest, highest = low[question].astype(np.float64), high[question].astype(np.float64)
    score = np.round(lowest + rng.beta(3.0, 1.6, len(survey)) * (highest - lowest))
    rows = invitations.take(pa.array(survey)).drop(["sent_at"])
    number = rows["invitation_id"].to_numpy() * 16 + question
    for name, column in {
        "response_id": number,
        "answered_at": times(replied[survey]),
        "metric": names(metric.tolist(), question),
        "score": score,
        "item": names(list(QUESTIONS), question),
        "scale_min": lowest,
        "scale_max": highest,
    }.items():
        rows = rows.append_column(name, pa.array(column) if isinstance(column, np.ndarray) else column)
    return rows


def _ratings(rng: np.random.Generator, own: Firms, account: NDArray[np.int32], at: Int, ids: Int) -> Rows:
    columns = {
        "rating_id": ids,
        "account_id": own.ids.take(pa.array(account)),
        "rated_at": times(at),
        "score": rng.integers(1, 6, len(at)).astype(np.float64),
        "rater": names([f"Owner {i}" for i in range(50)], rng.integers(0, 50, len(at))),
        "touchpoint": names(PLACES, rng.integers(-1, len(PLACES), len(at))),
    }
    return {"internal_ratings": pa.table(columns)}


def _interventions(rng: np.random.Generator, own: Firms, account: NDArray[np.int32], at: Int, ids: Int) -> Rows:
    n = len(at)
    is_holdout = rng.random(n) < 0.1
    columns = {
        "intervention_id": ids,
        "account_id": own.ids.take(pa.array(account)),
        "assigned_at": times(at),
        "kind": names(("call", "discount", "training"), rng.integers(0, 3, n)),
        "assigned_by": names(("random", "model", "human"), rng.integers(0, 3, n)),
        "propensity": rng.uniform(0.05, 0.95, n),
        "is_holdout": is_holdout,
        "delivered_at": times(at + rng.integers(0, 5 * DAY, n), ~is_holdout),
        "cost": np.round(rng.lognormal(3.0, 0.5, n), 2),
    }
    return {"interventions": pa.table(columns)}


# Each kind of row, and how many of them there are for an event of the log (a case alone makes four).
LOGS: tuple[tuple[Log, float], ...] = (
    (_activities, 0.69),
    (_transactions, 0.08),
    (_cases, 0.026),
    (_surveys, 0.024),
    (_ratings, 0.006),
    (_interventions, 0.005),
)
