"""From a release and feature rows to predictions; knows neither BentoML nor HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from pipelines.churn.calibration import probability
from pipelines.churn.encoder import Columns, FloatArray
from pipelines.churn.reasons import Explanation, explain
from pipelines.churn.rows import Rows
from pipelines.manifest import ReleaseFacts
from pipelines.release import Release
from pipelines.segmentation import Segmentation
from serving.drivers import DriverAnswers
from serving.payloads import Ahead, Membership, Prediction, ReasonGiven, Stayed
from serving.programme import JourneyAnswers, ToldAnswers
from serving.segments import SegmentAnswers
from serving.vocabulary import FeatureRow, Values, Vocabulary


class Predictor:
    """Predicts with one release.

    Attributes
    ----------
    release
        What predicts.
    vocabulary
        What it can read.
    drivers, segments
        What it found of its drivers and its segments, as it is sent: prepared when somebody asks for it first.
    experience, value, journeys
        What it tells of these, likewise.
    facts
        What it says of itself, as JSON.
    base_log_odds
        The log-odds before anything is known of an account.
    """

    def __init__(self, release: Release) -> None:
        self.release = release
        self.version = release.manifest.version
        self.vocabulary = Vocabulary.of(release.churn.encoder)
        self.facts = release.manifest.model_dump_json(include=set(ReleaseFacts.model_fields)).encode()
        _, self.base_log_odds = release.churn.contributions(self.columns([{}]))

    @cached_property
    def drivers(self) -> DriverAnswers:
        """What it found of its drivers."""
        return DriverAnswers(self.release.manifest, self.release.drivers, self.release.what_if)

    @cached_property
    def segments(self) -> SegmentAnswers:
        """What it found of its segments."""
        return SegmentAnswers(self.release)

    @cached_property
    def experience(self) -> ToldAnswers:
        """What it tells of experience."""
        return ToldAnswers(self.version, self.release.programme.experience)

    @cached_property
    def value(self) -> ToldAnswers:
        """What it tells of value."""
        return ToldAnswers(self.version, self.release.programme.value)

    @cached_property
    def journeys(self) -> JourneyAnswers:
        """What it tells of journeys."""
        return JourneyAnswers(self.version, self.release.programme.journeys)

    def columns(self, rows: Sequence[Values]) -> Rows:
        """Return rows that the vocabulary can read as the columns that the release reads."""
        return Rows(rows, self.release.churn.encoder)

    def predict(self, rows: Sequence[FeatureRow], explained: Sequence[bool]) -> list[Prediction]:
        """Return the predictions of rows that the vocabulary can read, with reasons where `explained` says so."""
        columns = self.columns([row.values for row in rows])
        log_odds = self.release.churn.log_odds(columns)
        churn_probs = probability(log_odds)
        percentile = self.release.percentile(churn_probs).tolist()
        interval = self.release.interval(columns, churn_probs)
        ahead = self._ahead(columns, churn_probs)
        places = list(self._places(columns))
        why = self._explanations(columns, explained)
        return [
            Prediction(
                account_id=row.account_id,
                release=self.version,
                as_of=row.as_of,
                churn_prob=churn_prob,
                churn_prob_low=float(interval.low[i]),
                churn_prob_high=float(interval.high[i]),
                horizon_days=self.release.manifest.horizon_days,
                ahead=ahead[i] if ahead else None,
                tier=self.release.tier(churn_prob),
                percentile=percentile[i],
                segments={name: place[i] for name, place in zip(self.release.segmentations, places, strict=True)},
                log_odds=float(log_odds[i]),
                base_log_odds=self.base_log_odds,
                reasons=_given(why[i]) if i in why else None,
                by_family=dict(why[i].by_family) if i in why else None,
                other_log_odds=why[i].remainder_log_odds if i in why else None,
                warnings=self.vocabulary.cautions(row.values),
            )
            for i, (row, churn_prob) in enumerate(zip(rows, churn_probs.tolist(), strict=True))
        ]

    def _ahead(self, columns: Columns, churn_probs: FloatArray) -> list[Ahead]:
        """What lies ahead of each account; nothing where that cannot be told."""
        found = self.release.outlook(columns, churn_probs)
        if found is None:
            return []
        days = found.days.astype(int).tolist()
        value_days = min(self.release.manifest.terms.value_days, days[-1])
        return [
            Ahead(
                retention=[Stayed(days=at, prob=prob) for at, prob in zip(days, stayed, strict=True)],
                churn_probs={str(at): float(prob[i]) for at, prob in found.churn_probs.items()},
                median_life_days=_or_none(found.median_life_days[i]),
                value_at_risk=_or_none(found.value_at_risk[i]),
                value_days=value_days,
                ways={way: float(prob[i]) for way, prob in found.way_probs.items()},
            )
            for i, stayed in enumerate(found.stayed.tolist())
        ]

    def _explanations(self, columns: Rows, explained: Sequence[bool]) -> dict[int, Explanation]:
        """The explanations by position, of the rows that want one."""
        if not any(explained):
            return {}
        wanted = np.flatnonzero(explained)
        some = columns.at(wanted)
        found = explain(self.release.churn, some, peers=self.release.peers_of(some))
        return dict(zip(wanted.tolist(), found, strict=True))

    def _places(self, columns: Columns) -> Iterator[list[Membership | None]]:
        for segmentation in self.release.segmentations.values():
            rows = zip(*segmentation.placement(columns), strict=True)
            yield [_place(segmentation, row, is_inferred=is_inferred, fits=fits) for row, is_inferred, fits in rows]


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _given(explanation: Explanation) -> list[ReasonGiven]:
    return [ReasonGiven(**vars(reason)) for reason in explanation.reasons]


def _place(segmentation: Segmentation, row: FloatArray, *, is_inferred: bool, fits: bool) -> Membership | None:
    if not len(row) or np.isnan(row).any():
        return None
    best = segmentation.segments[int(row.argmax())]
    memberships = {segment.id: float(share) for segment, share in zip(segmentation.segments, row, strict=True)}
    return Membership(
        id=best.id,
        name=best.name,
        probability=memberships[best.id],
        memberships=memberships,
        is_inferred=bool(is_inferred),
        fits=bool(fits),
    )
