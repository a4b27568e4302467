"""From histories to current feature rows and scores: what the feature worker computes, without its store."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from features.account_events import AccountEvents
from features.catalog import Feature
from features.compute import parts
from features.errors import ReleaseError
from features.labels import ChurnDefinition
from features.now import CurrentFeatures
from features.streams import OBSERVED
from serving.payloads import Prediction
from serving.predictor import Predictor
from serving.published import date_text
from serving.scores import Score
from serving.vocabulary import FeatureRow

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Computed:
    """Feature rows and scores of the accounts that are customers, and when an event of an account becomes known.

    `next_known` is in seconds since 1970, of accounts with an event that is not yet known.
    """

    rows: list[FeatureRow]
    scores: list[Score]
    next_known: Mapping[str, float]


class LiveScores:
    """Scores accounts by one release and one definition of churn.

    Attributes
    ----------
    held
        Features of the release that no event changes, as the user's own snapshots say them: a row keeps those it has.

    Raises
    ------
    ReleaseError
        When the release does not say of any feature what it computes.
    """

    def __init__(self, predictor: Predictor, churn: ChurnDefinition) -> None:
        self.predictor = predictor
        self.churn = churn
        features = predictor.release.churn.encoder.features
        self.held = tuple(feature.name for feature in features if not _is_of_events(feature))
        computed = [feature for feature in features if _is_of_events(feature)]
        if not computed:
            came = f"release {predictor.version}, which does not say what its features compute"
            raise ReleaseError.of(came, "one that live events can change", "train and promote again")
        self._current = CurrentFeatures(computed, churn)

    def warm(self, as_of: datetime) -> None:
        """Compute once, for an account of which nothing is known: loads what is compiled."""
        self._current.at([AccountEvents.of("", {}).table], as_of)

    def of(self, events: Sequence[pa.Table], as_of: datetime, now: float, held: Mapping[str, FeatureRow]) -> Computed:
        """Return what the events of accounts (LOG_COLUMNS, one table each) come to at an instant (naive: UTC).

        `now` (seconds since 1970) is when it is computed, `held` are the accounts' former rows.
        """
        current = self._current.at(events, as_of)
        said = date_text(as_of)
        rows = [
            FeatureRow({**self._kept(held.get(account_id)), **_finite(values)}, account_id, said)
            for account_id, values in current.rows.items()
        ]
        predictions = self.predictor.predict(rows, [True] * len(rows)) if rows else []
        next_known = {account_id: at / 1e6 for account_id, at in current.next_known.items()}
        return Computed(rows, [_score(prediction, now) for prediction in predictions], next_known)

    def _kept(self, row: FeatureRow | None) -> Mapping[str, float | str | None]:
        return {} if row is None else {name: row.values[name] for name in self.held if name in row.values}


def _is_of_events(feature: Feature) -> bool:
    own = parts(feature.compute)
    return bool(own) and not any(OBSERVED in part.streams for part in own)


def _finite(values: Mapping[str, float | str | None]) -> dict[str, float | str | None]:
    """The values as JSON can say them."""
    return {n: None if isinstance(v, float) and not math.isfinite(v) else v for n, v in values.items()}


def _score(prediction: Prediction, now: float) -> Score:
    return Score(
        account_id=prediction.account_id or "",
        release=prediction.release,
        as_of=prediction.as_of,
        computed_at=now,
        churn_prob=prediction.churn_prob,
        tier=prediction.tier,
        value_at_risk=prediction.ahead.value_at_risk if prediction.ahead else None,
        answer=prediction.model_dump_json(),
        plain=prediction.without_reasons().model_dump_json(),
    )
