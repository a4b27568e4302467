"""Ready-made catalogues. What an action costs here is a first guess, to be put right in the settings."""

from __future__ import annotations

from pipelines.actions.settings import Action, Eligible, Window


def five_ways() -> dict[str, Action]:
    """Return five ways to loyalty: what customers remember costs attention, not discounts.

    >>> sorted(five_ways())
    ['handwritten_note', 'personal_call', 'special_occasion', 'tell_what_we_did', 'useful_information']
    """
    return {
        "tell_what_we_did": Action(
            words="Tell them what was done about what they said",
            channel="email",
            cost=5.0,
            hours=0.2,
            rest_days=30,
        ),
        "handwritten_note": Action(
            words="Send a handwritten note",
            channel="post",
            cost=12.0,
            hours=0.3,
            window=Window(around="sale", from_days=3, to_days=30),
            rest_days=180,
        ),
        "personal_call": Action(
            words="Call in person and listen",
            channel="phone",
            cost=40.0,
            hours=0.75,
            eligible=Eligible(tiers=("high", "medium")),
            rest_days=60,
        ),
        "special_occasion": Action(
            words="Mark the anniversary of working together",
            channel="post",
            cost=25.0,
            hours=0.25,
            window=Window(around="anniversary", from_days=-7, to_days=7),
            eligible=Eligible(open_case="none"),
            rest_days=300,
        ),
        "useful_information": Action(
            words="Send something useful for their own work, without selling",
            channel="email",
            cost=2.0,
            is_automated=True,
            rest_days=30,
        ),
    }
