"""A request, the rows it asks about, and the answer or the refusal; whatever carries them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from serving.actions import KeptActions
from serving.errors import Refusal
from serving.payloads import BatchPrediction, Failure, PredictBatchRequest, Prediction, PredictRequest
from serving.predictor import Predictor
from serving.published import PublishedRows
from serving.releases import Champion
from serving.scores import Score
from serving.vocabulary import FeatureRow, Values, Vocabulary

NO_RELEASE = "no release has been promoted yet; run `perennial promote VERSION`"
DOWN = "the online store does not answer; ask again in a minute"

Held = Mapping[str, FeatureRow]


class Given(NamedTuple):
    """An answer as it goes out: JSON in UTF-8, by which release, and how many predictions of which tier."""

    body: bytes
    release: str
    tiers: Mapping[str, int]


class Answers:
    """Answers by the champion and the feature rows of the store."""

    def __init__(self, champion: Champion, published: PublishedRows, suggested: KeptActions | None = None) -> None:
        self.champion = champion
        self.published = published
        self.suggested = suggested

    @property
    def version(self) -> str | None:
        """The release that serves; None where none does."""
        return None if self.champion.predictor is None else self.champion.predictor.version

    def not_ready(self) -> str | None:
        """Return why nothing can be predicted yet, None when all is there."""
        if self.champion.predictor is None:
            refused = self.champion.refused
            return f"no release serves; {refused}" if refused else NO_RELEASE
        return self.published.lack

    def one(self, request: PredictRequest) -> Prediction:
        """Return the prediction for one account.

        Raises
        ------
        Refusal
            When no release serves, the account is not known, or its features cannot be read.
        """
        predictor = self._predictor()
        row = self._row(request, predictor.vocabulary, self._held([request]))
        return predictor.predict([row], [request.explain])[0]

    def one_given(self, request: PredictRequest) -> Given:
        """Return the same as JSON: as it is kept where that still holds, else computed now.

        Raises
        ------
        Refusal
            As `one`.
        """
        predictor = self._predictor()
        if request.account_id is not None:
            kept = self._kept([request], predictor).get(request.account_id)
            if kept is not None:
                return Given(kept.given(explain=request.explain), kept.release, {kept.tier: 1})
        row = self._row(request, predictor.vocabulary, self._held([request]))
        found = predictor.predict([row], [request.explain])[0]
        return Given(found.model_dump_json().encode(), found.release, {found.tier: 1})

    def batch(self, request: PredictBatchRequest) -> BatchPrediction:
        """Return predictions and failures, in the order asked for.

        Raises
        ------
        Refusal
            When no release serves, or the store does not answer.
        """
        predictor = self._predictor()
        results = self._results(request.accounts, predictor)
        failed = sum(isinstance(result, Failure) for result in results)
        return BatchPrediction(
            release=predictor.version, predicted=len(results) - failed, failed=failed, results=results
        )

    def batch_given(self, request: PredictBatchRequest) -> Given:
        """Return the same as JSON: as it is kept where that still holds, else computed now.

        Raises
        ------
        Refusal
            As `batch`.
        """
        predictor = self._predictor()
        kept = self._kept(request.accounts, predictor)
        of_kept = [kept.get(item.account_id or "") for item in request.accounts]
        others = [item for item, one in zip(request.accounts, of_kept, strict=True) if one is None]
        computed = iter(self._results(others, predictor) if others else [])
        results = [one or next(computed) for one in of_kept]
        tiers = Counter(one.tier for one in results if not isinstance(one, Failure))
        said = b",".join(_json(one, item) for one, item in zip(results, request.accounts, strict=True))
        counts = f'"predicted":{tiers.total()},"failed":{len(results) - tiers.total()}'
        head = f'{{"release":{json.dumps(predictor.version)},{counts},"results":['
        return Given(head.encode() + said + b"]}", predictor.version, tiers)

    def _results(self, accounts: Sequence[PredictRequest], predictor: Predictor) -> list[Prediction | Failure]:
        held = self._held(accounts)
        found = [self._row_or_refusal(item, predictor.vocabulary, held) for item in accounts]
        predictions = iter(_predicted(predictor, accounts, found))
        return [
            Failure(account_id=item.account_id, error=row.error) if isinstance(row, Refusal) else next(predictions)
            for item, row in zip(accounts, found, strict=True)
        ]

    def drivers(self, segment: str | None = None) -> bytes:
        """Return as JSON what the champion found of its drivers, over all accounts or for one segment.

        Raises
        ------
        Refusal
            When no release serves, or no figure is of that segment.
        """
        return self._predictor().drivers.of(segment)

    def segments(self, segmentation: str | None = None) -> bytes:
        """Return as JSON the champion's segments and what is told of them, of all segmentations or of one.

        Raises
        ------
        Refusal
            When no release serves, or there is no such segmentation.
        """
        return self._predictor().segments.of(segmentation)

    def experience(self, **asked: str) -> bytes:
        """Return as JSON what the champion tells of experience and engagement; by topic, group_by and group if asked.

        Raises
        ------
        Refusal
            When no release serves, or no figure is of what was asked for; so of value and journeys.
        """
        return self._predictor().experience.of(**asked)

    def value(self, **asked: str) -> bytes:
        """Return as JSON what the champion tells of money."""
        return self._predictor().value.of(**asked)

    def journeys(self, **asked: str) -> bytes:
        """Return as JSON what the champion tells of journeys, with maps; those of one segment if asked."""
        return self._predictor().journeys.with_maps(**asked)

    def release(self) -> bytes:
        """Return as JSON what the champion says of itself.

        Raises
        ------
        Refusal
            When no release serves.
        """
        return self._predictor().facts

    def actions(self, **asked: str) -> bytes:
        """Return as JSON what was suggested last: whom to help with what, of all owners or of one.

        Raises
        ------
        Refusal
            When there is no such owner or answer.
        """
        if self.suggested is None:
            raise Refusal("not_found", "got a question about actions; expected none: this service knows of none")
        return self.suggested.of(**asked)

    def _predictor(self) -> Predictor:
        if self.champion.predictor is None:
            raise Refusal("no_release", self.not_ready() or NO_RELEASE)
        return self.champion.predictor

    def _kept(self, requests: Sequence[PredictRequest], predictor: Predictor) -> Mapping[str, Score]:
        """The answers that were kept of accounts and are what would be computed now: of this release and this row."""
        account_ids = _account_ids(requests)
        try:
            return self.published.store.kept_answers(account_ids, predictor.version) if account_ids else {}
        except SQLAlchemyError as problem:
            raise Refusal("store_unavailable", DOWN) from problem

    def _held(self, requests: Sequence[PredictRequest]) -> Held:
        account_ids = _account_ids(requests)
        try:
            return self.published.store.rows(account_ids) if account_ids else {}
        except SQLAlchemyError as problem:
            raise Refusal("store_unavailable", DOWN) from problem

    def _row_or_refusal(self, request: PredictRequest, vocabulary: Vocabulary, held: Held) -> FeatureRow | Refusal:
        try:
            return self._row(request, vocabulary, held)
        except Refusal as refusal:
            return refusal

    def _row(self, request: PredictRequest, vocabulary: Vocabulary, held: Held) -> FeatureRow:
        if request.features is not None:
            return _given(request.features, vocabulary)
        row = held.get(request.account_id or "")
        if row is None and self.published.lack:
            raise Refusal("no_rows", self.published.lack)
        if row is None:
            came = f"got account {request.account_id!r}, of which there is no feature row"
            raise Refusal("unknown_account", f"{came}; expected an account that was scored; score it or send features")
        if wrong := vocabulary.unreadable(row.values):
            came = f"the feature row of account {request.account_id!r} does not fit release"
            raise Refusal("unreadable_row", f"{came}; score again with the release that serves", wrong)
        return row


def _account_ids(requests: Sequence[PredictRequest]) -> list[str]:
    """The ids that are asked for and may be in a store: PostgreSQL refuses to compare with text that holds a NUL."""
    ids = (request.account_id for request in requests)
    return [account_id for account_id in ids if account_id is not None and "\0" not in account_id]


def _json(one: Score | Prediction | Failure, asked: PredictRequest) -> bytes:
    return one.given(explain=asked.explain) if isinstance(one, Score) else one.model_dump_json().encode()


def _given(features: Values, vocabulary: Vocabulary) -> FeatureRow:
    """The features of a request as a row.

    Raises
    ------
    Refusal
        When a name or the kind of a value is not known.
    """
    if unknown := vocabulary.unknown(features):
        raise Refusal("unknown_feature", f"{unknown[0].where}: {unknown[0].problem}", unknown)
    if wrong := vocabulary.unreadable(features):
        raise Refusal("invalid_feature", f"{wrong[0].where}: {wrong[0].problem}", wrong)
    return FeatureRow(features)


def _predicted(
    predictor: Predictor, requests: Sequence[PredictRequest], found: Sequence[FeatureRow | Refusal]
) -> list[Prediction]:
    pairs = [(row, item.explain) for item, row in zip(requests, found, strict=True) if isinstance(row, FeatureRow)]
    return predictor.predict([row for row, _ in pairs], [explain for _, explain in pairs]) if pairs else []
