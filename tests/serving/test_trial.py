"""A release is tried out before it serves."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from features.errors import ReleaseError
from pipelines.churn.calibration import Calibration
from pipelines.probe import Probe, columns_of
from pipelines.release import Release, read_release
from serving.predictor import Predictor
from serving.releases import Champion
from serving.trial import difference, try_out

A, B = "2026-01-31-a", "2026-01-31-b"


@pytest.fixture
def release(company: Any) -> Release:
    return read_release(company.releases_folder / A)


class _Inconsistent:
    """A booster that predicts 0 and explains 2 + 1 a feature."""

    def predict(self, X: Any, *, pred_contrib: bool = False, **_: Any) -> Any:
        return np.full((len(X), X.shape[1] + 1), 2.0) if pred_contrib else np.zeros(len(X))


def test_a_release_carries_a_probe_of_known_and_unknown_that_says_what_the_model_says(release: Release) -> None:
    probe = release.probe
    assert probe is not None
    assert probe.rows[0] == {}
    assert {len(row) for row in probe.rows} > {0}
    prob = release.churn.prob(columns_of(release.churn, probe.rows))
    assert probe.log_odds == pytest.approx(np.log(prob / (1 - prob)).tolist(), abs=1e-9)
    assert all(low < at < high for low, at, high in zip(probe.low, prob, probe.high, strict=True))


def test_a_sound_release_passes(release: Release) -> None:
    try_out(Predictor(release))


def test_a_release_whose_reasons_do_not_add_up_is_refused(release: Release) -> None:
    churn = replace(release.churn, booster=_Inconsistent())
    with pytest.raises(ReleaseError, match=r"whose reasons add up to .* where it predicts"):
        try_out(Predictor(replace(release, churn=churn, probe=None)))


def test_a_release_that_predicts_no_number_is_refused(release: Release) -> None:
    churn = replace(release.churn, calibration=Calibration(float("nan"), 1.0))
    with pytest.raises(ValidationError, match="input_value=nan"):
        try_out(Predictor(replace(release, churn=churn)))


@pytest.mark.parametrize("name", ["log_odds", "low", "high"])
def test_a_release_that_says_here_what_it_did_not_say_at_home_is_refused(release: Release, name: str) -> None:
    assert release.probe is not None
    numbers = list(getattr(release.probe, name))
    numbers[3] += 1e-4
    odd = replace(release, probe=replace(release.probe, **{name: tuple(numbers)}))
    with pytest.raises(ReleaseError, match=r"says -?[\d.]+ of a made-up account here; expected .* where it was made"):
        try_out(Predictor(odd))


def test_a_probe_that_was_tampered_with_along_with_its_checksum_is_refused_and_the_old_release_goes_on(
    company: Any,
) -> None:
    from pipelines.release import checksums

    company.point(A)
    champion = Champion(company.releases_folder)
    champion.refresh()
    folder = company.releases_folder / B
    calibration = json.loads((folder / "calibration.json").read_text("utf-8"))
    calibration["intercept"] += 1.0
    (folder / "calibration.json").write_text(json.dumps(calibration), encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["files"] = checksums(folder)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    company.point(B)
    champion.refresh()
    assert champion.predictor is not None
    assert champion.predictor.version == A
    assert champion.refused is not None
    assert "as it said where it was made" in champion.refused


def test_how_far_two_releases_are_apart_is_told(company: Any) -> None:
    before, after = (Predictor(read_release(company.releases_folder / version)) for version in (A, B))
    assert f"from those of {A} on average" in difference(before, after)
    assert "probabilities are 0.0 points" in difference(before, before)


def test_two_probes_of_one_model_are_the_same(release: Release) -> None:
    assert Probe.of(release.churn, release.uncertainty) == release.probe


def test_swaps_and_refusals_are_heard_of_once(company: Any) -> None:
    heard: list[str] = []
    champion = Champion(company.releases_folder, heard.append)
    for version in (A, B, "2026-01-31-gone"):
        company.point(version)
        champion.refresh()
        champion._retry_at = 0.0
        champion.refresh()
    assert heard == ["swapped", "swapped", "refused"]
