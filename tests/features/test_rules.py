"""A term read as SQL and row by row: the same to the bit."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from features.rules import Hours

TIMES = st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1))


@settings(max_examples=20, deadline=None)
@given(starts=st.lists(TIMES, min_size=1, max_size=50), micros=st.integers(0, 10**13))
def test_hours_are_the_same_in_sql_and_row_by_row_below_a_second_too(starts: list[datetime], micros: int) -> None:
    rows = [{"opened": start, "closed": start + timedelta(microseconds=micros)} for start in starts]
    connection = ibis.duckdb.connect()
    table = connection.create_table("cases", pd.DataFrame(rows).astype("datetime64[us]"))
    hours = Hours("opened", "closed")
    found = table.select(hours=hours.sql(table)).to_pyarrow()["hours"].to_pylist()
    connection.disconnect()
    assert found == [hours.of(row) for row in rows]
