"""Words as they are written for people."""

from __future__ import annotations


def as_sentence(text: str) -> str:
    """Return words as a sentence: with a capital letter and a full stop; "" stays.

    >>> as_sentence("no one answered"), as_sentence("Done."), as_sentence("")
    ('No one answered.', 'Done.', '')
    """
    return text and f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"


def slug(text: str) -> str:
    """Return words as part of an address.

    >>> slug("Trust: how far?")
    'trust-how-far'
    """
    return "-".join("".join(one if one.isalnum() else " " for one in text.lower()).split())
