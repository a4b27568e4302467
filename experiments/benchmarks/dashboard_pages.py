"""Addresses of the pages, asked for one after the other, and what each took."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import httpx
import numpy as np
from sqlalchemy import func, select

from experiments.benchmarks.report import Figure
from serving.dashboard.account_list import ROWS_A_PAGE, SORTS
from serving.dashboard.addresses import account_address, address
from serving.dashboard.site import SITE
from serving.store import Store
from serving.store_tables import LISTED

REQUESTS = 60
MOST_MS, MOST_MEGABYTES = 300, 1.5
FILES = ("app.css", "app.js", "theme.js", "plotly.min.js", "mark.svg")


class Asked(NamedTuple):
    """What a reply took, in milliseconds, and how many bytes came over the wire."""

    ms: float
    n_bytes: int


def lists(store: Store, n_accounts: int) -> list[str]:
    """Return addresses of the list: every order, deep pages, every filter, and searches."""
    with store.engine.connect() as connection:
        segment = connection.scalar(select(func.max(LISTED.c.firmographic)))
        owner = connection.scalar(select(func.max(LISTED.c.owner)))
    last, middle = (str(max(1, n_accounts // ROWS_A_PAGE // part)) for part in (1, 2))
    asked = [{"sort": f"{way}{name}"} for name in SORTS for way in ("", "-")]
    asked += [{"page": page, "sort": sort} for page in (middle, last) for sort in ("-prob", "name", "-value")]
    asked += [{"tier": "high"}, {"tier": "low", "page": "100"}, {"owner": owner}, {"worse": "tier"}, {"worse": "prob"}]
    asked += [{"search": "birch lab"}, {"search": "m-00001"}, {"search": "nobody is called so"}]
    asked += [{"segment": f"firmographic:{segment}"}] if segment else []
    asked += [{"tier": "medium", "owner": owner, "sort": "-value"}]
    return [address("accounts", **one) for one in asked]


def page_figures(url: str, account_ids: Sequence[str], of_list: Sequence[str]) -> Iterator[Figure]:
    """Yield for every page what 60 requests took, and how many bytes each brings once files are kept."""
    with httpx.Client(base_url=url, timeout=60, follow_redirects=True) as client:
        first = asked(client, SITE[0].href).n_bytes + sum(asked(client, f"/dashboard/files/{f}").n_bytes for f in FILES)
        yield Figure("first page with its files", first / 1e6, "MB")
        for entry in SITE:
            addresses = of_list if entry.name == "accounts" else [entry.href]
            yield from _figures(entry.name, [asked(client, one) for one in _cycled(addresses)])
        addresses = [account_address(account_id) for account_id in account_ids[:REQUESTS]]
        yield from _figures("account", [asked(client, one) for one in _cycled(addresses)])


def list_figures(url: str, name: str, of_list: Sequence[str]) -> Iterator[Figure]:
    """Yield what the list and the first page take, without bars."""
    with httpx.Client(base_url=url, timeout=60, follow_redirects=True) as client:
        for said, addresses in (("accounts", of_list), ("overview", [SITE[0].href])):
            asked(client, addresses[0])
            ms = np.array([asked(client, one).ms for one in _cycled(addresses)])
            yield Figure(f"{name}.{said}.p50", float(np.median(ms)), "ms")
            yield Figure(f"{name}.{said}.p95", float(np.quantile(ms, 0.95)), "ms")


def download_figures(url: str, name: str, n_accounts: int) -> Iterator[Figure]:
    """Yield how long it takes to download all accounts, and how many rows came."""
    begin, n = time.perf_counter(), 0
    with httpx.stream("GET", f"{url}/dashboard/accounts/accounts.csv", timeout=600) as reply:
        for part in reply.iter_bytes():
            n += part.count(b"\n")
    yield Figure(f"{name}.csv", time.perf_counter() - begin, "s")
    yield Figure(f"{name}.csv rows", n - 1, "rows", f"== {n_accounts}")


def asked(client: httpx.Client, path: str) -> Asked:
    """Ask once; the time is what its reader waits on this machine, an upper bound of the server's.

    Raises
    ------
    RuntimeError
        When the reply is not good.
    """
    begin = time.perf_counter()
    with client.stream("GET", path) as reply:
        reply.read()
        took = 1e3 * (time.perf_counter() - begin)
        if reply.status_code != 200:
            raise RuntimeError(f"{path} answered {reply.status_code}: {reply.text[:300]}")
        return Asked(took, reply.num_bytes_downloaded)


def _cycled(addresses: Sequence[str]) -> Iterator[str]:
    n = max(REQUESTS, 2 * len(addresses) if len(addresses) > 1 else 0)
    return (addresses[i % len(addresses)] for i in range(n))


def _figures(name: str, found: Sequence[Asked]) -> Iterator[Figure]:
    ms = np.array([one.ms for one in found])
    yield Figure(f"{name}.first", ms[0], "ms")
    yield Figure(f"{name}.p50", float(np.median(ms)), "ms")
    yield Figure(f"{name}.p95", float(np.quantile(ms, 0.95)), "ms", f"<= {MOST_MS}")
    yield Figure(f"{name}.bytes", max(one.n_bytes for one in found) / 1e6, "MB", f"<= {MOST_MEGABYTES}")
