"""Emotions are read as people read them, do what was planted, and last as long as was planted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.benchmarks.experience_emotions import AS_OF, LABELLED, felt_world, tagger_f1
from features.errors import DataError
from pipelines.experience.emotions import emotions, felt_emotions
from pipelines.experience.fading import fading
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.lexicon import CLUSTERS, clusters_in, read_lexicon


@pytest.fixture(scope="module")
def planted() -> ExperienceData:
    return felt_world({"destroying": 1.0}, 1, n_accounts=1500)


def test_the_lexicon_goes_round(tmp_path: Path) -> None:
    lexicon = read_lexicon()
    assert set(lexicon.values()) == set(CLUSTERS)
    found = clusters_in(pd.Series(list(lexicon)), lexicon)
    first = found.drop_duplicates("row").set_index("row")["cluster"]
    assert first.tolist() == list(lexicon.values())


def test_a_lexicon_of_ones_own_is_read_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "words.csv"
    own.write_text("word,cluster\nGemütlich,advocacy\n", encoding="utf-8")
    assert dict(read_lexicon(own)) == {"gemütlich": "advocacy"}
    own.write_text("word,cluster\nbored,boredom\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"got clusters boredom in words.csv; expected some of advocacy"):
        read_lexicon(own)


def test_comments_are_read_nearly_as_people_read_them() -> None:
    assert tagger_f1() > 0.9
    assert tagger_f1() < 1.0, "words that no list has are among the labelled ones"
    assert len(LABELLED) > 20


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ("not happy", ["destroying"]),
        ("we are not at all happy", ["destroying"]),
        ("never disappointed", []),
        ("unhappy", ["destroying"]),
        ("happyness", []),
        ("we trust you and love you", ["recommendation", "advocacy"]),
    ],
)
def test_denied_feelings_turn_round(text: str, clusters: list[str]) -> None:
    assert clusters_in(pd.Series([text]), read_lexicon())["cluster"].tolist() == clusters


def test_an_item_counts_where_it_is_felt() -> None:
    answers = pd.DataFrame({"account_id": list("abc"), "answered_at": AS_OF, "touchpoint": "support"})
    answers = answers.assign(metric="emotion", item=["trust", "Feeling valued", "colour"], score=[0.5, 1.0, 1.0])
    answers = answers.assign(comment=pd.Series([None, None, None], dtype="str"))
    felt = felt_emotions(replace(ExperienceData.empty(AS_OF), responses=answers), read_lexicon())
    assert felt[["account_id", "cluster"]].values.tolist() == [["b", "recommendation"]]


def test_shares_add_up(planted) -> None:
    shares = [one for one in emotions(planted) if one.figure.endswith("share") and one.group_by == "all"]
    assert sum(one.value for one in shares) == pytest.approx(100)


def test_what_emotions_do_is_found_and_not_taken_from_the_theory(planted) -> None:
    told = {one.group: one for one in emotions(planted) if one.figure == "odds of leaving"}
    assert told["destroying"].verdict == "found"
    assert told["destroying"].low <= np.exp(1.0) <= told["destroying"].high
    assert [name for name in CLUSTERS if told[name].verdict == "found"] == ["destroying"]


def test_attention_fades_sooner_where_that_is_planted() -> None:
    lives = {"attention": 45.0, "recommendation": 500.0}
    found = fading(felt_world({"attention": -3.0, "recommendation": -2.0}, 1, half_lives=lives))
    assert found[-1].verdict == "found"
    assert found[0].high < found[1].low
    for one in found[:2]:
        assert one.low <= lives[one.group] <= one.high


def test_nothing_fades_where_nothing_is_felt_to_matter(planted) -> None:
    found = fading(planted)
    assert [one.verdict for one in found] == ["cannot tell", "cannot tell", "refused"]


def test_a_handful_of_emotions_is_refused(planted) -> None:
    assert emotions(ExperienceData.empty(AS_OF))[0].verdict == "refused"
    assert fading(ExperienceData.empty(AS_OF))[0].verdict == "refused"
    few = emotions(replace(planted, responses=planted.responses.head(8)))
    assert few[0].verdict == "refused"
