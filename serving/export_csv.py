"""Scores as a CSV file that a CRM imports, and that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TextIO

from pipelines.output import check_writable
from serving.export_fields import Cell, Row
from serving.export_mapping import ExportMapping

RUNS = tuple("=+-@\t\r\n")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


def write_csv(rows: Iterable[Row], mapping: ExportMapping, path: Path) -> int:
    """Write rows, one a line, and return how many; the file appears when it is complete.

    UTF-8, commas, CRLF as RFC 4180 has it; dates as ISO; nothing where nothing is known.

    Raises
    ------
    ConfigError
        When the file cannot be written there.
    """
    check_writable(path)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.resolve().parent) as scratch:
        staged = Path(scratch) / path.name
        with staged.open("w", encoding="utf-8", newline="") as file:
            n = _write(file, rows, mapping)
        staged.replace(path)
    return n


def _write(file: TextIO, rows: Iterable[Row], mapping: ExportMapping) -> int:
    writer = csv.writer(file)
    writer.writerow([cell_text(column) for column in mapping.columns])
    n = 0
    for n, row in enumerate(rows, start=1):  # noqa: B007  # counted
        writer.writerow([cell_text(cell) for cell in mapping.applied(row).values()])
    return n


def cell_text(cell: Cell) -> str:
    """Return what a cell says; an apostrophe goes before text that a spreadsheet would run as a formula.

    >>> [cell_text(cell) for cell in ("=HYPERLINK(1)", "-5", -5.0, "Ärzte, GmbH", None, datetime(2026, 1, 31))]
    ["'=HYPERLINK(1)", '-5', '-5.0', 'Ärzte, GmbH', '', '2026-01-31T00:00:00Z']
    """
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell.isoformat(timespec='seconds')}Z"
    if isinstance(cell, date):
        return cell.isoformat()
    text = str(cell)
    is_run = isinstance(cell, str) and text.lstrip(" ").startswith(RUNS) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_run else text
