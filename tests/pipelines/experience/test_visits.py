import pandas as pd

from pipelines.experience.visits import read_met, read_moves

AS_OF = pd.Timestamp("2024-07-01")


def _activities(*rows: tuple[str, str, str | None]) -> dict[str, pd.DataFrame]:
    frame = pd.DataFrame(rows, columns=["account_id", "occurred_at", "touchpoint"])
    frame = frame.assign(
        activity_id=[f"e{place}" for place in range(len(frame))],
        occurred_at=pd.to_datetime(frame["occurred_at"]),
        event="met",
    )
    accounts = pd.DataFrame({"account_id": sorted(set(frame["account_id"]))})
    return {"accounts": accounts, "activities": frame}


NOBODY_LEFT = pd.DataFrame({"account_id": pd.Series(dtype=str), "left_at": pd.Series(dtype="datetime64[us]")})
JOURNEY = _activities(
    ("a", "2024-01-01 09:00", "sales"),
    ("a", "2024-01-03 09:00", "sales"),
    ("a", "2024-01-05 09:00", "onboarding"),
    ("a", "2024-03-05 09:00", "onboarding"),
    ("a", "2024-03-06 09:00", "support"),
    ("a", "2024-03-07 09:00", None),
    ("a", "2024-08-01 09:00", "renewal"),
    ("b", "2024-02-01 09:00", "support"),
)


def _moves(tables, departures=NOBODY_LEFT, *, open_tables, as_of=AS_OF):
    moves = read_moves(open_tables(tables), as_of, departures)
    return {(row.account_id, row.source, row.target): (row.n, round(row.wait_days, 2)) for row in moves.itertuples()}


def test_a_journey_by_hand(open_tables):
    assert _moves(JOURNEY, open_tables=open_tables) == {
        ("a", "first contact", "sales"): (1, 0.0),
        ("a", "sales", "onboarding"): (1, 2.0),
        ("a", "onboarding", "onboarding"): (1, 60.0),
        ("a", "onboarding", "support"): (1, 1.0),
        ("b", "first contact", "support"): (1, 0.0),
    }


def test_who_left_after_its_last_visit_moved_to_left(open_tables):
    left = pd.DataFrame({"account_id": ["b", "a"], "left_at": pd.to_datetime(["2024-02-11 09:00", "2024-01-02 00:00"])})
    moves = _moves(JOURNEY, left, open_tables=open_tables)
    assert moves["b", "support", "left"] == (1, 10.0)
    assert not [key for key in moves if key[0] == "a" and key[2] == "left"]


def test_cases_are_visits_too(open_tables):
    case = {"case_id": ["k"], "account_id": ["b"], "opened_at": pd.to_datetime(["2024-02-03"]), "touchpoint": ["desk"]}
    tables = JOURNEY | {"cases": pd.DataFrame(case)}
    assert ("b", "support", "desk") in _moves(tables, open_tables=open_tables)


def test_nothing_known_at_the_date_itself_counts(open_tables):
    moves = _moves(JOURNEY, open_tables=open_tables, as_of=pd.Timestamp("2024-01-05 09:00"))
    assert set(moves) == {("a", "first contact", "sales")}


def test_what_was_met_first(open_tables):
    met = read_met(open_tables(JOURNEY), AS_OF).set_index(["account_id", "touchpoint"])
    assert met.loc[("a", "onboarding"), "n"] == 2
    assert met.loc[("a", "onboarding"), "first_at"] == pd.Timestamp("2024-01-05 09:00")


def test_tables_without_touchpoints_have_no_moves(open_tables):
    tables = {"accounts": pd.DataFrame({"account_id": ["a"]})}
    warehouse = open_tables(tables)
    assert read_moves(warehouse, AS_OF, NOBODY_LEFT).empty
    assert read_met(warehouse, AS_OF).empty
