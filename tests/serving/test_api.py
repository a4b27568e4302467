"""GET /api/..., behind the guards."""

import asyncio
import json
import re
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from pipelines.release import Release
from serving.answers import Answers
from serving.api import SHOWN, api
from serving.middleware import guarded
from serving.predictor import Predictor
from serving.settings import Settings


def ask(answers: Any, path: str, method: str = "GET") -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(guarded(api(lambda: answers), Settings()), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path)

    return asyncio.run(run())


OF_RELEASES = [path for path in SHOWN if path != "/actions"]
"""What is suggested lies beside releases, and is told whichever serves."""


def _answers(predictor: Any) -> Answers:
    return Answers(SimpleNamespace(predictor=predictor, refused=None), SimpleNamespace(lack=None))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def answers(releases: dict[str, Release]) -> Answers:
    return _answers(Predictor(releases["2026-01-31-a"]))


def _error(reply: httpx.Response) -> tuple[int, str, str]:
    assert reply.json().keys() == {"error"}
    error = reply.json()["error"]
    return reply.status_code, error["code"], error["message"]


def test_an_answer_is_json_with_a_request_id(answers: Answers) -> None:
    reply = ask(answers, "/drivers")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert reply.headers["x-request-id"]
    assert [driver["driver"] for driver in reply.json()["drivers"]] == ["escalation"]


def test_a_segment_may_hold_spaces_and_other_letters(answers: Answers) -> None:
    assert ask(answers, "/drivers?segment=Gr%C3%B6%C3%9Fe+klein").json()["segment"] == "Größe klein"


@pytest.mark.parametrize(
    ("query", "status", "code", "match"),
    [
        ("segment=nobody", 404, "unknown_segment", "got segment 'nobody', of which there is no figure"),
        ("segments=x", 422, "invalid_request", "got the query parameter 'segments'; expected only segment"),
        ("segment=x&segment=y", 422, "invalid_request", "more than once"),
        ("segment=" + "x" * 201, 422, "invalid_request", "got a value of 201 characters"),
        ("segment=", 422, "invalid_request", "got a value of 0 characters"),
        ("segment=%00%ff", 404, "unknown_segment", "of which there is no figure"),
    ],
)
def test_a_bad_query_gets_one_clear_error(answers: Answers, query: str, status: int, code: str, match: str) -> None:
    found = _error(ask(answers, f"/drivers?{query}"))
    assert found[:2] == (status, code)
    assert re.search(match, found[2])


@pytest.mark.parametrize("path", OF_RELEASES)
def test_while_no_champion_serves_it_is_503(path: str) -> None:
    assert _error(ask(_answers(None), path))[:2] == (503, "no_release")


@pytest.mark.parametrize("path", OF_RELEASES)
def test_every_answer_names_its_release(answers: Answers, path: str) -> None:
    said = ask(answers, path).json()
    assert said.get("release", said.get("version")) == "2026-01-31-a"


def test_what_takes_no_parameter_says_so(answers: Answers) -> None:
    found = _error(ask(answers, "/release?segment=x"))
    assert found == (422, "invalid_request", "got the query parameter 'segment'; expected none; leave it out")


def test_a_topic_that_is_not_there_is_refused_with_those_that_are(answers: Answers) -> None:
    assert _error(ask(answers, "/value?topic=revenue"))[:2] == (404, "unknown_topic")
    assert "'revenue at risk'" in _error(ask(answers, "/value?topic=revenue"))[2]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nothing", 404, "not_found"), ("POST", "/drivers", 405, "method_not_allowed")],
)
def test_a_wrong_address_or_method_has_the_same_shape(
    answers: Answers, method: str, path: str, status: int, code: str
) -> None:
    assert _error(ask(answers, path, method))[:2] == (status, code)


def test_an_error_of_ours_says_so_and_no_more() -> None:
    reply = ask(SimpleNamespace(drivers={}), "/drivers")
    assert _error(reply)[:2] == (500, "internal_error")
    assert "Traceback" not in reply.text
    assert "TypeError" not in json.dumps(reply.json())


def test_segments_are_told_of_all_or_of_one_segmentation(answers: Answers) -> None:
    reply = ask(answers, "/segments?segmentation=needs")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert [one["name"] for one in reply.json()["segmentations"]] == ["needs"]
    assert len(ask(answers, "/segments").json()["segmentations"]) == 3


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("segmentation=moods", 404, "unknown_segmentation"),
        ("segment=needs-1", 422, "invalid_request"),
        ("segmentation=needs&segmentation=needs", 422, "invalid_request"),
    ],
)
def test_a_question_about_segments_that_cannot_be_answered_is_refused(
    answers: Answers, query: str, status: int, code: str
) -> None:
    assert _error(ask(answers, f"/segments?{query}"))[:2] == (status, code)
