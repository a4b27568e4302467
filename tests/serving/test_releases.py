"""The champion: found, verified, swapped, or refused."""

import logging
from typing import Any

import pytest

from features.errors import ReleaseError
from serving import releases as module
from serving.releases import Champion, load_predictor

A, B = "2026-01-31-a", "2026-01-31-b"


def _damage(company: Any, version: str) -> None:
    path = company.releases_folder / version / "model.txt"
    path.write_text(path.read_text("utf-8").replace("leaf_value=", "leaf_value=1", 1), encoding="utf-8")


def _champion(company: Any) -> Champion:
    champion = Champion(company.releases_folder)
    champion.refresh()
    return champion


def test_without_a_pointer_nothing_serves_and_nothing_is_wrong(company: Any) -> None:
    champion = _champion(company)
    assert champion.predictor is champion.refused is None


def test_a_moved_pointer_is_followed(company: Any) -> None:
    champion = _champion(company)
    for version in (A, B, A):
        company.point(version)
        champion.refresh()
        assert champion.predictor is not None
        assert champion.predictor.version == version


def test_an_unmoved_pointer_costs_no_second_load(company: Any) -> None:
    company.point(A)
    champion = _champion(company)
    before = champion.predictor
    champion.refresh()
    company.point(A)
    champion.refresh()
    assert champion.predictor is before


def test_a_damaged_release_is_refused_logged_and_the_old_one_goes_on(
    company: Any, caplog: pytest.LogCaptureFixture
) -> None:
    company.point(A)
    champion = _champion(company)
    _damage(company, B)
    company.point(B)
    with caplog.at_level(logging.ERROR):
        champion.refresh()
    assert champion.predictor is not None
    assert champion.predictor.version == A
    assert champion.refused is not None
    assert "changed ['model.txt']" in champion.refused
    assert f"release {A} goes on" in caplog.text


def test_going_back_clears_the_refusal(company: Any) -> None:
    company.point(A)
    champion = _champion(company)
    company.point("2026-01-31-gone")
    champion.refresh()
    assert champion.refused is not None
    assert "without a readable manifest" in champion.refused
    company.point(A)
    champion.refresh()
    assert champion.refused is None


def test_a_release_still_on_its_way_is_tried_again(company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = company.releases_folder / B
    folder.rename(folder.with_name("elsewhere"))
    company.point(B)
    champion = _champion(company)
    folder.with_name("elsewhere").rename(folder)
    champion.refresh()
    assert champion.predictor is None
    monkeypatch.setattr(champion, "_retry_at", 0.0)
    champion.refresh()
    assert champion.predictor is not None
    assert champion.refused is None


@pytest.mark.parametrize("said", ["", "{", "[]", '{"version": 3}', '{"version": "../../etc"}', "\x00"])
def test_an_unreadable_pointer_is_refused_and_the_old_release_goes_on(company: Any, said: str) -> None:
    company.point(A)
    champion = _champion(company)
    (company.releases_folder / "champion.json").write_text(said, encoding="utf-8")
    champion.refresh()
    assert champion.predictor is not None
    assert champion.predictor.version == A
    assert champion.refused is not None
    assert "pointer" in champion.refused


def test_a_pointer_that_vanishes_changes_nothing(company: Any) -> None:
    company.point(A)
    champion = _champion(company)
    (company.releases_folder / "champion.json").unlink()
    champion.refresh()
    assert champion.predictor is not None


def test_whatever_is_wrong_with_a_release_it_is_a_release_error(company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(module, "read_release", explode)
    with pytest.raises(ReleaseError, match=r"does not load .ZeroDivisionError: odd.*promote it again or roll back"):
        load_predictor(company.releases_folder / A)
