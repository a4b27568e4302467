"""Emotions in comments against labels by hand, what they do to leaving, and how long, in worlds with known truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_silence import left_data
from experiments.benchmarks.experience_trials import Trial, covered
from pipelines.experience.emotions import emotions
from pipelines.experience.fading import fading
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.lexicon import CLUSTERS, clusters_in, read_lexicon

AS_OF = pd.Timestamp("2026-01-01")
WORDS = {"advocacy": "delighted", "recommendation": "we trust them", "attention": "inspiring", "destroying": "fed up"}
LABELLED = (
    ("We are very happy with the service", "advocacy"),
    ("The team is amazing, I love working with them", "advocacy"),
    ("Delighted, as always", "advocacy"),
    ("Excellent product", "advocacy"),
    ("We recommend you to everyone we meet", "advocacy"),
    ("We trust your people", "recommendation"),
    ("I feel listened to", "recommendation"),
    ("They care about us and we feel safe", "recommendation"),
    ("Always reliable", "recommendation"),
    ("I can count on you", "recommendation"),
    ("An inspiring webinar", "attention"),
    ("The new release looks exciting", "attention"),
    ("I was impressed by the demo", "attention"),
    ("Curious about what comes next", "attention"),
    ("Frustrated by the endless waiting", "destroying"),
    ("We were not happy with the last invoice", "destroying"),
    ("I don't trust the numbers", "destroying"),
    ("Nobody cared for our problem", "destroying"),
    ("This is getting annoying", "destroying"),
    ("We feel let down", "destroying"),
    ("Waiting three weeks is a joke", "destroying"),
    ("I am never disappointed", ""),
    ("The invoice arrived on Tuesday", ""),
    ("Nothing to add", ""),
    ("We use it for reporting", ""),
    ("No worried faces here", ""),
)
"""Comments and the one cluster that they name, labelled by hand; some name one in words that no list has."""


def tagger_f1() -> float:
    """Return the micro-averaged F1 of the clusters found in the labelled comments."""
    named = clusters_in(pd.Series([text for text, _ in LABELLED]), read_lexicon())
    came = set(named.itertuples(index=False, name=None))
    truth = {(row, cluster) for row, (_, cluster) in enumerate(LABELLED) if cluster}
    return 2 * len(came & truth) / (len(came) + len(truth))


def felt_world(
    effects: Mapping[str, float], seed: int, *, half_lives: Mapping[str, float] | None = None, n_accounts: int = 3000
) -> ExperienceData:
    """Return accounts that name emotions at times, and leave by so many log-odds more while they last.

    Without half-lives an emotion counts fully for a year (as the year before a quarter is looked at), then not at all.
    """
    rng = np.random.default_rng(seed)
    n_quarters = 16
    last = {name: np.full(n_accounts, np.inf) for name in CLUSTERS}
    gone, said = np.full(n_accounts, n_quarters), []
    starts = AS_OF - pd.to_timedelta(90 * np.arange(n_quarters, 0, -1), unit="D")
    for quarter in range(n_quarters):
        log_odds = np.full(n_accounts, -3.0)
        for name, effect in effects.items():
            log_odds += effect * _lasting(last[name], (half_lives or {}).get(name))
        leaves = (gone == n_quarters) & (rng.random(n_accounts) < 1 / (1 + np.exp(-log_odds))) & (quarter >= 4)
        gone = np.where(leaves, quarter, gone)
        for name in CLUSTERS:
            day = rng.uniform(0, 90, n_accounts)
            names_it = (rng.random(n_accounts) < 0.12) & (gone == n_quarters)
            last[name] = np.where(names_it, 90 - day, last[name] + 90)
            at = starts[quarter] + pd.to_timedelta(day[names_it], unit="D")
            said.append(pd.DataFrame({"account": np.flatnonzero(names_it), "answered_at": at, "comment": WORDS[name]}))
    answers = pd.concat(said, ignore_index=True).sort_values("answered_at", ignore_index=True)
    names = np.array([f"a{i}" for i in range(n_accounts)])
    answers = answers.assign(item="", account_id=names[answers["account"]], metric="nps", score=0.5)
    answers = answers.assign(touchpoint="support")
    left = pd.DataFrame({"account_id": names, "quarter": gone})[gone < n_quarters]
    left_at = starts[left.pop("quarter").to_numpy()] + pd.to_timedelta(rng.uniform(1, 89, len(left)), unit="D")
    return replace(left_data(pd.DataFrame({"account_id": names}), left.assign(left_at=left_at)), responses=answers)


def _lasting(days: np.ndarray, half_life: float | None) -> np.ndarray:
    return np.asarray(days < 365, dtype=float) if half_life is None else np.power(2.0, -days / half_life)


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed."""
    planted = {"destroying": 1.0, "recommendation": -0.8}
    told = {one.group: one for one in emotions(felt_world(planted, seed)) if one.figure == "odds of leaving"}
    for name in CLUSTERS:
        effect = planted.get(name, 0.0)
        yield Trial("emotions", "right" if effect else "false", told[name].verdict == "found")
        yield covered("emotions", told[name].low, told[name].high, float(np.exp(effect)))
    lives = {"attention": 45.0, "recommendation": 500.0}
    faded = fading(felt_world({"attention": -3.0, "recommendation": -2.0}, seed, half_lives=lives))
    yield Trial("fading.order", "right", faded[-1].verdict == "found")
    for one in faded[:2]:
        yield covered("fading.half_life", one.low, one.high, lives[one.group])
    alike = {"attention": 200.0, "recommendation": 200.0}
    faded = fading(felt_world({"attention": -2.0, "recommendation": -2.0}, seed, half_lives=alike))
    yield Trial("fading.order", "false", faded[-1].verdict == "found")
    yield Trial("emotions", "refused", emotions(ExperienceData.empty(AS_OF))[0].verdict == "refused")
