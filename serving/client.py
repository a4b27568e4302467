"""The service, from Python: typed answers, timeouts, and the retries that its routes allow."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from features.errors import PerennialError
from serving.event_payloads import EventsTaken
from serving.payloads import BatchPrediction, Drivers, Error, ErrorBody, Prediction, PredictRequest
from serving.retry_after import retry_after_seconds
from serving.segment_payloads import Segments
from serving.signature import UnverifiedMessage, verify

__all__ = ["Perennial", "ServiceError", "UnverifiedMessage", "verify"]

Answer = TypeVar("Answer", bound=BaseModel)

AGAIN = (429, 502, 503, 504)
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.2, 30.0


class ServiceError(PerennialError):
    """A request that got an error instead of an answer.

    Attributes
    ----------
    code
        stable, for programs; `unreachable` where no reply came at all.
    message
        what came, what was expected, what to do.
    status
        of HTTP, 0 where no reply came.
    details
        what is wrong and where, one by one.
    request_id
        by which the service's log has the request; None where no reply came.
    """

    def __init__(self, error: Error, status: int, request_id: str | None) -> None:
        super().__init__(f"{error.code}: {error.message}")
        self.code, self.message, self.details = error.code, error.message, error.details
        self.status, self.request_id = status, request_id


class Perennial:
    """A client of one service; may be shared by threads.

    Every route may be asked again: predictions and findings only read, and events are known by their keys. So 429, 502,
    503, 504 and a connection that failed are tried again, as late as the service says (Retry-After) or ever later.

    Parameters
    ----------
    url
        where the service is.
    key
        an API key, where the service asks for one.
    timeout
        seconds to connect, and seconds without anything arriving, before an attempt is given up.
    retries
        further attempts after the first.
    transport
        what carries requests, in place of the network.
    sleep
        what waits, in seconds.

    >>> reply = {"error": {"code": "unknown_account", "message": "got account 'A-9', ..."}}
    >>> transport = httpx.MockTransport(lambda request: httpx.Response(404, json=reply))
    >>> with Perennial("http://127.0.0.1:3000", transport=transport) as perennial:
    ...     perennial.predict("A-9")
    Traceback (most recent call last):
    serving.client.ServiceError: unknown_account: got account 'A-9', ...
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:3000",
        key: str | None = None,
        *,
        timeout: float = 10.0,
        retries: int = 3,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.retries = retries
        self._sleep = sleep
        headers = {"user-agent": "perennial-client"} | ({"authorization": f"Bearer {key}"} if key else {})
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def predict(
        self, account_id: str | None = None, *, features: Mapping[str, Any] | None = None, explain: bool = True
    ) -> Prediction:
        """Return the prediction for an account that the service knows, or for features sent along.

        Raises
        ------
        ServiceError
            When there is none.
        """
        asked = {"account_id": account_id, "features": features, "explain": explain}
        return self._post("/predict", {name: value for name, value in asked.items() if value is not None}, Prediction)

    def predict_batch(self, accounts: Sequence[str | PredictRequest], *, explain: bool = True) -> BatchPrediction:
        """Return predictions and failures for up to a thousand accounts, in the order asked for.

        Raises
        ------
        ServiceError
            When there is no answer at all; an account that fails alone is a failure among the results.
        """
        asked = [
            {"account_id": one, "explain": explain} if isinstance(one, str) else one.model_dump(exclude_none=True)
            for one in accounts
        ]
        return self._post("/predict_batch", {"accounts": asked}, BatchPrediction)

    def events(self, table: str, rows: Sequence[Mapping[str, Any]]) -> EventsTaken:
        """Return what became of rows of a table of the contract, one by one; what is accepted is on disk.

        Raises
        ------
        ServiceError
            When nothing was stored; a row that is rejected alone is told among the results.
        """
        return self._post("/events", {"table": table, "rows": list(rows)}, EventsTaken)

    def drivers(self, segment: str | None = None) -> Drivers:
        """Return what the champion found of its drivers, over all accounts or for one segment.

        Raises
        ------
        ServiceError
            When no release serves, or no figure is of that segment.
        """
        return self._get("/api/drivers", {"segment": segment}, Drivers)

    def segments(self, segmentation: str | None = None) -> Segments:
        """Return the champion's segments, of all segmentations or of one.

        Raises
        ------
        ServiceError
            When no release serves, or there is no such segmentation.
        """
        return self._get("/api/segments", {"segmentation": segmentation}, Segments)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _post(self, path: str, body: Mapping[str, Any], kind: type[Answer]) -> Answer:
        return self._asked(lambda: self._http.post(path, json=body), kind)

    def _get(self, path: str, asked: Mapping[str, str | None], kind: type[Answer]) -> Answer:
        given = {name: value for name, value in asked.items() if value is not None}
        return self._asked(lambda: self._http.get(path, params=given), kind)

    def _asked(self, send: Callable[[], httpx.Response], kind: type[Answer]) -> Answer:
        for attempt in range(self.retries + 1):
            is_last = attempt == self.retries
            try:
                reply = send()
            except httpx.TransportError as problem:
                if is_last:
                    raise _unreachable(problem) from problem
                self._sleep(_wait_seconds(attempt, None))
                continue
            if is_last or reply.status_code not in AGAIN:
                break
            self._sleep(_wait_seconds(attempt, reply.headers.get("retry-after")))
        return _read(reply, kind)


def _read(reply: httpx.Response, kind: type[Answer]) -> Answer:
    request_id = reply.headers.get("x-request-id")
    try:
        if reply.is_success:
            return kind.model_validate_json(reply.content)
        error = ErrorBody.model_validate_json(reply.content).error
    except ValidationError:
        message = f"got a reply of status {reply.status_code} that is not of this service; look at what stands between"
        error = Error(code="unreadable_reply", message=message)
    raise ServiceError(error, reply.status_code, request_id)


def _unreachable(problem: httpx.TransportError) -> ServiceError:
    message = f"got no reply ({type(problem).__name__}: {problem}); expected a service that runs; see url and timeout"
    return ServiceError(Error(code="unreachable", message=message), 0, None)


def _wait_seconds(attempt: int, retry_after: str | None) -> float:
    """As long as the service says; else twice as long each time, a half of it by chance."""
    if (said := retry_after_seconds(retry_after, time.time())) is not None:
        return min(said, LONGEST_WAIT_SECONDS)
    longest = min(FIRST_WAIT_SECONDS * 2.0**attempt, LONGEST_WAIT_SECONDS)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  # so that many clients do not come back together
