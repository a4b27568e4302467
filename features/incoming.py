"""One row as a program sends it becomes a row of the contract, or it is said what is wrong with it.

The types are read as `parsing` reads them in files, and the rules are those of `contract_rules`, without an engine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from features.parsing import (
    AFTER_TIMES,
    FALSE,
    FIRST_TIME,
    LARGEST_NUMBER,
    MISSING,
    NO_TEXT,
    NUMBER,
    SPACES,
    TIME,
    TRUE,
    is_ours,
)
from features.tables import Column, Table

LONGEST_ID = 256
LONGEST_SHOWN = 60
MOST_FURTHER = 200
"""So many columns beyond the contract's may a row of an open table have."""
_PARTS = re.compile(
    r"(\d+)-(\d+)-(\d+)(?:[ T](\d+):(\d+)(?::(\d+)(?:\.(\d*))?(?:Z| UTC| GMT|([+-])(\d\d):?(\d\d)?)?)?)?"
)
_NOTHING = re.compile(rf"^(?i:{NO_TEXT})$")


class _Unread(ValueError):
    """A value that is not of its column's kind."""


@dataclass(frozen=True)
class Incoming:
    """A row that was sent.

    Attributes
    ----------
    row
        Its values by column, of the contract's types, without those that are missing; times are naive and UTC.
    problems
        What breaks the contract, as pairs of a column and a sentence; none for a row that may be kept.
    """

    row: dict[str, Any] = field(default_factory=dict)
    problems: tuple[tuple[str, str], ...] = ()


def read_row(table: Table, came: Mapping[str, Any]) -> Incoming:
    """Return a row of a table as it was sent, read and checked.

    >>> from features.tables import TABLES
    >>> read_row(TABLES["touchpoints"], {"touchpoint": " web ", "promise_threshold": 4}).row
    {'touchpoint': 'web', 'promise_threshold': 4.0}
    >>> read_row(TABLES["touchpoints"], {"touchpoint": "web", "nam": "Web"}).problems
    (('nam', "touchpoints has no such column; did you mean 'name'? Leave it out"),)
    """
    row: dict[str, Any] = {}
    problems = list(_alien(table, came))
    for column in (*table.columns, *_further(table, came)):
        try:
            value = _READ[column.kind](came.get(column.name)) if column.name in came else None
        except _Unread:
            problems.append((column.name, f"got {_shown(came[column.name])}; expected {column.expected}"))
            continue
        if value is not None:
            row[column.name] = value
        if wrong := _wrong(column, value):
            problems.append((column.name, wrong))
    return Incoming(row, tuple(problems) or tuple(_out_of_order(table, row)))


def _alien(table: Table, came: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    names = [column.name for column in table.columns]
    beyond = [name for name in came if name not in names]
    if table.is_open:
        if len(beyond) > MOST_FURTHER:
            yield "*", f"got {len(beyond)} columns beyond the contract's; expected at most {MOST_FURTHER}"
        beyond = [name for name in beyond if is_ours(name) or not 0 < len(name) <= LONGEST_ID]
    for name in beyond[:3]:
        near = get_close_matches(name[:LONGEST_SHOWN], names, n=2)
        meant = f"; did you mean {' or '.join(map(repr, near))}?" if near else ";"
        yield name[:LONGEST_SHOWN], f"{table.name} has no such column{meant} {'L' if near else 'l'}eave it out"


def _further(table: Table, came: Mapping[str, Any]) -> list[Column]:
    """Columns beyond the contract, each of the kind that its value is."""
    if not table.is_open:
        return []
    beyond = [name for name in came if table.column(name) is None and not is_ours(name) and len(name) <= LONGEST_ID]
    return [Column(name, _kind_of(came[name]), "beyond the contract") for name in beyond[:MOST_FURTHER]]


def _kind_of(value: Any) -> Any:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else "text"


def _wrong(column: Column, value: Any) -> str | None:
    """What rule of its column a value breaks."""
    if value is None:
        return f"missing; expected {column.expected}" if column.required else None
    outside = column.values and value not in column.values
    if column.minimum is not None and isinstance(value, float):
        outside = value < column.minimum or (column.maximum is not None and value > column.maximum)
    too_long = column.kind == "id" and len(value) > LONGEST_ID
    if too_long:
        return f"got a text of {len(value)} characters; expected at most {LONGEST_ID}"
    return f"got {_shown(value)}; expected {column.expected}" if outside else None


def _out_of_order(table: Table, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for earlier, later in table.order:
        if earlier in row and later in row and row[later] < row[earlier]:
            yield later, f"got {_shown(row[later])}; expected not before {earlier} ({_shown(row[earlier])})"
    score, low, high = (row.get(name) for name in ("score", "scale_min", "scale_max"))
    if score is not None and ((low is not None and score < low) or (high is not None and score > high)):
        yield "score", f"got {score:g}; expected a score from scale_min to scale_max"


def _text(came: Any) -> str | None:
    """A text without spaces around it; a whole number reads as its digits, a truth value as true or false."""
    if isinstance(came, bool):
        return str(came).lower()
    if isinstance(came, float) and came.is_integer() and abs(came) < 2.0**53:
        came = int(came)
    if isinstance(came, int):
        return str(came)
    if came is None:
        return None
    if not isinstance(came, str) or "\0" in came or not _is_unicode(came):
        raise _Unread
    text = came.strip(SPACES)
    return None if _NOTHING.match(text) else text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(came: Any) -> float | None:
    if isinstance(came, str):
        if re.search(MISSING, came):
            return None
        came = came.strip(SPACES).replace(" ", "")
        if not re.fullmatch(NUMBER, came):
            raise _Unread
        came = float(came)
    if came is None:
        return None
    if isinstance(came, bool) or not isinstance(came, int | float) or not _is_sane(came):
        raise _Unread
    return float(came)


def _is_sane(number: float) -> bool:
    return not (isinstance(number, float) and math.isnan(number)) and abs(number) <= LARGEST_NUMBER


def _time(came: Any) -> datetime | None:
    if came is None or (isinstance(came, str) and re.search(MISSING, came)):
        return None
    if not isinstance(came, str):
        raise _Unread
    text = came.strip(SPACES).replace("/", "-")
    found = _PARTS.fullmatch(text) if re.search(TIME, text) else None
    if found is None:
        raise _Unread
    try:
        at = _instant(*found.groups())
    except (ValueError, OverflowError):
        raise _Unread from None
    if not FIRST_TIME <= at < AFTER_TIMES:
        raise _Unread
    return at


def _instant(*parts: str | None) -> datetime:
    """The time in UTC of year, month, day, hour, minute, second, fraction, and the sign, hours, minutes of its zone."""
    year, month, day, hour, minute, second = (int(part or 0) for part in parts[:6])
    micros = int((parts[6] or "")[:6].ljust(6, "0"))
    ahead = timedelta(hours=int(parts[8] or 0), minutes=int(parts[9] or 0))
    at = datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC)
    return (at + ahead if parts[7] == "-" else at - ahead).replace(tzinfo=None)


def _flag(came: Any) -> bool | None:
    if came is None or isinstance(came, bool):
        return came
    text = _text(came)
    if text is None:
        return None
    if not re.search(TRUE, text) and not re.search(FALSE, text):
        raise _Unread
    return bool(re.search(TRUE, text))


_READ: Mapping[str, Callable[[Any], Any]] = {
    "id": _text,
    "text": _text,
    "category": _text,
    "number": _number,
    "timestamp": _time,
    "flag": _flag,
}


def _shown(value: Any) -> str:
    text = value.isoformat() if isinstance(value, datetime) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."
