"""Drivers and segments in a browser: what is chosen is in the address, and what is answered stands there at once."""

from __future__ import annotations

from typing import Any


def test_the_slider_asks_for_another_level_and_comes_back_to_its_section(opened: Any) -> None:
    page, heard = opened("/dashboard/drivers")
    saved = page.locator("#slider .figures .value").first
    assert saved.inner_text() == "3 accounts"
    page.locator("input[type=range]").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**to=1#slider")
    assert page.locator("#slider output").inner_text() == "1 or less"
    assert saved.inner_text() == "1.50 accounts"
    page.select_option("#slider select[name=who]", "firmographic: Größe klein")
    page.wait_for_url("**who=firmographic*")
    assert saved.inner_text() == "0.600 accounts"
    assert heard.said == []


def test_filters_go_into_the_address_and_their_downloads(opened: Any) -> None:
    page, heard = opened("/dashboard/drivers")
    page.select_option("select[name=segmentation]", "firmographic")
    page.wait_for_url("**segmentation=firmographic*")
    page.select_option("select[name=segment]", "Größe klein")
    page.wait_for_url("**segment=Gr*")
    assert "what causes churn in größe klein" in page.locator("h2").all_inner_texts()[0].lower()
    with page.expect_download() as download:
        page.locator("a[download][href*='effects.csv']").evaluate("link => link.click()")
    assert "6.0" in download.value.path().read_text("utf-8")
    assert heard.said == []


def test_a_segment_leads_to_its_own_page_and_a_segmentation_is_looked_at_closely(opened: Any) -> None:
    page, heard = opened("/dashboard/segments")
    page.select_option("select[name=segmentation]", "behavioural")
    page.wait_for_url("**segmentation=behavioural#closely")
    page.locator("[data-table=sizes] a").first.click()
    page.wait_for_url("**segment=firmographic-1")
    assert page.locator("h1").inner_text().startswith("Segment 1")
    assert heard.said == []
