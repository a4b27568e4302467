"""What a release can read."""

from serving.vocabulary import Vocabulary

VOCABULARY = Vocabulary(
    frozenset({"seats", "recency_days"}),
    {"plan": frozenset({"free", "pro"}), "is_partner": frozenset({"0", "1"})},
)


def test_an_unknown_name_comes_back_with_near_ones() -> None:
    found = VOCABULARY.unknown({"recency": 3, "seats": 1, "zzz": None})
    assert [detail.where for detail in found] == ["features.recency", "features.zzz"]
    assert found[0].problem == "no feature has this name; did you mean 'recency_days'?"
    assert found[1].problem == "no feature has this name"


def test_a_thousand_unknown_names_are_not_all_listed() -> None:
    assert len(VOCABULARY.unknown({f"f{i}": 1 for i in range(1000)})) == 10


def test_text_is_no_number_and_a_number_is_no_plan() -> None:
    found = VOCABULARY.unreadable({"seats": "many", "plan": 3, "recency_days": None, "is_partner": "1"})
    assert [detail.where for detail in found] == ["features.seats", "features.plan"]
    assert found[0].problem == "got 'many'; expected a number or null"
    assert found[1].problem == "got 3; expected text such as 'free', 'pro' or null"


def test_a_category_of_numbers_takes_numbers_and_text() -> None:
    for value in (1, 1.0, "1", 0, None):
        assert not VOCABULARY.unreadable({"is_partner": value})
        assert not [caution for caution in VOCABULARY.cautions({"is_partner": value}) if caution.code == "unseen_level"]


def test_an_unseen_level_and_left_out_features_are_told() -> None:
    unseen, absent = VOCABULARY.cautions({"plan": "gold", "is_partner": 7, "seats": None})
    assert (unseen.code, unseen.features) == ("unseen_level", ["plan", "is_partner"])
    assert "plan = 'gold', is_partner = 7" in unseen.message
    assert (absent.code, absent.features) == ("missing_features", ["recency_days"])
    assert absent.message.startswith("1 of 4 features were left out")


def test_a_feature_sent_as_null_is_not_left_out() -> None:
    assert not VOCABULARY.cautions({"plan": None, "is_partner": None, "seats": None, "recency_days": None})
