"""The accounts' pages: what they say is what was predicted, counted and found, and what they cannot say they say so."""

from __future__ import annotations

import csv
import gzip
import io
import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from features.plain_rows import packed
from serving.about import About
from serving.dashboard.addresses import account_address
from serving.dashboard.app import dashboard
from serving.dashboard.blocks import Chart, Note, Page, Timeline
from serving.dashboard.board import Board
from serving.dashboard.pages.account import account
from serving.dashboard.pages.accounts import accounts
from serving.dashboard.table import Link, Table
from serving.errors import Refusal
from serving.forget_store import erase_from_store
from serving.payloads import Prediction
from serving.predictor import Predictor
from serving.published import read_rows
from serving.scores import Score, write_scores
from serving.store import Store, write_rows
from serving.store_tables import ACCOUNTS, HISTORIES
from serving.vocabulary import FeatureRow

AWKWARD = ("A/1 ?#%&é", "..", "accounts.csv", "~tilde", "=1+1", "a/../b", "<b>")
KNOWN = {"batch": 1, "version": 1, "refresh_at": 1e12, "claimed_until": 0.0}
GONE = "gone"


def _day(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 1, day, hour)


ROWS = {
    "accounts": [{"account_id": AWKWARD[0], "name": "Acme <& Co>", "owner": "ada", "industry": "retail"}],
    "cases": [
        {"case_id": "c1", "account_id": AWKWARD[0], "opened_at": _day(3, 9), "is_escalated": True, "contact_id": "k1"},
        {"case_id": "c2", "account_id": AWKWARD[0], "opened_at": datetime(2026, 3, 1), "contact_id": "k1"},
    ],
    "activities": [
        {"activity_id": f"e{n}", "account_id": AWKWARD[0], "occurred_at": _day(1 + n % 28), "event": "login"}
        for n in range(120)
    ]
    + [
        {
            "activity_id": "out",
            "account_id": AWKWARD[0],
            "occurred_at": _day(30),
            "event": "email_sent",
            "direction": "out",
            "contact_id": "k2",
        }
    ],
    "survey_responses": [
        {
            "response_id": "r",
            "account_id": AWKWARD[0],
            "answered_at": _day(20),
            "metric": "nps",
            "score": 3.0,
            "scale_max": 10.0,
            "contact_id": "k1",
            "comment": "<script>",
        }
    ],
    "contacts": [
        {"contact_id": "k1", "account_id": AWKWARD[0], "role": "Decision Maker", "is_primary": True},
        {"contact_id": "k2", "account_id": AWKWARD[0], "role": "Influencer"},
        {"contact_id": "k3", "account_id": AWKWARD[0], "role": "Other", "active_to": _day(9)},
    ],
    "interventions": [
        {"intervention_id": "i", "account_id": AWKWARD[0], "assigned_at": _day(5), "kind": "call", "is_holdout": True}
    ],
}


def _score(prediction: Prediction, as_of: str, at: float, shift: float = 0.0) -> Score:
    value = prediction.ahead.value_at_risk if prediction.ahead else None
    found = prediction.model_copy(update={"as_of": as_of, "churn_prob": prediction.churn_prob + shift})
    texts = found.model_dump_json(), found.without_reasons().model_dump_json()
    return Score(str(found.account_id), found.release, as_of, at, found.churn_prob, found.tier, value, *texts)


@pytest.fixture(scope="module")
def board(make_company: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """Sixty accounts with scores, some with ids of any characters; one without score; one of two months."""
    made = make_company()
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('board') / 'online.db'}")
    predictor = Predictor(made.releases["2026-01-31-a"])
    rows = list(read_rows(made.published))[:60]
    rows[: len(AWKWARD)] = [replace(row, account_id=name) for row, name in zip(rows, AWKWARD, strict=False)]
    rows = [replace(row, as_of="2026-01-31") for row in rows]
    predictions = predictor.predict(rows, [True] * len(rows))
    with store.alone() as connection:
        known = [{"account_id": row.account_id, **KNOWN} for row in rows]
        connection.execute(ACCOUNTS.insert(), [*known, {"account_id": GONE, **KNOWN}])
        connection.execute(HISTORIES.insert(), {"account_id": AWKWARD[0], "rows": packed(ROWS)})
        write_rows(connection, rows)
        about = {AWKWARD[0]: About.of(ROWS), AWKWARD[1]: About("Two Dots", "bob")}
        before = [_score(one, "2025-12-15", 1.0, -0.001) for one in predictions[:10]]
        write_scores(connection, before, about)
        write_scores(connection, [_score(one, "2026-01-31", 2.0) for one in predictions], about)
    yield Board(predictor.release, store, predictor=predictor)
    store.close()


@pytest.fixture(scope="module")
def pages(board: Board) -> Any:
    """The application of the pages alone, over that store."""
    with warnings.catch_warnings():
        # it would rather have a package httpx2; httpx, which mlflow and bentoml bring, still works
        warnings.filterwarnings("ignore", "Using `httpx` with `starlette.testclient`", DeprecationWarning)
        warnings.filterwarnings("ignore", "Using `httpx` with `starlette.testclient`", UserWarning)
        from starlette.testclient import TestClient

    champion = SimpleNamespace(predictor=board.predictor, releases=board.releases)
    answers: Any = SimpleNamespace(champion=champion, published=SimpleNamespace(store=board.store), suggested=None)
    return TestClient(dashboard(lambda: answers, lambda: None))


def _get(pages: Any, address: str, **headers: str) -> Any:
    return pages.get(address.removeprefix("/dashboard"), headers=headers)


def _table(page: Page, name: str) -> Table:
    return page.tables()[name]


def _blocks(page: Page, kind: type) -> list[Any]:
    found = [block for section in page.sections for block in (*section.blocks, *section.beside)]
    return [block for block in found if isinstance(block, kind)]


def _prediction(board: Board, account_id: str) -> Prediction:
    assert board.store is not None
    assert board.predictor is not None
    return board.predictor.predict([board.store.rows([account_id])[account_id]], [True])[0]


def test_the_list_says_what_is_predicted_of_each(board: Board) -> None:
    rows = _table(accounts(board, {}), "accounts").rows
    assert len(rows) == 50
    probs = [row[4] for row in rows]
    assert probs == sorted(probs, reverse=True)  # type: ignore[type-var]
    for link, _, _, tier, prob, _, _, value, segment in rows[:5]:
        assert isinstance(link, Link)
        said = _prediction(board, link.text)
        place = said.segments["firmographic"]
        assert said.ahead
        assert (tier, prob) == (said.tier, said.churn_prob)
        assert value == pytest.approx(said.ahead.value_at_risk)
        assert segment == (place.name if place else None)


def test_what_is_asked_for_is_in_the_addresses_of_the_page(board: Board) -> None:
    page = accounts(board, {"tier": "low", "sort": "value"})
    value = next(one for one in _table(page, "accounts").columns if one.name == "value")
    assert (value.sorted, value.sort_href) == ("ascending", "/dashboard/accounts?tier=low&sort=-value")
    prob = next(one for one in _table(page, "accounts").columns if one.name == "prob")
    assert (prob.sorted, prob.sort_href) == ("", "/dashboard/accounts?tier=low&sort=-prob")


def test_nobody_who_is_so_and_nobody_at_all_are_told_apart(board: Board) -> None:
    empty = _table(accounts(board, {"search": "nobody"}), "accounts")
    assert (empty.rows, empty.empty) == ([], "No account is so: take a filter away.")
    bare = accounts(replace(board, store=Store("sqlite://")), {})
    assert "perennial materialize" in _blocks(bare, Note)[0].text
    assert _blocks(accounts(replace(board, store=None), {}), Note)[0].kind == "refused"


def test_the_download_has_all_that_are_asked_for_once(pages: Any, board: Board) -> None:
    reply = _get(pages, "/dashboard/accounts/accounts.csv?tier=")
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert len({row["account_id"] for row in rows}) == len(rows) == 60
    assert "'=1+1" in {row["account_id"] for row in rows}
    first = next(row for row in rows if row["account_id"] == AWKWARD[0])
    assert float(first["churn_prob"]) == _prediction(board, AWKWARD[0]).churn_prob
    assert (first["name"], first["former_as_of"]) == ("Acme <& Co>", "2025-12-15")
    few = _get(pages, "/dashboard/accounts/accounts.csv?owner=ada").text.splitlines()
    assert len(few) == 2


@pytest.mark.parametrize("account_id", AWKWARD)
def test_an_account_is_found_at_its_address_whatever_its_id(pages: Any, account_id: str) -> None:
    reply = _get(pages, account_address(account_id))
    assert reply.status_code == 200
    assert "How likely it leaves" in reply.text
    assert "<script>”" not in reply.text
    contacts = _get(pages, account_address(account_id, table="segments"))
    assert contacts.headers["content-type"].startswith("text/csv")


def test_an_unknown_account_and_a_forgotten_one_are_not_there(pages: Any, board: Board) -> None:
    assert _get(pages, "/dashboard/accounts/nobody").status_code == 404
    assert "of which nothing is known" in _get(pages, "/dashboard/accounts/nobody").text
    assert board.store
    name = "A-0059"
    assert _get(pages, account_address(name)).status_code == 200
    erase_from_store(board.store, name, 1.0)
    assert _get(pages, account_address(name)).status_code == 404
    assert name not in _get(pages, "/dashboard/accounts/accounts.csv").text
    # it is put back, so that the tests' order does not matter
    row, score = FeatureRow({"seats": 3.0}, name, "2026-01-31"), _prediction(board, "A-0058")
    with board.store.alone() as connection:
        write_rows(connection, [row])
        connection.execute(ACCOUNTS.insert(), {"account_id": name, **KNOWN})
        write_scores(connection, [_score(score.model_copy(update={"account_id": name}), "2026-01-31", 2.0)])


def test_an_account_without_a_score_has_a_page_that_says_so(board: Board) -> None:
    page = account(board, GONE)
    assert "This account has no score" in _blocks(page, Note)[0].text
    assert _blocks(page, Chart) == []


def test_reasons_add_up_to_the_probability_and_are_called_no_cause(board: Board) -> None:
    said = _prediction(board, AWKWARD[0])
    page = account(board, AWKWARD[0])
    chart = next(one for one in _blocks(page, Chart) if one.name == "reasons")
    bars = chart.data[0]
    assert bars["base"][0] == said.base_log_odds
    assert bars["base"][-1] + bars["x"][-1] == pytest.approx(said.log_odds)
    assert bars["x"][:-1] == pytest.approx([reason.contribution_log_odds for reason in said.reasons or []])
    assert any(note.kind == "predicts" and "do not cause" in note.text for note in _blocks(page, Note))


def test_charts_are_what_plotly_draws(board: Board) -> None:
    import plotly.graph_objects as go

    for chart in _blocks(account(board, AWKWARD[0]), Chart):
        plain = json.dumps([chart.data, chart.layout]).replace('"--', '"#0072b2;').split('"#0072b2;')
        text = plain[0] + "".join('"#0072b2' + part[part.index('"') :] for part in plain[1:])
        data, layout = json.loads(text)
        assert go.Figure(data, layout).to_dict()["layout"]
        assert chart.table.rows


def test_the_curve_is_the_predicted_one_and_a_release_without_says_so(board: Board) -> None:
    said = _prediction(board, AWKWARD[0])
    assert said.ahead
    rows = _table(account(board, AWKWARD[0]), "retention").rows
    assert [row[1] for row in rows] == [1.0, *(point.prob for point in said.ahead.retention)]
    lacking = replace(board.release, curve=None, manifest=board.manifest.model_copy(update={"version": "other"}))
    page = account(replace(board, release=lacking, predictor=None), AWKWARD[0])
    assert any("no retention curve" in note.text for note in _blocks(page, Note))


def test_what_happened_is_told_as_far_as_it_was_known_and_the_rest_counted(board: Board) -> None:
    page = account(board, AWKWARD[0])
    moments = _blocks(page, Timeline)[0].moments
    assert len(moments) == 100
    assert moments[0].kind == "Score"
    assert not [one for one in moments if one.when.startswith("2026-03")]
    assert ("2026-01-20", "bad") in [(one.when, one.tone) for one in moments if one.kind == "Answer, NPS"]
    # 120 logins, a mail, a case, an answer, an intervention, a contact that left, two scores
    assert any("27 earlier moments" in note.text for note in _blocks(page, Note))


def test_contacts_are_told_with_their_silence(board: Board) -> None:
    table = _table(account(board, AWKWARD[0]), "contacts")
    found = {row[0]: row for row in table.rows}
    assert found["k1"][1:] == ["Decision Maker", "yes", "2026-01-20", 11, "active"]
    assert found["k2"][3:] == [None, None, "never heard of"]
    assert found["k3"][5] == "left 2026-01-09"


def test_what_was_withheld_is_not_told_as_done(board: Board) -> None:
    assert _table(account(board, AWKWARD[0]), "interventions").rows == [
        ["2026-01-05", "call", None, "withheld, to compare", None]
    ]


def _with_driver(board: Board, bad: float | None, good: float | None, **said: Any) -> Board:
    drivers = board.release.drivers.copy()
    at = list(drivers.columns).index("figure")
    about = {"feature": "recency_days", "feature_unit": "days", "bad": bad, "good": good} | said
    for place, (name, value) in enumerate(about.items()):
        if name in drivers.columns:
            drivers[name] = value
        else:
            drivers.insert(at + place, name, value)
    return replace(board, release=replace(board.release, drivers=drivers))


def test_causes_that_an_account_has_are_told_with_their_effect_among_groups(board: Board) -> None:
    assert board.store
    now = float(board.store.rows([AWKWARD[0]])[AWKWARD[0]].values["recency_days"])  # type: ignore[arg-type]
    has_it = account(_with_driver(board, now, 0.0), AWKWARD[0])
    ((link, _, contrast, effect, _, among, rests_on, controllable),) = _table(has_it, "helps").rows
    assert isinstance(link, Link)
    assert (link.text, contrast, effect) == ("Escalations, last 90 days", "at least one against none", 4.0)
    assert (among, controllable) == ("all accounts", "yes")
    assert "100 account-dates" in str(rests_on)
    assert any("not of this account" in note.text for note in _blocks(has_it, Note))
    has_it_not = account(_with_driver(board, now + 1, 0.0), AWKWARD[0])
    assert _table(has_it_not, "helps").rows == []
    assert "none of the experiences bad" in _table(has_it_not, "helps").empty


def test_what_is_no_cause_does_not_help_and_an_older_release_cannot_tell(board: Board) -> None:
    no_cause = account(_with_driver(board, 0.0, -1.0, verdict="none found"), AWKWARD[0])
    assert _table(no_cause, "helps").rows == []
    assert "does not say from where on" in _table(account(board, AWKWARD[0]), "helps").empty
    unknown = account(_with_driver(board, 1.0, 0.0, feature="never_seen"), AWKWARD[0])
    assert any("Not known of this account: Escalations" in note.text for note in _blocks(unknown, Note))


def test_where_no_answer_is_kept_the_account_is_predicted_now(board: Board) -> None:
    others = replace(board.release, manifest=board.manifest.model_copy(update={"version": "other"}))
    page = account(replace(board, release=others, predictor=Predictor(others)), "A-0020")
    shown = page.sections[0].blocks[0].shown[0]  # type: ignore[union-attr]
    assert shown.value == _prediction(board, "A-0020").churn_prob


def test_pages_go_out_packed_to_whoever_unpacks(pages: Any) -> None:
    plain = _get(pages, "/dashboard/accounts", **{"accept-encoding": "identity"})
    with_it = pages.build_request("GET", "/accounts", headers={"accept-encoding": "gzip"})
    reply = pages.send(with_it, stream=True)
    raw = b"".join(reply.iter_raw())
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 3


def test_a_form_sent_without_scripts_asks_for_what_is_filled_in(pages: Any) -> None:
    reply = _get(pages, "/dashboard/accounts?search=two+dots&tier=&owner=&segment=&worse=")
    assert reply.status_code == 200
    assert "1 to 1 of 1" in reply.text
    assert _get(pages, "/dashboard/accounts?tier=purple").status_code == 422
    with pytest.raises(Refusal, match="expected one of high"):
        accounts(Board(None), {"tier": "purple"})  # type: ignore[arg-type]
