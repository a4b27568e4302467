"""The client, against the application and against services that fail."""

from typing import Any

import httpx
import pytest

from serving.client import Perennial, ServiceError, UnverifiedMessage, verify
from serving.payloads import Failure, Prediction, PredictRequest
from serving.signature import signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # the example of Standard Webhooks
REFUSED = {"error": {"code": "no_release", "message": "no release yet", "details": []}}


class Failing:
    """Answers with each of the replies in turn, and keeps what was asked and how long was waited."""

    def __init__(self, *replies: httpx.Response | Exception) -> None:
        self.replies = list(replies)
        self.asked: list[httpx.Request] = []
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def client(self, **settings: Any) -> Perennial:
        return Perennial("http://test", transport=httpx.MockTransport(self), sleep=self.waits.append, **settings)


@pytest.fixture
def perennial(client: Any) -> Perennial:
    def pass_on(request: httpx.Request) -> httpx.Response:
        reply = client.request(request.method, str(request.url), content=request.content, headers=request.headers)
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    return Perennial("http://testserver", transport=httpx.MockTransport(pass_on))


def _busy(status: int = 503, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=REFUSED, headers=headers)


def _good() -> httpx.Response:
    return httpx.Response(200, json={"release": "v1", "predicted": 0, "failed": 0, "results": []})


def test_a_prediction_is_typed_and_that_of_the_service(perennial: Perennial, client: Any) -> None:
    found = perennial.predict("A-0007")
    assert found == Prediction.model_validate(client.post("/predict", json={"account_id": "A-0007"}).json())
    assert found.reasons
    assert perennial.predict("A-0007", explain=False).reasons is None


def test_features_may_be_sent(perennial: Perennial) -> None:
    found = perennial.predict(features={"seats": 12, "nps_last": None})
    assert (found.account_id, 0 < found.churn_prob < 1) == (None, True)


def test_a_batch_tells_who_failed(perennial: Perennial) -> None:
    found = perennial.predict_batch(["A-0007", PredictRequest(features={"seats": 1}), "A-9999"], explain=False)
    assert (found.predicted, found.failed) == (2, 1)
    assert isinstance(found.results[2], Failure)


def test_events_are_told_row_by_row(perennial: Perennial) -> None:
    found = perennial.events(
        "accounts", [{"account_id": "A-new", "employees": 40}, {"account_id": "A-2", "employees": "x"}]
    )
    assert [row.status for row in found.results] == ["accepted", "rejected"]
    assert perennial.events("accounts", [{"account_id": "A-new", "employees": 40}]).duplicate == 1


def test_findings_are_typed(perennial: Perennial) -> None:
    assert perennial.drivers().drivers[0].driver == "escalation"
    assert perennial.drivers("Größe klein").segment == "Größe klein"
    assert [one.name for one in perennial.segments().segmentations] == ["firmographic", "behavioural", "needs"]
    assert [one.name for one in perennial.segments("needs").segmentations] == ["needs"]


def test_a_refusal_has_its_code_its_words_and_the_id_of_the_request(perennial: Perennial) -> None:
    with pytest.raises(ServiceError, match="unknown_account: got account 'A-9999'") as refused:
        perennial.predict("A-9999")
    assert (refused.value.code, refused.value.status) == ("unknown_account", 404)
    assert refused.value.request_id
    with pytest.raises(ServiceError, match="did you mean 'seats'") as refused:
        perennial.predict(features={"seat": 1})
    assert refused.value.details[0].where == "features.seat"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_be_better_in_a_moment_is_asked_again(status: int) -> None:
    service = Failing(_busy(status), _busy(status), _good())
    assert service.client().predict_batch(["A-1"]).release == "v1"
    assert len(service.asked) == 3
    assert 0.1 <= service.waits[0] <= 0.2 <= service.waits[1] <= 0.4


@pytest.mark.parametrize(
    "problem", [httpx.ConnectError("refused"), httpx.ReadTimeout("late"), httpx.ReadError("reset")]
)
def test_a_connection_that_failed_is_tried_again(problem: Exception) -> None:
    service = Failing(problem, _good())
    assert service.client().predict_batch(["A-1"]).release == "v1"


@pytest.mark.parametrize(("said", "waited"), [("7", 7.0), ("86400", 30.0)])
def test_it_waits_as_long_as_the_service_says_within_reason(said: str, waited: float) -> None:
    service = Failing(_busy(429, **{"retry-after": said}), _good())
    service.client().predict_batch(["A-1"])
    assert service.waits == [waited]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 500])
def test_what_will_not_be_better_is_asked_once(status: int) -> None:
    service = Failing(_busy(status))
    with pytest.raises(ServiceError, match="no_release: no release yet"):
        service.client().predict("A-1")
    assert (len(service.asked), service.waits) == (1, [])


def test_after_the_last_retry_the_error_is_told() -> None:
    service = Failing(*[_busy()] * 3)
    with pytest.raises(ServiceError) as refused:
        service.client(retries=2).predict("A-1")
    assert (refused.value.status, len(service.asked), len(service.waits)) == (503, 3, 2)
    silent = Failing(*[httpx.ConnectError("refused")] * 3)
    with pytest.raises(ServiceError, match=r"unreachable: got no reply \(ConnectError: refused\)") as refused:
        silent.client(retries=2).predict("A-1")
    assert (refused.value.status, refused.value.request_id) == (0, None)


@pytest.mark.parametrize("reply", [httpx.Response(200, text="<html>"), httpx.Response(403, text="<html>")])
def test_a_reply_of_somebody_between_is_told_as_such(reply: httpx.Response) -> None:
    with pytest.raises(ServiceError, match="that is not of this service; look at what stands between"):
        Failing(reply).client().predict("A-1")


def test_a_key_goes_with_every_request_and_is_told_nowhere() -> None:
    service = Failing(_good())
    with service.client(key="pk_1_hunter2") as client:
        client.predict_batch(["A-1"])
        assert "hunter2" not in repr(client)
    assert service.asked[0].headers["authorization"] == "Bearer pk_1_hunter2"


def test_a_receiver_verifies_messages_with_the_client() -> None:
    headers = signed_headers(SECRET, "msg_1", 1000.0, b"{}")
    assert verify(SECRET, headers, b"{}", now=1001.0) == "msg_1"
    with pytest.raises(UnverifiedMessage):
        verify(SECRET, headers, b"[]", now=1001.0)
