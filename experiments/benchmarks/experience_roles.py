"""Users, buyers and champions, in worlds where it is known whose experience decides and what an exit does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_silence import left_data
from experiments.benchmarks.experience_trials import Trial, covered
from pipelines.experience.champions import champions
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.roles import PRIOR, buyer_weight

AS_OF = pd.Timestamp("2026-01-01")
ROLES = ("Business User", "Economic Buyer")


def role_world(
    weight: float, seed: int, *, matters: float = 1.0, exit_odds: float = 0.0, n_accounts: int = 1200
) -> ExperienceData:
    """Return accounts whose buyer (by its weight) and user are heard every quarter, and whose champions go at times.

    They leave by the weighted sum of what both said in the year before (`matters` log-odds for a spread of each), and
    by so many log-odds more in the quarter after an exit.
    """
    rng = np.random.default_rng(seed)
    n_quarters = 16
    z = rng.standard_normal((2, n_accounts, 1)) + 0.6 * rng.standard_normal((2, n_accounts, n_quarters))
    exits = rng.random((n_accounts, n_quarters)) < 0.05
    exits &= np.cumsum(exits, axis=1) == 1
    gone = np.full(n_accounts, n_quarters)
    for quarter in range(4, n_quarters):
        year = z[:, :, quarter - 4 : quarter].mean(axis=2)
        felt = (1 - weight) * year[0] + weight * year[1]
        p = 1 / (1 + np.exp(-(-3.2 - 2 * matters * felt + exit_odds * exits[:, quarter - 1])))
        gone = np.where((gone == n_quarters) & (rng.random(n_accounts) < p), quarter, gone)
    starts = AS_OF - pd.to_timedelta(90 * np.arange(n_quarters, 0, -1), unit="D")
    names = np.array([f"a{i}" for i in range(n_accounts)])
    role, account, quarter_of = np.nonzero(np.arange(n_quarters)[None, None, :] <= gone[None, :, None] + 0 * z)
    scores = pd.DataFrame({"account_id": names[account], "role": np.array(ROLES)[role], "metric": "nps"})
    scores = scores.assign(
        answered_at=starts[quarter_of] + pd.Timedelta(days=3),
        survey_type="periodic",
        touchpoint="account_management",
        score=0.5 + z[role, account, quarter_of] / 12,
        contact_id=pd.Series(names[account]) + "-" + pd.Series(role.astype(str)),
    )
    left = pd.DataFrame({"account_id": names, "quarter": gone})[gone < n_quarters]
    left_at = starts[left.pop("quarter").to_numpy()] + pd.to_timedelta(rng.uniform(1, 89, len(left)), unit="D")
    data = left_data(pd.DataFrame({"account_id": names}), left.assign(left_at=left_at))
    return replace(data, responses=scores, contacts=_contacts(names, exits, gone, starts))


def _contacts(names: np.ndarray, exits: np.ndarray, gone: np.ndarray, starts: pd.DatetimeIndex) -> pd.DataFrame:
    """One champion an account, who goes in a quarter while the account is there, and is not followed."""
    account, quarter = np.nonzero(exits & (np.arange(exits.shape[1])[None, :] <= gone[:, None]))
    primary = pd.DataFrame({"contact_id": names, "account_id": names, "role": ROLES[1], "is_primary": True})
    primary["active_to"] = pd.Series(pd.NaT, index=primary.index, dtype="datetime64[us]")
    primary.loc[account, "active_to"] = (starts[quarter] + pd.Timedelta(days=45)).astype("datetime64[us]")
    return primary.assign(active_from=pd.Timestamp("2020-01-01"))


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed."""
    for weight in (0.9, 0.2):
        told = buyer_weight(role_world(weight, seed))
        yield Trial("roles.weight", "right", told.verdict == "found" and (told.value > PRIOR) == (weight > PRIOR))
        yield covered(f"roles.weight_{weight:g}", told.low, told.high, weight)
    yield Trial("roles.weight", "false", buyer_weight(role_world(0.5, seed)).verdict == "found")
    alone = role_world(0.9, seed)
    alone = replace(alone, responses=alone.responses[alone.responses["role"] == ROLES[0]])
    yield Trial("roles.prior_where_one_is_heard", "refused", buyer_weight(alone).basis == "assumed")
    # Nothing else decides there: beside what is left out, odds of a whole are nearer to one than those of its parts.
    told = champions(role_world(0.5, seed, matters=0.0, exit_odds=1.5))[0]
    yield Trial("champions", "right", told.verdict == "found")
    yield covered("champions", told.low, told.high, float(np.exp(1.5)))
    yield Trial("champions", "false", champions(role_world(0.5, seed))[0].verdict == "found")
