"""How long the CX lead's pages take with 100,000 accounts, and how much is transferred; the list with a million."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

from experiments.benchmarks.dashboard_pages import download_figures, list_figures, lists, page_figures
from experiments.benchmarks.dashboard_store import many_listed, remove
from experiments.benchmarks.report import Figure, arguments, run
from experiments.benchmarks.serving_company import Served, make_company
from experiments.benchmarks.serving_server import SERVICE, serving
from pipelines.release import BASES
from serving.dashboard.scored import totals, totals_by_segment
from serving.store import Store

COMPANY, FEW = 2_000, 60
ACCOUNTS, QUICK_ACCOUNTS, MANY = 100_000, 5_000, 1_000_000
MOST_TOTALS_MS = 50
TIMES = 15


def main() -> int:
    """Run the benchmark from the command line."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help="how many accounts the store lists")
    parser.add_argument("--company", type=Path, help="folder to keep the company in, or to find one made before")
    return run("dashboard", lambda options: list(measure(options)), parser.parse_args())


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures with so many accounts, then those of the list with a million."""
    with tempfile.TemporaryDirectory(prefix="perennial-") as scratch:
        company = make_company(
            options.company or Path(scratch) / "company", FEW if options.quick else COMPANY, quick=options.quick
        )
        n_accounts = min(options.accounts, QUICK_ACCOUNTS) if options.quick else options.accounts
        yield from _with(company, Path(scratch), n_accounts, is_whole=True)
        if not options.quick:
            yield from _with(company, Path(scratch), MANY, is_whole=False)


def _with(company: Served, scratch: Path, n_accounts: int, *, is_whole: bool) -> Iterator[Figure]:
    name, file = f"{n_accounts:,} accounts", scratch / "many" / "online.db"
    begin = time.perf_counter()
    store = many_listed(company.folder / ".perennial" / "online.db", file, n_accounts)
    yield Figure(f"{name}.filled", time.perf_counter() - begin, "s")
    yield Figure(f"{name}.store", file.stat().st_size / 1e6, "MB")
    yield from _sums(store, name, has_bar=is_whole)
    environment = company.environment(f"sqlite:///{file}")
    with serving(SERVICE, environment, scratch / "service.log") as server:
        of_list = lists(store, n_accounts)
        if is_whole:
            yield from page_figures(server.url, company.account_ids, of_list)
        else:
            yield from list_figures(server.url, name, of_list)
        yield from download_figures(server.url, name, n_accounts)
    remove(store, file)


def _sums(store: Store, name: str, *, has_bar: bool) -> Iterator[Figure]:
    """How long the sums take that the first page shows, and those by segment."""
    with store.snapshot() as connection:
        asks: dict[str, Callable[[], object]] = {"totals": partial(totals, connection)}
        asks |= {f"by {basis} segment": partial(totals_by_segment, connection, basis) for basis in BASES}
        took = {said: median([_ms(ask) for _ in range(TIMES)]) for said, ask in asks.items()}
    for said, ms in took.items():
        yield Figure(f"{name}.{said}", ms, "ms of processor", f"<= {MOST_TOTALS_MS}" if has_bar else None)


def _ms(ask: Callable[[], object]) -> float:
    begin = time.process_time()
    ask()
    return 1e3 * (time.process_time() - begin)


if __name__ == "__main__":
    sys.exit(main())
