"""The pages over HTTP: what comes, what is refused, and that nothing comes from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from serving.dashboard.site import SITE


@pytest.mark.parametrize("entry", SITE, ids=[entry.name for entry in SITE])
def test_every_page_is_there_and_names_its_release(client: Any, entry: Any) -> None:
    reply = client.get(entry.href)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert "Release 2026-01-31-a" in reply.text
    assert "script-src 'self'" in reply.headers["content-security-policy"]
    assert "http://" not in reply.text.replace("http://testserver", "").replace("http://www.w3.org", "")


def test_an_unknown_page_and_an_unknown_question_are_told_in_a_page(client: Any) -> None:
    for address, status, said in (
        ("/dashboard/nothing", 404, "expected one of those in the navigation"),
        ("/dashboard/trust?colour=red", 422, "Got the query parameter"),
        ("/dashboard/files/secret.txt", 404, "Got a file that is not there"),
    ):
        reply = client.get(address)
        assert reply.status_code == status, address
        assert reply.headers["content-type"].startswith("text/html"), address
        assert said in reply.text.replace("&#39;", "'")


def test_files_are_kept_by_browsers_and_packed(client: Any) -> None:
    reply = client.get("/dashboard/files/app.css")
    assert "immutable" in reply.headers["cache-control"]
    assert reply.headers["content-encoding"] == "gzip"
    assert "--ground" in reply.text


def test_the_page_of_trust_says_what_was_found_of_the_data_the_gravest_first(client: Any) -> None:
    lines = client.get("/dashboard/trust/data.csv").text.splitlines()
    assert lines[0] == "severity,table,column,what,n,do"
    assert [line.split(",")[:4] for line in lines[1:]] == [
        ["warning", "panel", "seats", "much is missing"],
        ["info", "panel", "churned", "accounts that churned"],
    ]
