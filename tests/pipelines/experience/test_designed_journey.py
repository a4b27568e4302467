import pandas as pd
import pytest

from pipelines.experience.designed_journey import conformance

TOUCHPOINTS = pd.DataFrame(
    {"touchpoint": ["call", "setup", "desk", "app", "renewal"], "stage": ["sale", "start", "use", "use", "renew"]}
)


def _met(**days: dict[str, int]) -> pd.DataFrame:
    rows = [
        (account, place, pd.Timestamp("2024-01-01") + pd.Timedelta(days=day))
        for account, own in days.items()
        for place, day in own.items()
    ]
    return pd.DataFrame(rows, columns=["account_id", "touchpoint", "first_at"])


def _conformance(met: pd.DataFrame):
    return conformance(met, TOUCHPOINTS, met[["account_id"]])


USUAL = {f"u{i}": {"call": 0, "setup": 10, "desk": 20, "renewal": 50} for i in range(9)}
LOG = _met(
    **USUAL,
    skips={"call": 0, "app": 20, "renewal": 50},
    adds={"call": 0, "setup": 10, "desk": 20, "fair": 21},
    turns={"setup": 0, "call": 5, "desk": 15},
    slow={"call": 0, "setup": 10, "desk": 40},
    under_way={"call": 0, "setup": 12},
)


def test_every_deviation_of_a_log_made_by_hand_is_found_and_no_other():
    found = _conformance(LOG).deviations
    assert sorted(map(tuple, found.to_numpy().tolist())) == [
        ("adds", "added", "fair"),
        ("skips", "skipped", "start"),
        ("slow", "slow", "use"),
        ("turns", "other order", "start"),
    ]


def test_the_share_that_fits_counts_accounts_still_under_way():
    fit = _conformance(LOG).found[0]
    assert (fit.figure, fit.n_accounts) == ("accounts that fit", 14)
    assert fit.value == pytest.approx(100 * 10 / 14)
    assert fit.low < fit.value < fit.high


def test_the_time_of_day_at_which_a_stage_is_met_again_does_not_matter():
    again = _met(u0={"app": 45})
    again = pd.concat([LOG, again], ignore_index=True)
    assert len(_conformance(again).deviations) == 4


def test_accounts_that_began_before_anyone_watched_are_left_out():
    found = conformance(LOG, TOUCHPOINTS, LOG.loc[LOG["account_id"].str.startswith("u"), ["account_id"]])
    assert found.deviations.empty
    assert found.found[0].n_accounts == 10


def test_without_stages_there_is_no_design():
    found = conformance(LOG, TOUCHPOINTS.assign(stage=None), LOG[["account_id"]]).found
    assert found[0].verdict == "refused"
    assert "0 stages" in found[0].sentence
