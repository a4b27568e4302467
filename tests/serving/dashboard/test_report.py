"""The report: all pages in one file that opens from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serving.dashboard.board import Board
from serving.dashboard.report import report
from serving.dashboard.site import SITE

BAR_BYTES = 8_000_000


@pytest.fixture(scope="module")
def written(make_company: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    company = make_company()
    path = tmp_path_factory.mktemp("report") / "report.html"
    board = Board(company.releases["2026-01-31-a"], None, company.releases_folder)
    path.write_text(report(board, lambda _: None), encoding="utf-8")
    return path


def test_it_holds_every_page_and_is_small(written: Path) -> None:
    text = written.read_text("utf-8")
    assert len(text.encode()) <= BAR_BYTES
    for entry in SITE:
        assert (f'<article id="{entry.name}"' in text) == entry.is_in_report


def test_it_opens_from_disk_and_asks_nobody(written: Path, browser: Any) -> None:
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.on("request", lambda one: None if one.url.startswith(("file:", "data:", "blob:")) else said.append(one.url))
    page.goto(f"file://{written}")
    page.wait_for_selector("html[data-ready]")
    for link in page.locator("header nav a").all():
        assert page.locator(str(link.get_attribute("href"))).count() == 1
    for link in page.locator("main a").all():
        href = str(link.get_attribute("href"))
        assert href.startswith("#")
        assert page.locator(f"[id='{href[1:]}']").count() == 1, href
    assert said == []
    page.close()
