"""What is known of each kind of action, as figures: effect, whom it tells apart, and how predictions held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from pipelines.actions.judged import Measured
from pipelines.actions.learn import Judged, Learnt, surely
from pipelines.experience.found import Basis, Found

UNIT = "points of churn saved"
NEVER = "nobody has had it yet; `perennial experiment plan` says how many accounts would tell"
IF = "adjusted, if nothing that is not in the tables decided who was helped"


def told(learnt: Mapping[str, Learnt]) -> Iterator[Found]:
    """Yield the figures of every kind of action, those refused and assumed too."""
    for kind, known in learnt.items():
        yield from _kind(kind, known)


def _kind(kind: str, known: Learnt) -> Iterator[Found]:
    if known.grade == "assumed" and not known.assumed_points:
        yield Found.refused(kind, "effect", known.refused or NEVER)
        return
    if known.grade == "assumed":
        said = known.refused or NEVER
        yield Found(kind, "effect", known.assumed_points, unit=UNIT, basis="assumed",
                    sentence=f"as the settings say, without interval: {said}")  # fmt: skip
        return
    if known.judged is None:
        yield Found.refused(kind, "effect", known.refused)
        return
    basis: Basis = "caused"
    judged, grade = known.judged, IF if known.grade == "adjusted" else known.grade
    by = f"{grade}; {known.n_rows:,} assignments"
    figures: list[tuple[str, Measured, str]] = [
        ("effect", judged.average, f"on all that may have it ({by})"),
        ("Qini", judged.qini, "above 0: it is known whom it helps more; over all shares, against helping at random"),
        ("area under the uplift curve", judged.area, "over all shares of accounts that may be helped, best first"),
        ("value of helping those predicted to gain", judged.policy, "of all accounts, against helping nobody"),
    ]
    if judged.harm is not None:
        figures.append(("effect on those predicted to be harmed", judged.harm, "whom not to disturb"))
    for name, one, sentence in figures:
        verdict = "found" if surely(one) else "none found"
        yield Found(kind, name, one.points, one.low, one.high, UNIT, basis, n=known.n_rows, n_accounts=one.n,
                    verdict=verdict, sentence=sentence)  # type: ignore[arg-type]  # fmt: skip
    for place, (predicted, came) in enumerate(judged.deciles):
        yield Found(kind, "effect", came.points, came.low, came.high, UNIT, basis, "tenth by prediction",
                    str(place + 1), n_accounts=came.n, sentence=f"predicted {predicted:.2f}")  # fmt: skip


def distance(judged: Judged) -> float:
    """Return the mean distance of predicted from realised effects over the tenths, in points."""
    return float(np.mean([abs(predicted - came.points) for predicted, came in judged.deciles]))
