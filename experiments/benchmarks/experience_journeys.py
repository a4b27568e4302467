"""Journeys, seams and touchpoints whose truth is known, and how often what is found of them is right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_trials import WORLDS_A_SEED, Trial, covered
from pipelines.experience.journey_differences import journey_differences
from pipelines.experience.journey_map import journey_map
from pipelines.experience.seams import seams
from pipelines.experience.touchpoint_lists import INFLUENCE, MOMENT, PAIN, touchpoint_lists

UNTIL = pd.Timestamp("2025-01-01")
PLACES = ("sales", "onboarding", "support", "renewal")
USUAL = np.array([[0.0, 0.8, 0.1, 0.1], [0.1, 0.2, 0.5, 0.2], [0.1, 0.1, 0.4, 0.4], [0.2, 0.1, 0.4, 0.3]])
OTHER = np.array([*USUAL[:2], [0.1, 0.4, 0.3, 0.2], USUAL[3]])
"""A segment that goes back from support to onboarding."""
OWNED = pd.DataFrame({"touchpoint": ["desk", "chat", "invoice", "fair"], "owner": ["Ann", "Ann", "Bob", None]})
THREE = pd.DataFrame({"touchpoint": ["desk", "training", "portal"], "owner": ["Ann", "Bob", None]})
Walk = tuple[str, str, str, int, float]


def walks(rng: np.random.Generator, ways: np.ndarray, names: list[str], steps: int = 12) -> list[Walk]:
    """Return moves of accounts that go from place to place with these probabilities: account, from, to, 1, days."""
    rows = []
    for name in names:
        at = 0
        # Accounts differ in how long their journeys are: their moves are no independent draws.
        for _ in range(rng.integers(3, 2 * steps)):
            to = int(rng.choice(len(PLACES), p=ways[at]))
            rows.append((name, PLACES[at], PLACES[to], 1, float(rng.exponential(5.0))))
            at = to
    return rows


def moves_of(rows: list[Walk]) -> pd.DataFrame:
    """Return the moves summed by account and way, as `visits.read_moves` does."""
    frame = pd.DataFrame(rows, columns=["account_id", "source", "target", "n", "wait_days"])
    return frame.groupby(["account_id", "source", "target"], as_index=False)[["n", "wait_days"]].sum()


def segmented_walks(seed: int, other: np.ndarray, n: int = 150) -> tuple[pd.DataFrame, pd.Series]:
    """Return moves of two segments, the second with probabilities of its own, and the segment of each account."""
    rng = np.random.default_rng(seed)
    names = {kind: [f"{kind}{place}" for place in range(n)] for kind in "ab"}
    moves = moves_of(walks(rng, USUAL, names["a"]) + walks(rng, other, names["b"]))
    return moves, pd.Series({name: kind for kind in names for name in names[kind]})


def seam_answers(seed: int, *, seam: float = 0.1, accounts: int = 250, each: int = 6) -> pd.DataFrame:
    """Answers are lower by `seam` of the scale when the one before was at another owner's touchpoint."""
    rng = np.random.default_rng(seed)
    mood = 0.1 * rng.standard_normal(accounts)
    rows = []
    for account in range(accounts):
        places = rng.choice(["desk", "chat", "invoice"], each)
        owners = np.where(places == "invoice", "Bob", "Ann")
        for step, place in enumerate(places):
            changed = step > 0 and owners[step] != owners[step - 1]
            level = 0.7 - 0.15 * (place == "invoice") - seam * changed + mood[account]
            rows.append((f"A{account}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=30 * step), place, level))
    frame = pd.DataFrame(rows, columns=["account_id", "answered_at", "touchpoint", "score"])
    noise = 0.12 * rng.standard_normal(len(frame))
    return frame.assign(score=frame["score"] + noise, metric="csat", survey_type="event")


def touchpoint_world(
    seed: int, *, leaves: float = 0.2, grows: float = 0.4, n: int = 1500
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A bad answer at the desk adds `leaves` to churn, training adds to growth, the portal is only bad for many."""
    rng = np.random.default_rng(seed)
    scores = {
        "desk": np.clip(rng.normal(0.6, 0.2, n), 0, 1),
        "training": np.clip(rng.normal(0.7, 0.12, n), 0, 1),
        "portal": np.clip(rng.normal(0.35, 0.2, n), 0, 1),
    }
    has_left = rng.random(n) < 0.1 + leaves * (scores["desk"] < 0.375)
    opening = np.exp(rng.normal(6, 0.5, n))
    closing = np.where(has_left, 0, opening * (1 + grows * (scores["training"] - 0.7) + 0.1 * rng.standard_normal(n)))
    ids = [f"A{i}" for i in range(n)]
    year = pd.DataFrame(
        {"account_id": ids, "opening": opening, "closing": closing, "has_left": has_left,
         "tenure_days": rng.uniform(0, 900, n)}
    )  # fmt: skip
    answers = [
        pd.DataFrame({"account_id": ids, "touchpoint": place, "score": score, "answered_at": pd.Timestamp(at)})
        for place, score in scores.items()
        for at in ("2023-11-01", "2024-11-01")
    ]
    return pd.concat(answers, ignore_index=True).assign(metric="csat"), year


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed: of several worlds, so that shares of few seeds are not chance alone."""
    for own in range(WORLDS_A_SEED * seed, WORLDS_A_SEED * (seed + 1)):
        yield from _trials(own)


def _trials(seed: int) -> Iterator[Trial]:
    links = journey_map(moves_of(walks(np.random.default_rng(seed), USUAL, [f"A{i}" for i in range(120)]))).links
    for link in links.to_dict("records"):
        truth = USUAL[PLACES.index(link["source"]), PLACES.index(link["target"])]
        yield covered("journey_map", link["low"], link["high"], truth)
    found = journey_differences(*segmented_walks(seed, OTHER), group_by="needs", seed=seed)
    yield Trial("journey_differences", "right", "support -> onboarding" in {one.figure for one in found})
    none = journey_differences(*segmented_walks(seed, USUAL), group_by="needs", seed=seed)
    yield Trial("journey_differences", "false", none[-1].verdict == "found")
    lost = seams(seam_answers(seed), OWNED)[0]
    yield covered("seams", lost.low, lost.high, -10.0)
    yield Trial("seams", "false", seams(seam_answers(seed, seam=0.0), OWNED)[0].verdict == "found")
    yield Trial("seams.few", "refused", seams(seam_answers(seed, accounts=8), OWNED)[0].verdict == "refused")
    yield from _list_trials(seed)


def _list_trials(seed: int) -> Iterator[Trial]:
    found = touchpoint_lists(*touchpoint_world(seed), THREE, UNTIL)
    certain = {(one.figure, one.group) for one in found if one.verdict == "found"}
    worst = max((one for one in found if one.figure == PAIN), key=lambda one: one.value).group
    planted = {(MOMENT, "desk"), (INFLUENCE, "training")}
    yield Trial("touchpoint_lists", "right", (certain, worst) == (planted, "portal"))
    by = {(one.figure, one.group): one for one in found}
    moment, influence = by[MOMENT, "desk"], by[INFLUENCE, "training"]
    yield covered("touchpoint_lists.moment", moment.low, moment.high, 0.2 * 1000 * moment.n / 1500)
    yield covered("touchpoint_lists.influence", influence.low, influence.high, 4.0)
    for one in touchpoint_lists(*touchpoint_world(seed, leaves=0.0, grows=0.0), THREE, UNTIL):
        if one.figure != PAIN:
            yield Trial("touchpoint_lists", "false", one.verdict == "found")
