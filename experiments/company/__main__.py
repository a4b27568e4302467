"""Write a simulated company: `python -m experiments.company OUT --accounts 2000 --years 3 --seed 7`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.company import WORLDS, write_company


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0 once the folder is written, 2 when it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m experiments.company", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the tables and truth.json")
    parser.add_argument("--accounts", type=int, default=2000, help="accounts over all years (default: %(default)s)")
    parser.add_argument("--years", type=int, default=3, help="years up to 2026-01-01 (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="default: %(default)s")
    parser.add_argument("--world", choices=sorted(WORLDS), default="default", help="default: %(default)s")
    wanted = parser.parse_args(argv)
    if wanted.accounts < 1 or wanted.years < 1 or wanted.seed < 0:
        parser.error("--accounts and --years are at least 1, --seed at least 0")
    folder = write_company(wanted.out, wanted.accounts, years=wanted.years, seed=wanted.seed, world=wanted.world)
    tables = [file for file in folder.iterdir() if file.suffix in {".parquet", ".csv"}]
    sys.stderr.write(f"wrote {len(tables)} tables and truth.json to {folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
