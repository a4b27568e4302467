import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipelines.experience.advocacy import ask_list, hurt

AS_OF = pd.Timestamp("2025-01-01")
NOBODY = pd.DataFrame({"account_id": pd.Series(dtype=str), "at": pd.Series(dtype="datetime64[us]")})


def _answers(scores: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"account_id": list(scores), "score": list(scores.values()), "answered_at": pd.Timestamp("2024-12-01")}
    )


def _accounts(*names: str, mrr: float = 10.0) -> pd.DataFrame:
    return pd.DataFrame({"account_id": list(names), "mrr": mrr})


def _cases(*rows: tuple) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["account_id", "closed_at", "priority", "is_escalated"])
    escalated = frame["is_escalated"].astype("boolean")
    return frame.assign(closed_at=pd.to_datetime(frame["closed_at"]), is_escalated=escalated)


CASE = st.tuples(
    st.sampled_from([f"A{i}" for i in range(8)]),
    st.sampled_from([None, "2024-12-20"]),
    st.sampled_from([None, "low", "Normal", "high", "urgent", "P1", "odd"]),
    st.sampled_from([None, True, False]),
)


@given(st.lists(CASE, max_size=20))
def test_no_account_with_an_open_severe_case_is_ever_asked(rows):
    names = [f"A{i}" for i in range(8)]
    asked = ask_list(_answers(dict.fromkeys(names, 10.0)), _accounts(*names), _cases(*rows), NOBODY, AS_OF)
    severe = {
        account
        for account, closed, priority, escalated in rows
        if closed is None and (escalated is True or priority not in ("low", "Normal"))
    }
    assert set(asked.accounts["account_id"]) == set(names) - severe


def test_a_severe_case_that_was_solved_hurts_no_more():
    assert hurt(_cases(("a", "2024-12-20", "urgent", True), ("b", None, "low", False))) == set()


def test_a_case_without_a_priority_counts_as_severe():
    assert hurt(_cases(("a", None, None, None))) == {"a"}


def test_detractors_the_departed_and_those_asked_within_a_year_are_left_alone():
    answers = _answers({"content": 9.5, "cross": 3.0, "gone": 10.0, "asked": 10.0, "asked long ago": 9.0})
    accounts = pd.concat([_accounts("content", "cross", "asked", "asked long ago"), _accounts("gone", mrr=0.0)])
    at = pd.to_datetime(["2024-06-01", "2023-06-01"])
    asked = pd.DataFrame({"account_id": ["asked", "asked long ago"], "at": at})
    found = ask_list(answers, accounts, _cases(), asked, AS_OF)
    assert found.accounts["account_id"].tolist() == ["content", "asked long ago"]


def test_an_account_whose_latest_answer_is_cross_is_not_asked():
    answers = pd.DataFrame(
        {"account_id": ["a"] * 5, "score": [10, 10, 10, 10, 5.0],
         "answered_at": pd.to_datetime([f"2024-12-0{day}" for day in range(1, 6)])}
    )  # fmt: skip
    assert ask_list(answers, _accounts("a"), _cases(), NOBODY, AS_OF).accounts.empty


def test_a_share_of_few_promoters_is_refused():
    found = ask_list(_answers({"a": 10.0}), _accounts("a"), _cases(), NOBODY, AS_OF).found
    assert found[0].verdict == "refused"
    assert "1 accounts promote" in found[0].sentence
