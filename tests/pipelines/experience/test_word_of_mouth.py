import numpy as np
import pytest

from pipelines.experience.word_of_mouth import Assumed, Base, WordOfMouth, scaled, with_word_of_mouth

BASE = Base(1000, 5000.0, n_promoters=300, n_detractors=200, revenue_at_risk=4e5, expected_leavers=80)
SPOKEN = WordOfMouth(
    won_per_told=Assumed(0.002, 0.0, 0.004, "our referrals of last year"),
    lost_per_told=Assumed(0.001, 0.0, 0.002, "a guess of the sales team"),
)


def _told(spoken: WordOfMouth) -> dict:
    return {one.figure: one for one in with_word_of_mouth(BASE, spoken)}


def test_with_nothing_won_or_lost_it_is_plain_lifetime_value():
    found = _told(WordOfMouth())
    assert found["lifetime value with word of mouth"].value == 1000 * 5000.0
    assert found["revenue at risk with word of mouth"].value == 4e5
    assert found["lifetime value with word of mouth"].low == found["lifetime value with word of mouth"].high


def test_good_and_bad_are_reckoned_by_hand():
    found = _told(SPOKEN)
    assert found["good word of mouth"].value == pytest.approx(300 * 9 * 0.002 * 5000)
    assert found["bad word of mouth"].value == pytest.approx(-200 * 22 * 0.001 * 5000)
    assert found["revenue at risk with word of mouth"].value == pytest.approx(4e5 + 80 * 22 * 0.001 * 5000)


def test_twice_as_many_told_is_twice_the_word_of_mouth():
    once, twice = _told(SPOKEN), _told(scaled(SPOKEN, 2))
    for name in ("good word of mouth", "bad word of mouth"):
        assert twice[name].value == pytest.approx(2 * once[name].value)
        assert twice[name].low == pytest.approx(2 * once[name].low)


def test_what_moves_it_most_comes_first():
    moves = [one.value for name, one in _told(SPOKEN).items() if name.startswith("moved by")]
    assert len(moves) == 4
    assert moves == sorted(moves, reverse=True)


def test_everything_is_assumed_and_names_its_source():
    for one in with_word_of_mouth(BASE, SPOKEN):
        assert one.basis == "assumed"
        assert one.sentence
    assert "our referrals of last year" in _told(SPOKEN)["good word of mouth"].sentence


def test_draws_stay_within_the_range():
    drawn = Assumed(5.0, 1.0, 9.0, "x").drawn(np.random.default_rng(0), 1000)
    assert drawn.min() >= 1
    assert drawn.max() <= 9
