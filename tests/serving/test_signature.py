"""Signatures against the published example of Standard Webhooks, and what is no signature of ours."""

import base64
import hashlib
import hmac

import pytest

from features.errors import ConfigError
from serving.signature import UnverifiedMessage, signed_headers, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # the example of Standard Webhooks
NOW = 1_614_265_330.0
BODY = b'{"test": 2432232314}'


def _headers(at: float = NOW) -> dict[str, str]:
    return signed_headers(SECRET, "msg_1", at, BODY)


def test_the_signature_is_an_hmac_of_id_timestamp_and_body() -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    by_hand = base64.b64encode(hmac.new(key, b"msg_1.1614265330." + BODY, hashlib.sha256).digest()).decode()
    assert _headers()["webhook-signature"] == f"v1,{by_hand}"


def test_a_message_is_verified_whatever_the_case_of_its_headers() -> None:
    assert verify(SECRET, {name.title(): value for name, value in _headers().items()}, BODY, NOW) == "msg_1"


def test_one_right_signature_of_several_suffices_so_that_secrets_can_change() -> None:
    headers = _headers()
    headers["webhook-signature"] = f"v1,AAAA v2,BBBB {headers['webhook-signature']}"
    assert verify(SECRET, headers, BODY, NOW) == "msg_1"


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_message_of_another_time_is_not_ours(seconds: float) -> None:
    with pytest.raises(UnverifiedMessage, match="expected one within 300 seconds of now"):
        verify(SECRET, _headers(NOW + seconds), BODY, NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "1614265331"},
        {"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,ö"},
        {"webhook-signature": ""},
    ],
)
def test_a_changed_header_is_found(wrong: dict[str, str]) -> None:
    with pytest.raises(UnverifiedMessage, match="answer 401 and do nothing"):
        verify(SECRET, _headers() | wrong, BODY, NOW)


@pytest.mark.parametrize("absent", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_an_absent_header_is_named(absent: str) -> None:
    headers = _headers()
    del headers[absent]
    with pytest.raises(UnverifiedMessage, match=f"got no header {absent}"):
        verify(SECRET, headers, BODY, NOW)


def test_a_changed_body_is_found() -> None:
    with pytest.raises(UnverifiedMessage, match="a signature that is not right"):
        verify(SECRET, _headers(), BODY + b" ", NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "not base64!"])
def test_a_secret_that_is_none_is_refused_and_not_told(secret: str) -> None:
    with pytest.raises(ConfigError, match="got a webhook secret that cannot be used; expected whsec_"):
        signed_headers(secret, "msg_1", NOW, BODY)
