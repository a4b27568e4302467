"""Load on a service, from processes of their own: as much as it takes, or so many requests a second."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.benchmarks.serving_client import BROKEN, Client

HEADERS = {"Content-Type": "application/json"}
SCRIPT = """
local bodies, n = {{ {bodies} }}, 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
{headers}
request = function()
  n = n % #bodies + 1
  return wrk.format(nil, "{path}", nil, bodies[n])
end
"""
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Load:
    """What a load came to: requests answered a second, times in milliseconds, and how many were not answered well.

    `quantiles_ms` are the times from the shortest to the longest, 101 of them; none by wrk.
    """

    per_second: float
    p50_ms: float
    p99_ms: float
    n: int
    failed: int
    quantiles_ms: tuple[float, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What is asked: a path, the bodies in turn, and headers beside their type."""

    url: str
    path: str
    bodies: Sequence[Mapping[str, Any]]
    headers: Mapping[str, str]


def predictions(url: str, account_ids: Sequence[str], *, explain: bool, key: str | None = None) -> Asked:
    """Return what asks for one account after another."""
    bodies = [{"account_id": account_id, "explain": explain} for account_id in account_ids]
    return Asked(url, "/predict", bodies, {"Authorization": f"Bearer {key}"} if key else {})


def most(asked: Asked, concurrency: int, seconds: float, *, by_wrk: bool = True) -> Load:
    """Return what comes of asking anew as soon as an answer is there: by wrk, or in Python where that is not here."""
    if not by_wrk or shutil.which("wrk") is None:
        return _child(asked, {"concurrency": concurrency, "seconds": seconds})
    with tempfile.TemporaryDirectory(prefix="perennial-") as scratch:
        script = Path(scratch) / "ask.lua"
        script.write_text(_lua(asked), encoding="utf-8")
        command = ["wrk", "-t1", f"-c{concurrency}", f"-d{max(1, round(seconds))}s", "--latency", "-s", str(script)]
        ran = subprocess.run([*command, asked.url], capture_output=True, text=True, check=True)  # noqa: S603
    return _of_wrk(ran.stdout)


def steady(asked: Asked, per_second: float, seconds: float) -> Load:
    """Return what comes of asking so often whatever the answers take; times count from when each was due."""
    return _child(asked, {"per_second": per_second, "seconds": seconds})


@contextmanager
def steadily(asked: Asked, per_second: float, seconds: float) -> Iterator[list[Load]]:
    """Ask so often while the block runs; what came of it is in the list once the block is over."""
    came: list[Load] = []
    process = _start(asked, {"per_second": per_second, "seconds": seconds})
    try:
        yield came
        said, _ = process.communicate(timeout=seconds + 60)
        came.append(Load(**json.loads(said.splitlines()[-1])))
    finally:
        process.kill()
        process.wait()


def _child(asked: Asked, how: Mapping[str, float]) -> Load:
    said, _ = _start(asked, how).communicate(timeout=600)
    return Load(**json.loads(said.splitlines()[-1]))


def _start(asked: Asked, how: Mapping[str, float]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "experiments.benchmarks.serving_load"]
    told = json.dumps({"asked": asdict(asked), **how})
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdin is not None  # noqa: S101
    process.stdin.write(told)
    process.stdin.close()
    process.stdin = None
    return process


def _lua(asked: Asked) -> str:
    bodies = ", ".join(json.dumps(json.dumps(body)) for body in asked.bodies)
    headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in asked.headers.items())
    return SCRIPT.format(bodies=bodies, headers=headers, path=asked.path)


def _of_wrk(text: str) -> Load:
    """Read what wrk prints.

    >>> _of_wrk("  50%    1.20ms\\n  99%    3.00ms\\n  60 requests in 1.00s, 1MB read\\nRequests/sec:  60.0\\n")
    Load(per_second=60.0, p50_ms=1.2, p99_ms=3.0, n=60, failed=0, quantiles_ms=())
    """
    times = {
        at: float(n) * UNITS[unit] for at, n, unit in re.findall(r"^\s+(\d+)%\s+([\d.]+)(us|ms|s)\s*$", text, re.M)
    }
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    failed = (int(bad[1]) if bad else 0) + (sum(map(int, broken.groups())) if broken else 0)
    rate, n = re.search(r"Requests/sec:\s+([\d.]+)", text), re.search(r"(\d+) requests in", text)
    if rate is None or n is None:
        raise RuntimeError(f"wrk said something else than expected:\n{text}")
    return Load(float(rate[1]), times["50"], times["99"], int(n[1]), failed)


def main() -> None:
    """Ask as stdin says, and print what came of it."""
    told = json.load(sys.stdin)
    asked = Asked(**told["asked"])
    if "per_second" in told:
        found = asyncio.run(_steady(asked, told["per_second"], told["seconds"]))
    else:
        found = asyncio.run(_most(asked, int(told["concurrency"]), told["seconds"]))
    print(json.dumps(asdict(found)))  # noqa: T201


async def _steady(asked: Asked, per_second: float, seconds: float) -> Load:
    client = Client(asked.url, asked.headers)
    begin, n = time.perf_counter() + 0.1, round(per_second * seconds)
    tasks = []
    for place in range(n):
        due = begin + place / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(_took_ms(client, asked, place, due)))
    took = await asyncio.gather(*tasks)
    await client.close()
    return _load(list(took), seconds)


async def _most(asked: Asked, concurrency: int, seconds: float) -> Load:
    client, end = Client(asked.url, asked.headers), time.perf_counter() + seconds

    async def one(place: int) -> list[float | None]:
        took = []
        while (now := time.perf_counter()) < end:
            took.append(await _took_ms(client, asked, place, now))
            place += concurrency
        return took

    took = await asyncio.gather(*(one(place) for place in range(concurrency)))
    await client.close()
    return _load([one for own in took for one in own], seconds)


async def _took_ms(client: Client, asked: Asked, place: int, since: float) -> float | None:
    """How long an answer took; None where there was no good one."""
    try:
        reply = await client.post(asked.path, asked.bodies[place % len(asked.bodies)])
    except BROKEN:
        return None
    return (time.perf_counter() - since) * 1000 if reply.status == 200 else None


def _load(took: list[float | None], seconds: float) -> Load:
    good = sorted(each for each in took if each is not None)
    if not good:
        return Load(0.0, float("nan"), float("nan"), len(took), len(took))
    at = tuple(good[min(len(good) - 1, place * len(good) // 100)] for place in range(101))
    return Load(len(good) / seconds, at[50], at[99], len(took), len(took) - len(good), at)


if __name__ == "__main__":
    main()
