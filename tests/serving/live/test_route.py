"""The route /events of the service."""

from __future__ import annotations

from typing import Any

from serving.accounts import add

LOGIN = {"activity_id": "1", "account_id": "live-1", "occurred_at": "2026-02-20T08:00:00Z", "event": "login"}


def test_rows_are_taken_and_refused_one_by_one(client: Any, served: Any) -> None:
    from serving.store import Store

    store = Store(served[1].environment()["PERENNIAL_STORE"])
    with store.writing() as connection:
        add(connection, ["live-1"])
    store.close()
    body = {"table": "activities", "rows": [LOGIN, LOGIN, {**LOGIN, "account_id": "stranger"}]}
    reply = client.post("/events", json=body)
    said = reply.json()
    assert reply.status_code == 200
    assert (said["accepted"], said["duplicate"], said["rejected"]) == (1, 1, 1)
    assert said["results"][2]["problems"][0]["where"] == "rows.2.account_id"
    assert client.post("/events", json=body).json()["duplicate"] == 2


def test_a_request_that_is_none_is_refused_in_our_shape(client: Any) -> None:
    for body in (
        {"table": "activity", "rows": [LOGIN]},
        {"table": "activities", "rows": []},
        {"table": "activities", "rows": [LOGIN] * 1_001},
        {"table": "activities", "rows": [7]},
        {"table": "activities", "rows": [LOGIN], "dry_run": True},
    ):
        reply = client.post("/events", json=body)
        assert (reply.status_code, reply.json()["error"]["code"]) == (422, "invalid_request")
