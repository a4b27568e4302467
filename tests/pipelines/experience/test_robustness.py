import numpy as np
import pandas as pd

from pipelines.experience.robustness import robustness, robustness_scores


def _rows(seed: int, *, spared: float = 0.6, accounts: int = 1200, quarters: int = 3) -> pd.DataFrame:
    """A shock adds 1.2 to the log-odds of leaving, less `spared` for each standard deviation of engagement."""
    rng = np.random.default_rng(seed)
    n = accounts * quarters
    account = np.tile(np.arange(accounts), quarters)
    engaged = (2 + 0.8 * rng.standard_normal(accounts))[account] + 0.3 * rng.standard_normal(n)
    z = (engaged - engaged.mean()) / engaged.std()
    shocked = rng.random(n) < 0.25
    odds = -3.0 - 0.3 * z + shocked * (1.2 - spared * z)
    at = pd.Timestamp("2023-01-01") + pd.to_timedelta(90 * np.repeat(np.arange(quarters), accounts), unit="D")
    return pd.DataFrame(
        {"account_id": [f"A{i}" for i in account], "at": at, "left": rng.random(n) < 1 / (1 + np.exp(-odds)),
         "mrr": np.exp(rng.normal(5, 1, n)), "tenure_years": rng.random(n), "engaged": engaged, "shocked": shocked}
    )  # fmt: skip


def _by_name(rows: pd.DataFrame) -> dict:
    return {(one.figure, one.group): one for one in robustness(rows)}


def test_planted_moderation_lies_within_its_interval():
    found = [_by_name(_rows(seed))["spared by engagement", "all"] for seed in range(30)]
    assert np.mean([one.low <= 0.6 <= one.high for one in found]) >= 0.9
    assert np.mean([one.verdict == "found" for one in found]) >= 0.9


def test_no_moderation_is_found_where_none_is_planted():
    found = [_by_name(_rows(seed, spared=0.0))["spared by engagement", "all"] for seed in range(30)]
    assert [one.verdict for one in found].count("found") <= 1
    assert np.mean([one.low <= 0 <= one.high for one in found]) >= 0.9


def test_the_curve_rises_with_engagement_where_it_protects():
    found = _by_name(_rows(1))
    stays = [found["stays under a shock", level].value for level in ("low", "middle", "high")]
    assert stays == sorted(stays)
    assert stays[2] - stays[0] > 5


def test_the_score_is_the_retention_under_a_shock_that_was_planted():
    rows = _rows(2, accounts=3000)
    now = pd.DataFrame({"account_id": ["low", "high"], "engaged": rows["engaged"].quantile([0.1, 0.9]).to_numpy()})
    scores = robustness_scores(rows, now)["robustness"]
    z = (now["engaged"] - rows["engaged"].mean()) / rows["engaged"].std()
    truth = 1 / (1 + np.exp(-3.0 - 0.3 * z + 1.2 - 0.6 * z))
    assert np.abs(scores - truth).max() < 0.04


def test_few_departures_after_a_shock_are_refused():
    rows = _rows(1)
    (found,) = robustness(rows.assign(left=rows["left"] & ~rows["shocked"]))
    assert found.verdict == "refused"
    assert "0 accounts left after a shock" in found.sentence
