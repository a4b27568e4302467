"""How a feature's value is said."""

from __future__ import annotations

from features.catalog import Feature

Value = float | str | None

SILENT_UNITS = {"", "count", "score", "category", "as given", "number", "money"}
SHARE_UNITS = {"ratio", "share", "rate"}
YES_NO_UNITS = {"yes or no", "flag"}


def in_words(feature: Feature, value: Value, usual: Value, in_segment: Value = None) -> str:
    """Return what the feature is for this account, and usually; in its own segment where that is something else.

    >>> wait = Feature("wait", "experience", "operations", "hours", "Median first response, last 90 days")
    >>> in_words(wait, 31.0, 9.0)
    'Median first response, last 90 days: 31 hours (usually 9)'
    >>> in_words(wait, None, 9.0)
    'Median first response, last 90 days: not known (usually 9 hours)'
    >>> in_words(wait, 9.0, 9.0)
    'Median first response, last 90 days: 9 hours (as is usual)'
    >>> in_words(wait, 31.0, 9.0, 4.0)
    'Median first response, last 90 days: 31 hours (usually 9, in its segment 4)'
    """
    subject = feature.sentence.removesuffix(f" ({feature.unit})")
    unit = "" if feature.unit.lower() in subject.lower() and feature.unit not in YES_NO_UNITS else feature.unit
    here = said(value, unit)
    is_other = in_segment is not None and said(in_segment, unit) != said(usual, unit)
    if here == said(usual, unit):
        return f"{subject}: {here} (as is usual{_among(in_segment, unit) if is_other else ''})"
    # The unit is said once.
    shared = isinstance(value, float) and isinstance(usual, float) and feature.unit not in YES_NO_UNITS | SHARE_UNITS
    after = _among(in_segment, "" if shared else unit) if is_other else ""
    return f"{subject}: {here} (usually {said(usual, '' if shared else unit)}{after})"


def _among(in_segment: Value, unit: str) -> str:
    return f", in its segment {said(in_segment, unit)}"


def said(value: Value, unit: str) -> str:
    """Return a value with its unit.

    >>> said(0.31, "ratio"), said(1234567.0, "money"), said(1.0, "days"), said(None, "days"), said(1.0, "yes or no")
    ('31 %', '1,234,567', '1 day', 'not known', 'yes')
    >>> said(1250.0, "money a month"), said(2.5, "hours"), said("Enterprise", "category")
    ('1,250 a month', '2.5 hours', 'Enterprise')
    """
    if value is None:
        return "not known"
    if isinstance(value, str):
        return value
    if unit in YES_NO_UNITS and value in (0.0, 1.0):
        return "yes" if value else "no"
    if unit in SHARE_UNITS:
        return f"{_digits(100 * value)} %"
    return f"{_digits(value)}{_unit_after(value, unit)}"


def in_points(points: float) -> str:
    """Return how many percentage points a risk changes by.

    >>> in_points(-12.34), in_points(1.04), in_points(0.01)
    ('by 12.3 points', 'by 1 point', 'by less than 0.1 points')
    """
    size = round(abs(points), 1)
    if size < 0.1:
        return "by less than 0.1 points"
    return f"by {size:g} point{'' if size == 1 else 's'}"


def _digits(value: float) -> str:
    """Return about three significant digits, never an exponent for what people count in."""
    size = abs(value)
    if size >= 1e12:
        return f"{value:.2e}"
    decimals = 0 if size >= 100 or value.is_integer() else 1 if size >= 1 else 2
    text = f"{value:,.{decimals}f}"
    shortened = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if shortened == "-0" else shortened


def _unit_after(value: float, unit: str) -> str:
    if unit in SILENT_UNITS:
        return ""
    after = unit.removeprefix("money ")
    return f" {after.removesuffix('s') if value == 1 else after}"
