"""Text and loose types become the contract's types; what cannot be read becomes null, and `checks` says so.

All of it is said in expressions that every engine computes alike: what two engines read differently from a text is
kept from them by a pattern first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from features.mapping import TableMapping
from features.tables import Column

LARGEST_NUMBER = 1e15
# Patterns and no lists: of a list of values DuckDB makes a join, which is worked out even where nobody asks for it.
SPACE, SPACES = r"[ \t\n\r\x0B\f]", " \t\n\r\x0b\f"
# "NA" is missing among numbers and times; among texts it may be Namibia.
NO_TEXT, LONGEST_NO_TEXT = "n/a|nan|null|none|nat|-|", 4
MISSING = rf"^{SPACE}*(?i:na|{NO_TEXT}){SPACE}*$"
UNTIDY = rf"^{SPACE}|{SPACE}$|^(?i:{NO_TEXT})$"
TRUE, FALSE = r"^(?i:true|t|yes|y|1|1\.0)$", r"^(?i:false|f|no|n|0|0\.0)$"
LONGEST_MINUTES = 366 * 300 * 24 * 60
FIRST_TIME, AFTER_TIMES = datetime(1900, 1, 1), datetime(2201, 1, 1)
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
COMMA_DECIMAL = r"^[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?([eE][+-]?[0-9]+)?$"
# Names of zones are left out: DuckDB would read the rows after one in its zone too.
TIME = (
    r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"([ T]([01]?[0-9]|2[0-3]):[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]*)?(Z| UTC| GMT|[+-](0[0-9]|1[0-4])(:?[0-9]{2})?)?)?)?$"
)
DAY_FIRST = r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})(.*)$"
BEYOND = "beyond the contract"
DTYPES = {
    "id": "string",
    "text": "string",
    "category": "string",
    "number": "float64",
    "timestamp": "timestamp",
    "flag": "boolean",
}


def is_ours(column: str) -> bool:
    """Return whether a column is the reading's own, beside those of the source.

    >>> is_ours("_row"), is_ours("_came_mrr"), is_ours("_score")
    (True, True, False)
    """
    own = ("_row", "_key", "_taken", "file_row_number", "file_index", "_metadata")
    return column in own or column.startswith(("_came_", "_plain_", "_through_"))


def is_missing(source: Any) -> Any:
    """Return whether a value is null, not a number, or one of the usual marks for "missing"."""
    missing = source.isnull()
    if source.type().is_floating():
        return missing | source.isnan()
    return missing | source.re_search(MISSING) if source.type().is_string() else missing


def plain(source: Any, column: Column) -> Any:
    """Return a column of a source of the right type as it stands; None where it has to be parsed, or always is."""
    kind = source.type()
    if column.kind == "number" or (column.meaning == BEYOND and kind.is_numeric()):
        return source.cast("float64") if kind.is_numeric() else None
    if column.kind == "timestamp":
        return _as_timestamp(source) if kind.is_timestamp() or kind.is_date() else None
    return source if column.kind != "flag" and kind.is_string() else None


def parsed(source: Any, column: Column, mapping: TableMapping) -> Any:
    """Return a column of a source (an Ibis expression) as the contract's type."""
    if column.kind == "number":
        return parsed_number(source, mapping.decimal)
    if column.kind == "timestamp":
        return parsed_timestamp(source, mapping.dates)
    if column.kind == "flag":
        return parsed_flag(source)
    if column.meaning == BEYOND and source.type().is_numeric():
        return parsed_number(source, mapping.decimal)
    return parsed_id(source)


def parsed_id(source: Any) -> Any:
    """Return a text without spaces around it; a whole number reads the same as integer, float, decimal and text."""
    kind = source.type()
    if kind.is_floating() or kind.is_decimal():
        number = source.cast("float64")
        is_whole = (number == number.floor()) & (number.abs() < 2.0**53)
        text = is_whole.ifelse(number.try_cast("int64").cast("string"), source.cast("string"))
        return is_missing(source).ifelse(None, text)
    if not kind.is_string():
        return source.cast("string")
    text = source.strip()
    tidy = text.re_search(rf"^(?i:{NO_TEXT})$").ifelse(None, text)
    return _may_be_untidy(source).ifelse(source.re_search(UNTIDY).ifelse(tidy, source), source)


def _may_be_untidy(source: Any) -> Any:
    """Whether a text could be one that UNTIDY finds: nearly none is, and a pattern costs more than to read the text."""
    test = (source < "!") | (source.length() <= LONGEST_NO_TEXT)
    for space in SPACES:
        test = test | source.endswith(space)
    return test


def parsed_number(source: Any, decimal: str) -> Any:
    """Return a finite number of sane size, else null."""
    if source.type().is_string():
        text = source.strip().replace(" ", "")
        pattern = NUMBER
        if decimal == ",":
            pattern, text, came = COMMA_DECIMAL, text.replace(".", "").replace(",", "."), text
            text = came.re_search(pattern).ifelse(text, None)
        else:
            text = text.re_search(pattern).ifelse(text, None)
        source = text.try_cast("float64")
    number = source.cast("float64")
    # What is no number at all is larger than any in every engine.
    is_sane = number.abs() <= LARGEST_NUMBER
    return is_sane.ifelse(number, None)


def parsed_timestamp(source: Any, dates: str) -> Any:
    """Return a time in UTC, without a zone; an offset in the text is honoured, none means UTC."""
    if source.type().is_string():
        text = source.strip()
        if dates != "iso":
            day, month = (1, 2) if dates == "day_first" else (2, 1)
            year, rest = text.re_extract(DAY_FIRST, 3), text.re_extract(DAY_FIRST, 4)
            turned = year + "-" + text.re_extract(DAY_FIRST, month) + "-" + text.re_extract(DAY_FIRST, day) + rest
            text = text.re_search(DAY_FIRST).ifelse(turned, text)
        text = text.replace("/", "-")
        source = text.re_search(TIME).ifelse(text, None).try_cast("timestamp('UTC')")
    at = _as_timestamp(source)
    return ((at >= FIRST_TIME) & (at < AFTER_TIMES)).ifelse(at, None)


def later(at: Any, minutes: Any) -> Any:
    """Return a time so many minutes later; null where that is beyond all times."""
    sane = (minutes.abs() <= LONGEST_MINUTES).ifelse(minutes, None)
    seconds = at.epoch_seconds() + (sane * 60).round().cast("int64")
    return _as_timestamp(seconds.as_timestamp("s").cast("timestamp('UTC')"))


def _as_timestamp(source: Any) -> Any:
    kind = source.type()
    if kind.is_timestamp() and kind.timezone is None:
        return source if kind.scale in (None, 6) else source.cast("timestamp")
    return source.cast("timestamp('UTC')").cast("timestamp")


def parsed_flag(source: Any) -> Any:
    """Return true for yes, false for no in their usual spellings, else null."""
    import ibis

    if source.type().is_boolean():
        return source
    text = source.cast("string").strip()
    return ibis.cases((text.re_search(TRUE), True), (text.re_search(FALSE), False), else_=None)
