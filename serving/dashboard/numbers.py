"""Numbers and dates as they are written for people: one way everywhere, so that pages and report agree."""

from __future__ import annotations

import math

NONE = "-"
MONEY = ("currency", "money")
PERCENT = ("%", "share", "prob")
_SCALES = ((1e9, "bn"), (1e6, "m"), (1e4, "k"))


def in_words(value: float | None, unit: str = "") -> str:
    """Return a number with its unit; a dash where there is none. Amounts of money are shortened.

    >>> in_words(1_234_567.0, "currency a year"), in_words(45.5, "% of revenue")
    ('1.23 m a year', '45.5 % of revenue')
    >>> in_words(0.1234, "share"), in_words(12.34, "%"), in_words(1234567, "accounts"), in_words(None)
    ('12.3 %', '12.3 %', '1,234,567 accounts', '-')
    """
    if value is None or not math.isfinite(value):
        return NONE
    if unit in PERCENT:
        return f"{bare(value * (1 if unit == '%' else 100))} %"
    first, _, rest = unit.partition(" ")
    if first in MONEY:
        return f"{money(value)} {rest}".strip()
    return f"{bare(value)} {unit}".strip()


def number_and_unit(value: float, unit: str) -> tuple[str, str]:
    """Return the same in two parts, of which the first is what is read from afar.

    >>> number_and_unit(45.5, "% of revenue"), number_and_unit(0.5, "share"), number_and_unit(26.4, "accounts")
    (('45.5 %', 'of revenue'), ('50 %', ''), ('26.4', 'accounts'))
    """
    said = in_words(value, unit)
    if unit in PERCENT:
        return said, ""
    rest = unit.partition(" ")[2] if unit.partition(" ")[0] in (*MONEY, "%") else unit
    return said.removesuffix(rest).strip(), rest


def bare(value: float) -> str:
    """Return a number in about three digits, whole where it is large.

    >>> bare(0.01234), bare(3.14159), bare(31.4159), bare(314.159), bare(31415.9), bare(-2.0), bare(0.0)
    ('0.0123', '3.14', '31.4', '314', '31,416', '-2', '0')
    """
    size = abs(value)
    if float(value).is_integer():
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:,.0f}"
    digits = 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{digits}f}" if size >= 0.1 else f"{value:.3g}"


def money(value: float | None) -> str:
    """Return an amount, shortened where it is large; the currency is that of the tables.

    >>> money(950.4), money(12_345), money(1_234_567), money(None)
    ('950', '12.3 k', '1.23 m', '-')
    """
    if value is None or not math.isfinite(value):
        return NONE
    for scale, name in _SCALES:
        if abs(value) >= scale:
            return f"{bare(round(value / (1e3 if name == 'k' else scale), 2))} {name}"
    return f"{value:,.0f}"


def moment(text: str | None) -> str:
    """Return a moment in ISO form as people read it, to the minute.

    >>> moment("2026-11-28T21:05:24.845686"), moment("2026-01-31"), moment(None)
    ('2026-11-28 21:05', '2026-01-31', 'no date')
    """
    return "no date" if not text else text[:16].replace("T", " ")
