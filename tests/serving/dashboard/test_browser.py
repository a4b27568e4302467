"""Every page in a browser: nothing fails, nothing comes from elsewhere, and everybody can use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serving.dashboard.site import SITE

PAGES = [pytest.param(entry.href, id=entry.name) for entry in SITE]
PAGES.append(pytest.param("/dashboard/accounts/A-0007", id="account"))
WIDTHS = (390, 1440)


@pytest.fixture(scope="session")
def axe() -> Any:
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


def _violations(axe: Any, page: Any) -> list[str]:
    # the checker's script is no part of the page, whose policy would not let it in: it comes over the debugger
    found = axe.run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_usable_and_asks_nobody_else(opened: Any, axe: Any, path: str) -> None:
    for theme, width in (("light", 1440), ("dark", 390)):
        page, heard = opened(path, width=width, theme=theme)
        page.wait_for_selector("html[data-ready]")
        assert page.locator("h1").count() == 1
        assert page.locator("nav [aria-current=page]").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than {width}"
        assert _violations(axe, page) == []
        assert heard.said == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_everything_without_scripts(opened: Any, path: str) -> None:
    page, _ = opened(path, java_script_enabled=False)
    assert page.locator("h1").is_visible()
    for i in range(page.locator("figure.chart").count()):
        assert page.locator("figure.chart").nth(i).locator("table").first.is_visible()


def test_who_has_not_signed_in_is_led_to_where_they_wanted_to_go(browser: Any, site: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.url}/dashboard/trust")
    assert page.url == f"{site.url}/dashboard/sign-in?next=%2Fdashboard%2Ftrust"
    page.fill("input[name=key]", "pk_000000000000_wrong")
    page.click("main button")
    assert "opens nothing" in page.locator("[role=alert]").inner_text()
    page.fill("input[name=key]", site.key)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/dashboard/trust")
    cookies = {one["name"]: one for one in context.cookies()}
    assert cookies["perennial_session"]["httpOnly"]
    assert cookies["perennial_session"]["sameSite"] == "Strict"
    assert site.key not in str(cookies)
    page.click("text=Sign out")
    page.goto(f"{site.url}/dashboard/trust")
    assert "/dashboard/sign-in" in page.url
    context.close()


def test_a_table_and_a_picture_are_downloaded(opened: Any, tmp_path: Path) -> None:
    page, _ = opened("/dashboard")
    with page.expect_download() as download:
        page.locator("a[download]").first.click()
    text = Path(download.value.path()).read_text("utf-8")
    assert text.splitlines()[0].startswith("driver,")
    page.goto(page.url.replace("/dashboard", "/dashboard/trust"))
    with page.expect_download() as download:
        page.locator("[data-picture=svg]").first.click()
    assert Path(download.value.path()).read_text("utf-8").lstrip().startswith("<svg")


def test_the_theme_is_changed_and_kept(opened: Any) -> None:
    page, _ = opened("/dashboard", theme="light")
    page.click("[data-theme-button]")
    assert page.locator("html").get_attribute("data-theme") == "dark"
