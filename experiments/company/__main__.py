"""Write a simulated company: `python -m experiments.company OUT --accounts 2000 --years 3 --seed 7`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.company import WORLDS, write_company
from experiments.company.worlds import SMALL_COMPANY


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0 once the folder is written, 2 when it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m experiments.company", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the tables and truth.json")
    parser.add_argument("--accounts", type=int, help="accounts over all years (default: 2000, in the world small 200)")
    parser.add_argument("--years", type=int, default=3, help="years up to 2026-01-01 (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="default: %(default)s")
    parser.add_argument("--world", choices=sorted(WORLDS), default="default", help="default: %(default)s")
    hidden = "of the hidden cause in the world hidden; 1 is as strong as the measured one (default: %(default)s)"
    parser.add_argument("--strength", type=float, default=1.0, help=hidden)
    wanted = parser.parse_args(argv)
    n_accounts = (SMALL_COMPANY if wanted.world == "small" else 2000) if wanted.accounts is None else wanted.accounts
    if n_accounts < 1 or wanted.years < 1 or wanted.seed < 0 or wanted.strength < 0:
        parser.error("--accounts and --years are at least 1, --seed and --strength at least 0")
    folder = write_company(
        wanted.out,
        n_accounts,
        years=wanted.years,
        seed=wanted.seed,
        world=wanted.world,
        strength=wanted.strength,
    )
    tables = [file for file in folder.iterdir() if file.suffix in {".parquet", ".csv"}]
    sys.stderr.write(f"wrote {len(tables)} tables and truth.json to {folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
