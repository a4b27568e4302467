"""Names say what sets a segment apart."""

import numpy as np

from features.catalog import Feature
from pipelines.segmentation.naming import Axis, segment_names

EMPLOYEES = Axis(Feature("employees", "firmographic", "context", "employees", "Employees"))
REVENUE = Axis(Feature("revenue", "firmographic", "context", "money", "Revenue"))
TENURE = Axis(Feature("tenure_days", "firmographic", "context", "days", "Tenure"))
PLAN = Feature("plan", "firmographic", "context", "category", "Plan", "category")
AUTO = Feature("auto_renew", "firmographic", "context", "category", "Renews by itself", "category")
PRICE = Axis(Feature("need_price", "experience", "context", "score", "Price"))

NOISE = np.random.default_rng(0).normal(0, 0.1, (100, 3))
HALVES = np.repeat([0, 1], 50)
SIGN = np.where(HALVES == 0, 1.0, -1.0)
PLUS = SIGN + NOISE[:, 0]
FLAT = NOISE[:, 1]


def names(*columns: np.ndarray, axes: list[Axis]) -> list[str]:
    return segment_names(np.column_stack(columns), HALVES, axes)


def test_units_choose_the_words() -> None:
    assert names(PLUS, FLAT, axes=[EMPLOYEES, REVENUE]) == ["Many employees", "Few employees"]
    assert names(PLUS, FLAT, axes=[REVENUE, TENURE]) == ["High revenue", "Low revenue"]
    assert names(FLAT, PLUS, axes=[REVENUE, TENURE]) == ["Long tenure", "Short tenure"]
    assert names(PLUS, axes=[PRICE]) == ["Price matters more", "Price matters less"]


def test_a_category_is_named_by_the_level_it_has_more_of() -> None:
    pro = (HALVES == 0).astype(float)
    assert names(pro, 1 - pro, axes=[Axis(PLAN, "Enterprise"), Axis(PLAN, "Basic")]) == ["Enterprise", "Basic"]
    assert names(pro, 1 - pro, axes=[Axis(AUTO, "yes"), Axis(AUTO, "no")]) == ["Auto renew", "No auto renew"]


def test_what_says_the_same_is_said_once() -> None:
    assert names(PLUS, PLUS + NOISE[:, 2] / 5, FLAT, axes=[EMPLOYEES, REVENUE, TENURE]) == [
        "Many employees",
        "Few employees",
    ]


def test_columns_that_mirror_each_other_are_said_once() -> None:
    none = (HALVES == 0).astype(float)
    services = [Axis(Feature(name, "firmographic", "context", "category", name, "category"), "none") for name in "ab"]
    assert names(none, none, axes=services) == ["None", "Near the average"]


def test_missing_values_do_not_matter() -> None:
    gappy = np.where(np.arange(100) % 7 == 0, np.nan, PLUS)
    assert names(gappy, FLAT, axes=[EMPLOYEES, REVENUE]) == ["Many employees", "Few employees"]


def test_names_are_never_the_same() -> None:
    found = names(FLAT * 0, axes=[EMPLOYEES])
    assert found == ["Near the average", "Near the average (2)"]
