"""The service, asked over HTTP as a CRM would ask it."""

import json
import re
from typing import Any

import pandas as pd
import pytest

A = "2026-01-31-a"


def _error(reply: Any) -> tuple[int, str, str]:
    said = reply.json()
    assert said.keys() == {"error"}
    assert said["error"].keys() == {"code", "message", "details"}
    assert "Traceback" not in reply.text
    return reply.status_code, said["error"]["code"], said["error"]["message"]


def test_a_known_account_gets_its_prediction_with_reasons(client: Any, releases: Any, served: Any) -> None:
    rows: pd.DataFrame = served[1].rows
    reply = client.post("/predict", json={"account_id": "A-0003"})
    said = reply.json()
    assert reply.status_code == 200
    assert (said["account_id"], said["release"], said["as_of"]) == ("A-0003", A, "2026-01-31")
    assert said["churn_prob"] == pytest.approx(releases[A].churn.prob(rows.iloc[[3]])[0], abs=1e-9)
    assert said["horizon_days"] == 90
    assert said["tier"] in ("high", "medium", "low")
    assert said["segments"].keys() == {"firmographic", "behavioural", "needs"}
    told = sum(reason["contribution_log_odds"] for reason in said["reasons"])
    assert said["base_log_odds"] + told + said["other_log_odds"] == pytest.approx(said["log_odds"], abs=1e-6)
    assert said["warnings"] == []


def test_features_sent_along_score_as_the_same_row_held(client: Any, served: Any) -> None:
    row = served[1].rows.iloc[5].drop(["account_id", "as_of"])
    features = {name: None if pd.isna(value) else value for name, value in row.items()}
    sent = client.post("/predict", json={"features": features}).json()
    held = client.post("/predict", json={"account_id": "A-0005"}).json()
    assert sent["churn_prob"] == pytest.approx(held["churn_prob"], abs=1e-12)
    assert (sent["account_id"], sent["as_of"]) == (None, None)


def test_without_explain_there_are_no_reasons(client: Any) -> None:
    said = client.post("/predict", json={"account_id": "A-0003", "explain": False}).json()
    assert said["reasons"] is said["other_log_odds"] is None


def test_an_unseen_level_is_warned_of(client: Any) -> None:
    said = client.post("/predict", json={"features": {"plan": "gold"}}).json()
    assert [warning["code"] for warning in said["warnings"]] == ["unseen_level", "missing_features"]


@pytest.mark.parametrize(
    ("body", "status", "code", "match"),
    [
        ('{"account_id": "A-9999"}', 404, "unknown_account", "got account 'A-9999', of which there is no feature row"),
        ('{"account_id": 3}', 422, "invalid_request", "account_id: input should be a valid string"),
        ('{"account_id": "A-0001", "horizon": 30}', 422, "invalid_request", "got the fields 'horizon'"),
        ("{}", 422, "invalid_request", "got neither account_id nor features"),
        ("", 422, "invalid_request", "got neither account_id nor features"),
        ("[]", 422, "invalid_request", "input should be an object"),
        ('{"account_id": ', 400, "invalid_json", "invalid JSON"),
        ("\xff", 400, "invalid_json", "invalid JSON"),
        ('{"features": {"seat": 3}}', 422, "unknown_feature", "features.seat: .* did you mean 'seats'"),
        ('{"features": {"seats": "many"}}', 422, "invalid_feature", "features.seats: got 'many'; expected a number"),
        ('{"features": {"plan": 3}}', 422, "invalid_feature", "features.plan: got 3; expected text such as 'free'"),
        ('{"features": {"seats": NaN}}', 422, "invalid_request", "features.seats: got nan; expected a finite number"),
        ('{"features": {"seats": 1e999}}', 422, "invalid_request", "got inf; expected a finite number"),
        ('{"features": {"seats": []}}', 422, "invalid_request", "got a list; expected a number"),
    ],
)
def test_bad_input_gets_one_clear_error(client: Any, body: str, status: int, code: str, match: str) -> None:
    reply = client.post("/predict", content=body.encode("latin-1"), headers={"Content-Type": "application/json"})
    found = _error(reply)
    assert found[:2] == (status, code)
    assert re.search(match, found[2])


@pytest.mark.parametrize("number", ["1e308", "-1e308", "-5", "0", "9" * 300])
def test_huge_and_negative_numbers_get_a_prediction(client: Any, number: str) -> None:
    body = f'{{"features": {{"seats": {number}, "recency_days": {number}}}}}'
    reply = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200
    assert 0 < reply.json()["churn_prob"] < 1


def test_a_batch_answers_in_order_and_item_by_item(client: Any) -> None:
    items = [
        {"account_id": "A-0002"},
        {"account_id": "nobody"},
        {"features": {"seat": 3}},
        {"account_id": "A-0001", "explain": False},
        {"features": {"seats": 4}},
        {"account_id": "A-0002"},
    ]
    said = client.post("/predict_batch", json={"accounts": items}).json()
    assert (said["release"], said["predicted"], said["failed"]) == (A, 4, 2)
    kinds = [result.get("error", {}).get("code", "predicted") for result in said["results"]]
    assert kinds == ["predicted", "unknown_account", "unknown_feature", "predicted", "predicted", "predicted"]
    assert [result["account_id"] for result in said["results"]] == ["A-0002", "nobody", None, "A-0001", None, "A-0002"]
    assert said["results"][3]["reasons"] is None
    assert said["results"][0] == said["results"][5]
    alone = client.post("/predict", json=items[0]).json()
    assert said["results"][0]["churn_prob"] == pytest.approx(alone["churn_prob"], abs=1e-12)


def test_a_batch_of_failures_only_is_an_answer(client: Any) -> None:
    said = client.post("/predict_batch", json={"accounts": [{"account_id": "nobody"}]}).json()
    assert (said["predicted"], said["failed"]) == (0, 1)


def test_a_thousand_accounts_are_a_batch_and_one_more_is_not(client: Any) -> None:
    accounts = [{"account_id": f"A-{i % 400:04d}", "explain": False} for i in range(1001)]
    assert client.post("/predict_batch", json={"accounts": accounts[:1000]}).json()["predicted"] == 1000
    status, code, message = _error(client.post("/predict_batch", json={"accounts": accounts}))
    assert (status, code) == (422, "invalid_request")
    assert message == "accounts: list should have at most 1000 items, not 1001"


def test_a_body_over_the_limit_is_refused(client: Any) -> None:
    reply = client.post("/predict", json={"account_id": "x" * 1_000_001})
    assert _error(reply)[:2] == (413, "body_too_large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nothing", 404, "not_found"), ("GET", "/predict", 405, "method_not_allowed")],
)
def test_a_wrong_address_or_method_has_the_same_shape(
    client: Any, method: str, path: str, status: int, code: str
) -> None:
    assert _error(client.request(method, path))[:2] == (status, code)


def test_an_error_of_ours_says_so_and_no_more(
    client: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("serving.answers.Answers.one_given", explode)
    reply = client.post("/predict", json={"account_id": "A-0001"})
    assert _error(reply)[:2] == (500, "internal_error")
    assert "secret" not in reply.text
    assert "secret" in caplog.text


def test_a_store_that_does_not_answer_is_503(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    monkeypatch.setattr("serving.store.Store.rows", fail)
    status, code, message = _error(client.post("/predict", json={"account_id": "A-0001"}))
    assert (status, code) == (503, "store_unavailable")
    assert "disk" not in message


def test_what_a_bad_request_held_does_not_reach_the_log(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    client.post("/predict", json={"account_id": "A-0001", "password": "hunter2"})
    client.post("/predict", json={"features": {"plan": ["hunter2"]}})
    assert "hunter2" not in caplog.text


def test_the_documents_name_both_routes(client: Any) -> None:
    paths = client.get("/docs.json").json()["paths"]
    assert {"/predict", "/predict_batch"} <= paths.keys()
    assert "not a cause of churn" in json.dumps(client.get("/docs.json").json())
