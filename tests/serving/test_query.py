"""What a caller asks for in the query of an address."""

import pytest

from serving.errors import Refusal
from serving.query import query_values


def test_what_is_left_out_is_not_there() -> None:
    assert query_values([], ["segment"]) == {}


@pytest.mark.parametrize("value", ["x", "x" * 200, "Größe & Co. = 7"])
def test_values_of_up_to_200_characters_come_back_as_they_are(value: str) -> None:
    assert query_values([("segment", value)], ["segment"]) == {"segment": value}


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ([("segmnt", "x")], "got the query parameter 'segmnt'; expected only segment; leave it out"),
        ([("x" * 5000, "x")], r"got the query parameter 'x{60}\.\.\.'; expected only segment"),
        ([("segment", "x"), ("segment", "x")], "got the query parameter segment more than once; expected it once"),
        ([("segment", "x" * 201)], "got a value of 201 characters .* segment; expected 1 to 200; shorten it"),
        ([("segment", "")], "got a value of 0 characters .* segment; expected 1 to 200"),
    ],
)
def test_every_other_query_is_refused(asked: list[tuple[str, str]], match: str) -> None:
    with pytest.raises(Refusal, match=match) as refused:
        query_values(asked, ["segment"])
    assert (refused.value.status, refused.value.error.code) == (422, "invalid_request")
