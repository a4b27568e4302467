"""A driver's own part: its verdict, what it costs, and every figure of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipelines.drivers.plain import EVERYONE
from serving.dashboard.blocks import Block, Figures, Note, Section
from serving.dashboard.drivers_found import DriverFigures, shown
from serving.dashboard.table import Cell, Column, Table
from serving.dashboard.words import as_sentence

FIRST = {
    "effect": ("Effect on churn", "effect"),
    "share bad": ("Have it bad today", ""),
    "churners saved": ("Churners saved, had it been good", "what-if"),
    "revenue saved": ("Revenue saved a month, had it been good", "what-if"),
}
UNTOLD = ("refused", "withheld")
COLUMNS = (
    Column("figure", "Figure"),
    Column("whom", "Of whom"),
    Column("value", "Value", "number"),
    Column("low", "From", "number"),
    Column("high", "To", "number"),
    Column("unit", "Unit"),
    Column("basis", "Basis", "basis"),
    Column("n_rows", "Account-dates", "number"),
    Column("n_bad", "Of them bad", "number"),
    Column("n_accounts", "Accounts", "number"),
    Column("sentence", "In words", "sentence"),
)


def one_driver(driver: DriverFigures) -> Section:
    """Return what was found of a driver, and what it costs."""
    verdict = as_sentence(str(driver.about["verdict_sentence"]))
    verdict_note = Note(f"Verdict: {driver.verdict}. {verdict}", "refused" if driver.verdict in UNTOLD else "plain")
    blocks: list[Block] = [verdict_note, Note(_about(driver))]
    first = [
        replace(figure, label=label, term=term, sentence=as_sentence(figure.sentence))
        for name, (label, term) in FIRST.items()
        if (figure := driver.figure(name))
    ]
    blocks += [Figures(first)] if first else []
    return Section(driver.experience, blocks, f"Compared: {driver.contrast}.", anchor="one-driver")


def _about(driver: DriverFigures) -> str:
    decides = "the company decides on it" if driver.about["is_controllable"] else "the company does not decide on it"
    q_value = driver.about["q_value"]
    false = "" if q_value is None else f" Share of false discoveries among all that stand out as much: {q_value:.2g}."
    return f"Family {driver.about['family']}, tier {driver.about['tier']}; {decides}.{false}"


def every_figure(driver: DriverFigures) -> Section:
    """Return all that is told of a driver, the checks that its effect has to stand too."""
    rows = [_row(one) for one in driver.about["figures"]]
    return Section(
        "", [Table("driver", f"Every figure of {driver.experience}", COLUMNS, rows, "Nothing is told of it.")]
    )


def _row(figure: dict[str, Any]) -> list[Cell]:
    whom = "all accounts" if figure["group"] == EVERYONE else f"{figure['group_by']}: {figure['group']}"
    told = shown(figure)
    numbers = [figure[name] for name in ("value", "low", "high")]
    counts = [figure[name] or None for name in ("n_rows", "n_bad", "n_accounts")]
    basis = figure["basis"] if told.is_told or told.has_interval else None
    unit = "money a month" if told.unit == "money" else told.unit
    return [figure["figure"], whom, *numbers, unit, basis, *counts, as_sentence(told.sentence)]
