"""Keys: made, kept as digests, rotated, revoked, and read by a worker."""

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from features.errors import ConfigError
from serving.errors import Refusal
from serving.kept_keys import KeptKeys
from serving.keyring import Keyring
from serving.keys import make_key
from serving.store import Store


class Clock:
    """A clock that is set by hand."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(tmp_path: Path, clock: Clock) -> KeptKeys:
    return KeptKeys(Store(f"sqlite:///{tmp_path / 'online.db'}"), clock)


@pytest.fixture
def keyring(kept: KeptKeys, clock: Clock) -> Keyring:
    return Keyring(kept, clock)


def _opens(keyring: Keyring, text: str) -> bool:
    keyring.refresh()
    try:
        keyring.key_of(f"Bearer {text}")
    except Refusal as refusal:
        return refusal.status != 401
    return True


def test_two_keys_are_never_alike_and_the_secret_is_of_256_bits() -> None:
    one, other = make_key(), make_key()
    assert one.key_id != other.key_id
    assert one.text.split("_", 2)[2] != other.text.split("_", 2)[2]
    assert len(one.text.split("_", 2)[2]) == 43


def test_a_key_that_was_created_opens_and_its_text_is_nowhere_in_the_store(
    kept: KeptKeys, keyring: Keyring, tmp_path: Path
) -> None:
    text = kept.create("crm", ["predict", "ingest"])
    assert _opens(keyring, text)
    (key,) = kept.all()
    assert (key.label, key.scopes, key.expires_at) == ("crm", {"predict", "ingest"}, None)
    secret = text.split("_", 2)[2].encode()
    assert all(secret not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_key_dies_when_its_days_are_over(kept: KeptKeys, keyring: Keyring, clock: Clock) -> None:
    text = kept.create("crm", ["predict"], days=1)
    clock.now += 86_399
    assert _opens(keyring, text)
    clock.now += 1
    assert not _opens(keyring, text)


def test_a_revoked_key_opens_nothing_from_the_next_look_on(kept: KeptKeys, keyring: Keyring) -> None:
    text = kept.create("crm", ["predict"])
    assert _opens(keyring, text)
    kept.revoke(kept.all()[0].key_id)
    assert not _opens(keyring, text)


def test_rotation_gives_a_new_key_and_the_old_one_lives_through_its_grace(
    kept: KeptKeys, keyring: Keyring, clock: Clock
) -> None:
    old = kept.create("crm", ["read"], days=10)
    clock.now += 86_400
    new = kept.rotate(kept.all()[0].key_id, grace_seconds=3600)
    assert _opens(keyring, old)
    assert _opens(keyring, new)
    clock.now += 3600
    assert not _opens(keyring, old)
    assert _opens(keyring, new)
    newest = kept.all()[-1]
    assert (newest.label, newest.scopes) == ("crm", {"read"})
    assert newest.expires_at == newest.created_at + 10 * 86_400


def test_a_grace_never_lengthens_a_life(kept: KeptKeys, keyring: Keyring, clock: Clock) -> None:
    old = kept.create("crm", ["read"], days=1)
    kept.rotate(kept.all()[0].key_id, grace_seconds=10 * 86_400)
    clock.now += 86_400
    assert not _opens(keyring, old)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer pk_1", "Bearer \udce9", "x" * 9000])
def test_what_is_no_key_opens_nothing(keyring: Keyring, header: str) -> None:
    keyring.refresh()
    with pytest.raises(Refusal, match=r"expected .*; send the header Authorization: Bearer KEY"):
        keyring.key_of(header)


def test_a_right_id_with_a_wrong_secret_is_told_as_an_unknown_one(kept: KeptKeys, keyring: Keyring) -> None:
    text = kept.create("crm", ["read"])
    keyring.refresh()
    said = set()
    for wrong in (text[:-1] + ("A" if text[-1] != "A" else "B"), make_key().text):
        with pytest.raises(Refusal) as refused:
            keyring.key_of(f"Bearer {wrong}")
        said.add(str(refused.value))
    assert len(said) == 1


def test_a_store_that_is_silent_for_a_minute_opens_nothing(
    kept: KeptKeys, keyring: Keyring, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = kept.create("crm", ["read"])
    keyring.refresh()

    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(kept, "all", fail)
    clock.now += 60
    keyring.refresh()
    assert keyring.key_of(f"bearer {text}").label == "crm"
    clock.now += 1
    with pytest.raises(Refusal, match="does not answer"):
        keyring.key_of(f"Bearer {text}")


@pytest.mark.parametrize("bad", ["", "0" * 12])
def test_what_is_not_there_is_neither_rotated_nor_revoked(kept: KeptKeys, bad: str) -> None:
    with pytest.raises(ConfigError, match="expected the id of a live key; see `perennial keys list`"):
        kept.rotate(bad, grace_seconds=0)
    with pytest.raises(ConfigError, match="expected the id of a live key"):
        kept.revoke(bad)


@pytest.mark.parametrize(
    ("label", "scopes", "days", "match"),
    [
        ("crm", ["write"], None, "got the scope 'write'; expected some of predict"),
        ("crm", [], None, "got no scope"),
        (" ", ["read"], None, "got a label of 1 characters"),
        ("x" * 129, ["read"], None, "got a label of 129 characters"),
        ("crm", ["read"], 0.0, "got 0 days; expected more than 0"),
        ("crm", ["read"], float("nan"), "got nan days"),
    ],
)
def test_a_key_of_nothing_for_nobody_is_not_made(
    kept: KeptKeys, label: str, scopes: list[str], days: float | None, match: str
) -> None:
    with pytest.raises(ConfigError, match=match):
        kept.create(label, scopes, days=days)
    assert kept.all() == []


def test_a_key_is_compared_whole_and_as_a_digest(
    kept: KeptKeys, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long it takes tells nothing: what is compared is a digest of what came, in constant time."""
    text = kept.create("crm", ["predict"])
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("serving.keys.hmac.compare_digest", compare)
    almost = text[:-1] + ("A" if text[-1] != "A" else "B")
    assert [_opens(keyring, came) for came in (text, almost)] == [True, False]
    assert [one == other for one, other in compared] == [True, False]
    assert all(text not in pair and almost not in pair for pair in compared)
