"""Pictures of the pages for docs/, of the company that `make demo` made."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from experiments.demo import FOLDER
from experiments.demo import main as make_demo
from pipelines.config import read_settings
from pipelines.release import read_champion
from serving.cli import main as perennial
from serving.dashboard.pages.what_if import ANCHOR as WHAT_IF
from serving.dashboard.site import SITE

OUT = Path("docs/pages")
WIDTH, LONGEST, COLOURS = 1280, 1_800, 64
CHROMIUM = os.environ.get("PERENNIAL_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
START_SECONDS = 120


def main() -> int:
    """Write one picture a page into docs/pages and return 0; the demo is run first where it was not."""
    config = FOLDER / "perennial.toml"
    if not (FOLDER / "releases").is_dir() and (code := make_demo()):
        return code
    release = read_champion(read_settings(config).releases_folder)
    as_of = [] if release is None or release.manifest.as_of is None else ["--as-of", release.manifest.as_of]
    if code := perennial(["materialize", *as_of, "--config", str(config)]):
        return code
    OUT.mkdir(parents=True, exist_ok=True)
    with _served(config) as url:
        _take(url)
    return 0


@contextmanager
def _served(config: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "serving.cli", "serve", "--no-keys", "--config", str(config), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(f"{url}/readyz")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(url: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310  # this machine
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise TimeoutError(f"the service did not answer within {START_SECONDS} seconds")


def _take(url: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": WIDTH, "height": LONGEST}, color_scheme="light")
        for entry in SITE:
            _shoot(page, f"{url}{entry.href}", entry.name)
        page.goto(f"{url}/dashboard/accounts")
        first = page.locator("tbody th a").first.get_attribute("href")
        _shoot(page, f"{url}{first}", "account")
        _shoot(page, f"{url}/dashboard/drivers", "what-if", part=f"#{WHAT_IF}")
        browser.close()


def _shoot(page: Any, url: str, name: str, part: str = "") -> None:
    """One page, or a part of it (a selector), as a picture of few colours, cut where it gets long."""
    from PIL import Image

    page.goto(url)
    page.wait_for_selector("html[data-ready]")
    page.wait_for_timeout(1_000)  # charts are drawn a moment after they come into sight
    if part:
        page.locator(part).scroll_into_view_if_needed()
        page.wait_for_timeout(1_000)
        taken = page.locator(part).screenshot()
    else:
        height = min(page.evaluate("document.documentElement.scrollHeight"), LONGEST)
        taken = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    Image.open(BytesIO(taken)).quantize(COLOURS).save(OUT / f"{name}.png", optimize=True)


if __name__ == "__main__":
    raise SystemExit(main())
