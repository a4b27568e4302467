"""Text and loose types become the contract's types; what cannot be read becomes null, and `checks` says so."""

from __future__ import annotations

from typing import Any

from features.mapping import TableMapping
from features.tables import Column

LARGEST_NUMBER = 1e15
# "NA" is missing among numbers and times; among texts it may be Namibia.
MISSING_TEXTS = ("", "n/a", "nan", "null", "none", "nat", "-")
MISSING_MARKS = (*MISSING_TEXTS, "na")
FIRST_YEAR, LAST_YEAR = 1900, 2200
COMMA_DECIMAL = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?([eE][+-]?\d+)?$"
DAY_FIRST = r"^\s*(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})"
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
    return column in ("_row", "_repeats", "_key", "_taken") or column.startswith(("_came_", "_through_"))


def is_missing(source: Any) -> Any:
    """Return whether a value is null, not a number, or one of the usual marks for "missing"."""
    missing = source.isnull()
    if source.type().is_floating():
        return missing | source.isnan()
    return missing | source.strip().lower().isin(MISSING_MARKS) if source.type().is_string() else missing


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
    text = source.cast("string").strip()
    return text.lower().isin(MISSING_TEXTS).ifelse(None, text)


def parsed_number(source: Any, decimal: str) -> Any:
    """Return a finite number of sane size, else null."""
    if source.type().is_string():
        text = source.strip().replace(" ", "")
        plain = text.replace(".", "").replace(",", ".")
        source = text.re_search(COMMA_DECIMAL).ifelse(plain, None) if decimal == "," else text
    number = source.try_cast("float64") if source.type().is_string() else source.cast("float64")
    is_sane = ~number.isnan() & ~number.isinf() & (number.abs() <= LARGEST_NUMBER)
    return is_sane.ifelse(number, None)


def parsed_timestamp(source: Any, dates: str) -> Any:
    """Return a time in UTC, without a zone; an offset in the text is honoured, none means UTC."""
    if source.type().is_string():
        order = {"day_first": r"\3-\2-\1", "month_first": r"\3-\1-\2"}.get(dates)
        source = source.strip().re_replace(DAY_FIRST, order) if order else source.strip()
        source = source.try_cast("timestamp('UTC')")
    at = source.cast("timestamp('UTC')").cast("timestamp")
    return at.year().between(FIRST_YEAR, LAST_YEAR).ifelse(at, None)


def parsed_flag(source: Any) -> Any:
    """Return true for yes, false for no in their usual spellings, else null."""
    import ibis

    text = source.cast("string").strip().lower()
    return ibis.cases(
        (text.isin(["true", "t", "yes", "y", "1", "1.0"]), True),
        (text.isin(["false", "f", "no", "n", "0", "0.0"]), False),
        else_=None,
    )
