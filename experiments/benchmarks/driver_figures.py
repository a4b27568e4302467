"""From what was found in many simulated companies to figures: coverage, bias, discoveries, rank correlation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from statsmodels.stats.proportion import proportion_confint

from experiments.benchmarks.report import Figure

LARGE_POINTS = 2.0
LEAST_COVERAGE, MOST_COVERAGE = 0.90, 0.98
COVERED = ("default", "confounded", "robust")
"""Worlds in which nothing that matters is hidden: there every interval has to cover, and every bias to be small."""
AFFECTED = ("first_response", "billing_error")
"""Drivers that the hidden cause goes along with; no others are estimated in its world."""


def figures_of(found: pd.DataFrame) -> Iterator[Figure]:
    """Yield the figures of each world, and of the world with a hidden cause at each strength.

    `found` has one row a driver of a company: world, strength, seed, driver, verdict, truth, and figures with bounds.
    """
    for world, rows in found[found["world"] != "hidden"].groupby("world"):
        yield from _of_world(str(world), rows)
    if (found["world"] == "hidden").any():
        hidden = pd.concat([found[found["world"] == "default"].assign(strength=0.0), found[found["world"] == "hidden"]])
        for strength, rows in hidden.groupby("strength"):
            yield from _hidden(float(str(strength)), rows[rows["driver"].isin(AFFECTED)])


def _of_world(world: str, rows: pd.DataFrame) -> Iterator[Figure]:
    told = rows[rows["effect"].notna()]
    yield Figure(f"{world}.companies", rows["seed"].nunique(), "companies")
    covered = (told["effect low"] <= told["truth"]) & (told["truth"] <= told["effect high"])
    held = world in COVERED
    yield Figure(f"{world}.coverage", float(covered.mean()), "share of intervals", ">= 0.9" if held else None)
    yield Figure(f"{world}.coverage_at_most", float(covered.mean()), "share of intervals", "<= 0.98" if held else None)
    by_driver = covered.groupby(told["driver"])
    outside = float((~by_driver.mean().between(LEAST_COVERAGE, MOST_COVERAGE)).sum())
    yield Figure(f"{world}.drivers_not_covered", outside, "drivers outside 90 to 98 %", "== 0" if held else None)
    beyond_luck = float(sum(_is_outside(own) for _, own in by_driver))
    yield Figure(f"{world}.drivers_not_covered_beyond_luck", beyond_luck, "drivers outside by Wilson's interval")
    for driver, own in told.groupby("driver"):
        yield Figure(f"{world}.{driver}.coverage", float(covered[own.index].mean()), "share of intervals")
        yield from _bias(world, str(driver), own, held=held)
    yield from _discoveries(world, rows)
    yield from _ranks(world, rows)
    yield from _groups(world, told)


def _is_outside(covered: pd.Series) -> bool:
    """Whether the share is outside 90 to 98 % beyond what the luck of so few companies explains (Wilson's interval)."""
    low, high = proportion_confint(int(covered.sum()), len(covered), method="wilson")
    return bool(high < LEAST_COVERAGE or low > MOST_COVERAGE)


def _bias(world: str, driver: str, own: pd.DataFrame, *, held: bool) -> Iterator[Figure]:
    apart, truth = own["effect"] - own["truth"], float(own["truth"].mean())
    bias, error = float(apart.mean()), float(apart.std() / np.sqrt(len(apart)))
    yield Figure(f"{world}.{driver}.truth", truth, "points")
    yield Figure(f"{world}.{driver}.bias", bias, "points")
    yield Figure(f"{world}.{driver}.bias_error", error, "points, standard error over companies")
    yield Figure(
        f"{world}.{driver}.second_opinion.bias", float((own["second opinion"] - own["truth"]).mean()), "points"
    )
    if truth != 0:
        share = abs(bias) / abs(truth)
        yield Figure(f"{world}.{driver}.bias_share", share, "share of the effect", "<= 0.1" if held else None)


def _discoveries(world: str, rows: pd.DataFrame) -> Iterator[Figure]:
    causes, is_null = rows["verdict"] == "cause", (rows["truth"] == 0) & (rows["verdict"] != "consequence")
    by_company = pd.DataFrame({"false": causes & is_null, "found": causes}).groupby(rows["seed"]).sum()
    proportion = (by_company["false"] / by_company["found"].clip(lower=1)).mean()
    yield Figure(
        f"{world}.null_drivers", float(rows[is_null].groupby("seed")["driver"].nunique().min()), "drivers", ">= 8"
    )
    if world == "null":
        any_found = float((by_company["found"] > 0).mean())
        yield Figure("null.companies_with_a_discovery", any_found, "share of companies", "<= 0.05")
        return
    yield Figure(f"{world}.false_discoveries", float(proportion), "share of discoveries", "<= 0.05")
    large = rows[rows["truth"].abs() >= LARGE_POINTS]
    if len(large):
        power = float((large["verdict"] == "cause").mean())
        yield Figure(f"{world}.power", power, "share of effects of two points or more", ">= 0.9")
    logistic = (rows["second opinion low"] > 0) | (rows["second opinion high"] < 0)
    false_logistic = float(logistic[is_null & rows["second opinion"].notna()].mean())
    yield Figure(f"{world}.logistic.null_called_cause", false_logistic, "share of null drivers")


def _ranks(world: str, rows: pd.DataFrame) -> Iterator[Figure]:
    """Rank correlation of what is reported with the size of the true effect; a driver not found is reported as none."""
    if (rows["truth"].fillna(0) == 0).all():
        return
    reported = np.where(rows["verdict"] == "cause", rows["effect"].abs(), 0.0)
    sizes = rows.assign(reported=reported, truth=rows["truth"].fillna(0).abs(), logistic=rows["second opinion"].abs())
    for name, bar in (("reported", ">= 0.9"), ("SHAP", None), ("permutation", None), ("logistic", None)):
        own = [
            spearmanr(company[name], company["truth"]).statistic
            for _, company in sizes.dropna(subset=[name]).groupby("seed")
        ]
        yield Figure(f"{world}.rank_correlation.{name}", float(np.mean(own)), "Spearman", bar)
    intent = sizes[sizes["verdict"] == "consequence"]
    places = sizes.groupby("seed")["SHAP"].rank(ascending=False)
    if len(intent):
        top = (places[intent.index] <= 3).groupby(intent["seed"]).sum().mean()
        yield Figure(f"{world}.SHAP.consequences_among_its_first_three", float(top), "drivers")
        yield Figure(f"{world}.consequences_reported", 0.0 + float((intent["effect"].notna()).sum()), "drivers", "== 0")


def _groups(world: str, told: pd.DataFrame) -> Iterator[Figure]:
    alone = told["groups_covered"].sum() / max(told["groups"].sum(), 1)
    together = (told["groups_covered"] == told["groups"])[told["groups"] > 0].mean()
    yield Figure(f"{world}.groups.covered", float(alone), "share of group intervals")
    yield Figure(f"{world}.groups.covered_together", float(together), "share of groupings")
    known = told[told["robustness"].notna() & told["true_robustness"].notna() & (told["truth"].abs() >= LARGE_POINTS)]
    if len(known):
        true = known["true_robustness"]
        covered = ((known["robustness low"] <= true) & (true <= known["robustness high"])).mean()
        bar = ">= 0.9" if world in ("robust", "default") else None
        yield Figure(f"{world}.robustness.covered", float(covered), "share of intervals", bar)
        alike = ((known["robustness low"] <= 1) & (known["robustness high"] >= 1)).mean()
        bar = ">= 0.9" if world == "default" else None
        yield Figure(f"{world}.robustness.no_moderation_covered", float(alike), "share of intervals", bar)


def _hidden(strength: float, rows: pd.DataFrame) -> Iterator[Figure]:
    """Coverage of the plain and of the sensitivity interval, where a hidden cause biases the effect."""
    name, told = f"hidden.{strength:g}", rows[rows["hidden cause"].notna()]
    plain = (told["effect low"] <= told["truth"]) & (told["truth"] <= told["effect high"])
    wide = (told["hidden cause low"] <= told["truth"]) & (told["truth"] <= told["hidden cause high"])
    yield Figure(f"{name}.bias", float((told["effect"] - told["truth"]).mean()), "points")
    yield Figure(f"{name}.plain.covered", float(plain.mean()), "share of intervals")
    yield Figure(f"{name}.sensitivity.covered", float(wide.mean()), "share of intervals")
    yield Figure(f"{name}.missed_and_said", float(wide[~plain].mean()), "share of those missed")
