"""Answers with reasons that were kept: given where they still hold, else computed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from serving.answers import Answers
from serving.payloads import PredictBatchRequest, PredictRequest
from serving.published import PublishedRows
from serving.releases import Champion
from serving.scores import Score, write_scores
from serving.store import Store

A, B = "2026-01-31-a", "2026-01-31-b"


@pytest.fixture
def answers(company: Any) -> Answers:
    company.point(A)
    champion = Champion(company.releases_folder)
    champion.refresh()
    published = PublishedRows(company.published, Store(company.environment()["PERENNIAL_STORE"]))
    published.refresh()
    return Answers(champion, published)


def _keep(answers: Answers, account_id: str, *, mark: str = "kept", **other: Any) -> None:
    """Keep an answer that can be told from a computed one by its mark."""
    said = json.loads(answers.one_given(PredictRequest(account_id=account_id)).body) | {"warnings": [], "mark": mark}
    known = {"release": A, "as_of": "2026-01-31", "computed_at": 1.0, "churn_prob": said["churn_prob"]}
    texts = {"answer": json.dumps(said), "plain": json.dumps(said | {"mark": f"{mark}, plain"})}
    score = Score(account_id, tier="low", value_at_risk=None, **texts, **known | other)
    with answers.published.store.alone() as connection:
        write_scores(connection, [score])


def _said(answers: Answers, account_id: str, explain: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answers.one_given(PredictRequest(account_id=account_id, explain=explain)).body)
    return found


def test_an_answer_that_was_kept_is_given_as_it_is(answers: Answers) -> None:
    _keep(answers, "A-0003")
    given = answers.one_given(PredictRequest(account_id="A-0003"))
    assert json.loads(given.body)["mark"] == "kept"
    assert (given.release, given.tiers) == (A, {"low": 1})


@pytest.mark.parametrize("other", [{"release": B}, {"as_of": "2026-01-30"}, {"as_of": None}])
def test_an_answer_of_another_release_or_row_is_not_given(answers: Answers, other: dict[str, Any]) -> None:
    _keep(answers, "A-0003", **other)
    said = _said(answers, "A-0003")
    assert "mark" not in said
    assert said["reasons"]


def test_an_answer_without_reasons_is_kept_too(answers: Answers) -> None:
    _keep(answers, "A-0003")
    assert _said(answers, "A-0003", explain=False)["mark"] == "kept, plain"


def test_an_answer_less_its_reasons_is_the_one_without(answers: Answers) -> None:
    request = PredictRequest(account_id="A-0003", explain=False)
    assert answers.one(PredictRequest(account_id="A-0003")).without_reasons() == answers.one(request)


def test_after_a_swap_no_answer_of_the_old_release_goes_out(answers: Answers, company: Any) -> None:
    _keep(answers, "A-0003")
    company.point(B)
    answers.champion.refresh()
    assert _said(answers, "A-0003")["release"] == B


def test_what_is_given_is_what_is_computed(answers: Answers) -> None:
    for asked in ({"account_id": "A-0003"}, {"account_id": "A-0004", "explain": False}, {"features": {"seats": 3}}):
        request = PredictRequest(**asked)
        assert json.loads(answers.one_given(request).body) == json.loads(answers.one(request).model_dump_json())


def test_a_batch_mixes_kept_computed_and_failed_in_the_order_asked_for(answers: Answers) -> None:
    _keep(answers, "A-0001")
    ids = ["A-0002", "nobody", "A-0001", "A-0001"]
    asked = [PredictRequest(account_id=account_id, explain=n != 3) for n, account_id in enumerate(ids)]
    given = answers.batch_given(PredictBatchRequest(accounts=asked))
    said = json.loads(given.body)
    assert (said["release"], said["predicted"], said["failed"]) == (A, 3, 1)
    assert [one.get("mark", "computed") for one in said["results"]] == ["computed", "computed", "kept", "kept, plain"]
    assert [one["account_id"] for one in said["results"]] == ids
    assert said["results"][1]["error"]["code"] == "unknown_account"
    assert sum(given.tiers.values()) == 3


def test_a_batch_of_which_nothing_is_kept_is_the_same_as_computed(answers: Answers) -> None:
    def items() -> Iterator[PredictRequest]:
        yield PredictRequest(account_id="A-0002")
        yield PredictRequest(account_id="nobody")
        yield PredictRequest(features={"seats": 4}, explain=False)

    request = PredictBatchRequest(accounts=list(items()))
    assert json.loads(answers.batch_given(request).body) == json.loads(answers.batch(request).model_dump_json())
