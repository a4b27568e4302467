"""The pages in a real browser: Debian's Chromium, driven by Playwright, against the real server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.kept_keys import KeptKeys
from serving.payloads import Prediction
from serving.predictor import Predictor
from serving.published import read_rows
from serving.scores import Score, write_scores
from serving.store import Store

CHROMIUM = "/usr/bin/chromium"
N_SCORED = 70
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A service that asks for keys, and one of its keys."""

    url: str
    key: str


@pytest.fixture(scope="session")
def site(make_company: Any, serving: Any, wait: Any) -> Iterator[Site]:
    """The real server over the tiny company, with keys."""
    _skip_without_chromium()
    company = make_company()
    company.point("2026-01-31-a")
    _score(company)
    key = KeptKeys(Store(company.environment()["PERENNIAL_STORE"])).create("board", ["read"])
    with serving(company, company.folder / "pages.log", PERENNIAL_AUTH="keys") as url:
        wait(lambda: _is_ready(url), seconds=60)
        yield Site(url, key)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; no longer than for a module, since Playwright's loop runs as long, and no other can beside it."""
    _skip_without_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield found
        found.close()


class Heard:
    """What a page complained of, and what it asked other hosts for."""

    def __init__(self, page: Any, own: str) -> None:
        self.said: list[str] = []
        page.on("console", lambda one: self.said.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: self.said.append(str(one)))
        page.on("request", lambda one: None if self._is_own(one.url, own) else self.said.append(f"asked {one.url}"))

    @staticmethod
    def _is_own(url: str, own: str) -> bool:
        return url.startswith((own, "data:", "blob:"))


@pytest.fixture(scope="module")
def signed_in(browser: Any, site: Site) -> Any:
    """The cookies of whoever has signed in."""
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"{site.url}/dashboard/sign-in")
        page.fill("input[name=key]", site.key)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site.url}/dashboard")
        return context.storage_state()


@pytest.fixture
def opened(browser: Any, site: Site, signed_in: Any) -> Iterator[Any]:
    """Open a page as whoever has signed in; returns the page and what was heard of it."""
    contexts = []

    def open_(path: str, *, width: int = 1440, theme: str = "light", **settings: Any) -> tuple[Any, Heard]:
        context = browser.new_context(viewport={"width": width, "height": 900}, storage_state=signed_in, **settings)
        contexts.append(context)
        context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        page = context.new_page()
        heard = Heard(page, site.url)
        page.goto(f"{site.url}{path}")
        return page, heard

    yield open_
    for context in contexts:
        context.close()


def _score(company: Any) -> None:
    """Keep scores of the first accounts, those of the first ten of an earlier month too."""
    predictor = Predictor(company.releases["2026-01-31-a"])
    rows = [row for row, _ in zip(read_rows(company.published), range(N_SCORED), strict=False)]
    found = predictor.predict(rows, [True] * len(rows))
    store = Store(company.environment()["PERENNIAL_STORE"])
    with store.alone() as connection:
        for as_of, at, some in (("2025-12-15", 1.0, found[:10]), ("2026-01-31", 2.0, found)):
            write_scores(connection, [_kept(one, as_of, at) for one in some])
    store.close()


def _kept(one: Prediction, as_of: str, at: float) -> Score:
    value = one.ahead.value_at_risk if one.ahead else None
    texts = one.model_dump_json(), one.without_reasons().model_dump_json()
    return Score(str(one.account_id), one.release, as_of, at, one.churn_prob, one.tier, value, *texts)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _skip_without_chromium() -> None:
    if not Path(CHROMIUM).exists() and shutil.which("chromium") is None:
        pytest.skip("Chromium is not here: apt-get install chromium")
