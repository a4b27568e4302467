"""What was suggested last, over HTTP and on its page; and what was done, sent back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from pipelines.actions.ledger import append
from serving.actions import KeptActions
from serving.dashboard.blocks import Figures
from serving.dashboard.pages.actions import actions
from serving.errors import Refusal

ROWS = pd.DataFrame(
    {
        "account_id": ["A-1", "A-2", "A-3"],
        "owner": ["Ann", "Ben", "Ann"],
        "answer": ["do", "do", "do nothing"],
        "action": ["call", "note", None],
        "due": pd.to_datetime(["2026-02-08", "2026-02-09", None]),
        "points": [4.0, 2.0, None],
        "low": [1.0, -1.0, None],
        "high": [7.0, 5.0, None],
        "worth": [12_000.0, 900.0, 50.0],
        "cost": [60.0, 5.0, None],
        "expected_value": [420.0, 13.0, None],
        "driver": ["outage", None, None],
        "evidence": ["randomised", "adjusted", None],
        "why": ["it had an outage", "a note helps accounts like it", "nothing is known to help"],
    }
)
FIGURE = {
    "topic": "call", "figure": "effect", "value": 4.0, "low": 1.0, "high": 7.0, "unit": "points of churn saved",
    "basis": "caused", "group_by": "all", "group": "all", "n": 582, "n_accounts": 474, "verdict": "found",
    "sentence": "on all that may have it",
}  # fmt: skip


@pytest.fixture
def kept(tmp_path: Path) -> KeptActions:
    folder = tmp_path / "actions"
    folder.mkdir()
    ROWS.to_parquet(folder / "suggestions.parquet")
    spared = ROWS.loc[[1], ["account_id", "action", "points", "low", "high", "evidence", "why"]]
    spared.to_parquet(folder / "do_not_disturb.parquet")
    pd.DataFrame([FIGURE]).to_parquet(folder / "figures.parquet")
    return KeptActions(folder)


def test_suggestions_are_told_of_all_of_one_owner_and_of_one_answer(kept: KeptActions) -> None:
    told = json.loads(kept.of())
    assert told["counts"] == {"do": 2, "do nothing": 1}
    assert told["n_not_to_disturb"] == 1
    assert told["found"] == [FIGURE]
    assert told["suggestions"][0]["due"].startswith("2026-02-08")
    own = json.loads(kept.of(owner="Ann"))
    assert [one["account_id"] for one in own["suggestions"]] == ["A-1", "A-3"]
    assert own["counts"] == {"do": 1, "do nothing": 1}
    assert [one["account_id"] for one in json.loads(kept.of(answer="do"))["suggestions"]] == ["A-1", "A-2"]


def test_an_owner_that_is_not_there_is_refused_with_those_that_are(kept: KeptActions) -> None:
    with pytest.raises(Refusal, match=r"got owner 'Anna'; expected one such as 'Ann'.*leave owner out for all"):
        kept.of(owner="Anna")


def test_a_later_run_is_taken_up(kept: KeptActions) -> None:
    assert json.loads(kept.of())["counts"]["do"] == 2
    path = kept.folder / "suggestions.parquet"
    ROWS.iloc[:1].to_parquet(path)
    os.utime(path, ns=(1, 2**62))
    assert json.loads(kept.of())["counts"] == {"do": 1}


def test_the_page_says_what_the_run_said(kept: KeptActions) -> None:
    page = actions(_board(kept), {"owner": "Ann"})
    todo = page.tables()["to-do"].rows
    assert [str(row[0].text) for row in todo if not isinstance(row[0], str)] == ["A-1"]  # type: ignore[union-attr]
    assert page.tables()["spared"].rows
    blocks = [block for section in page.sections for block in section.blocks]
    shown = [one for block in blocks if isinstance(block, Figures) for one in block.shown]
    assert 420.0 in [one.value for one in shown]
    assert any(one.value == 4.0 and one.basis == "caused" and one.low == 1.0 for one in shown)


def test_actions_of_which_nothing_is_known_share_a_section(kept: KeptActions) -> None:
    refused = {**FIGURE, "verdict": "refused", "value": None, "low": None, "high": None, "sentence": "nobody had it"}
    rows = [FIGURE, *({**refused, "topic": topic} for topic in ("personal_call", "handwritten_note"))]
    pd.DataFrame(rows).to_parquet(kept.folder / "figures.parquet")
    page = actions(_board(kept), {})
    (section,) = [one for one in page.sections if one.title == "Not known yet"]
    said = "Not told: effect of personal call, effect of handwritten note. Nobody had it."
    assert [block.text for block in section.blocks] == [said]  # type: ignore[union-attr]


def test_before_the_first_run_the_page_says_what_to_do(tmp_path: Path) -> None:
    page = actions(_board(KeptActions(tmp_path / "actions")), {})
    assert "perennial actions" in page.sections[0].blocks[0].text  # type: ignore[union-attr]
    assert "perennial experiment plan" in page.tables()["experiments"].empty


def test_experiments_are_told_as_far_as_they_have_come(kept: KeptActions) -> None:
    ledger = kept.folder.parent / "experiments" / "ledger.jsonl"
    append(ledger, "planned", "calls", {"detectable_points": 4.8, "n_accounts": 600}, at="2025-03-01")
    append(ledger, "planned", "notes", {"detectable_points": 2.0, "n_accounts": 900}, at="2025-04-01")
    append(ledger, "assigned", "calls", {"kind": "call", "n_helped": 290, "n_not": 292}, at="2025-03-02")
    for at, low in (("2025-09-01", -1.0), ("2026-01-31", 0.9)):
        said = {"points": 5.2, "low": low, "high": 9.5, "n_accounts": 582, "says": "helps" if low > 0 else "goes on"}
        append(ledger, "read", "calls", said, at=at)
    calls, notes = json.loads(kept.of())["experiments"]
    assert (calls["says"], calls["read"], calls["low"], calls["kind"]) == ("helps", "2026-01-31", 0.9, "call")
    assert (calls["planned"], calls["assigned"], calls["detectable_points"]) == ("2025-03-01", "2025-03-02", 4.8)
    assert (notes["says"], notes["points"]) == ("planned", None)
    rows = actions(_board(kept), {}).tables()["experiments"].rows
    assert [row[:2] for row in rows] == [["calls", "helps"], ["notes", "planned"]]


def test_a_ledger_that_was_changed_is_not_told_of(kept: KeptActions) -> None:
    ledger = kept.folder.parent / "experiments" / "ledger.jsonl"
    append(ledger, "planned", "calls", {"detectable_points": 4.8}, at="2025-03-01")
    ledger.write_text(ledger.read_text().replace("4.8", "1.8") + "x")
    told = json.loads(kept.of())
    assert told["experiments"] == []
    assert "a ledger ledger.jsonl that was changed at or before line" in told["experiments_why_not"]
    assert "experiments" not in actions(_board(kept), {}).tables()


def test_what_was_done_is_taken_and_what_is_wrong_is_told(client: Any) -> None:
    row = {"intervention_id": "I-1", "account_id": "A-0001", "assigned_at": "2026-01-31T09:30:00Z", "kind": "call"}
    client.post("/events", json={"table": "accounts", "rows": [{"account_id": "A-0001"}]})
    odd = {**row, "intervention_id": "I-2", "assigned_at": "soon"}
    reply = client.post("/interventions", json={"rows": [row, odd]})
    assert reply.status_code == 200
    told = reply.json()
    assert (told["table"], told["accepted"], told["rejected"]) == ("interventions", 1, 1)
    assert "assigned_at" in told["results"][1]["problems"][0]["where"]
    assert client.post("/interventions", json={"rows": []}).status_code == 422


def _board(kept: KeptActions) -> Any:
    return SimpleNamespace(actions=kept)
