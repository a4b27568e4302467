"""The accounts' pages as people use them: put in order, filter, search, turn the page, open one, take all along."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def _shown(page: Any) -> list[str]:
    return [str(text) for text in page.locator("[data-table=accounts] tbody th").all_inner_texts()]


def test_a_list_is_put_in_order_filtered_and_searched(opened: Any) -> None:
    page, heard = opened("/dashboard/accounts")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Probability of churn")
    page.click("thead >> text=Account")
    assert _shown(page)[:2] == ["A-0000", "A-0001"]
    assert page.locator("th[aria-sort=ascending]").inner_text().strip() == "Account"
    page.select_option("select[name=tier]", "high")
    page.wait_for_url("**tier=high*")
    assert "sort=account" in page.url
    assert set(page.locator("td.tier").all_inner_texts()) == {"high"}
    page.fill("input[name=search]", "a-000")
    page.keyboard.press("Enter")
    page.wait_for_url("**search=a-000*")
    assert "tier=high" in page.url
    assert all(name.startswith("A-000") for name in _shown(page))
    page.fill("input[name=search]", "nobody")
    page.keyboard.press("Enter")
    page.wait_for_url("**search=nobody*")
    assert page.locator(".empty").inner_text() == "No account is so: take a filter away."
    assert heard.said == []


def test_pages_are_turned_and_an_account_is_opened(opened: Any, tmp_path: Path) -> None:
    page, heard = opened("/dashboard/accounts?sort=account")
    assert "1 to 50 of 70" in page.locator(".pager").inner_text()
    page.click("text=Next")
    assert _shown(page)[0] == "A-0050"
    page.click("text=A-0053")
    assert page.locator("h1").inner_text() == "A-0053"
    page.wait_for_selector("[data-name=reasons] .plot .barlayer")
    page.go_back()
    with page.expect_download() as download:
        page.click("[data-table=accounts] a[download]")
    assert len(Path(download.value.path()).read_text("utf-8").splitlines()) == 71
    assert heard.said == []
