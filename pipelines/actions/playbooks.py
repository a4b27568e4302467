"""What is to be done when something happens, by whom, until when: each once, however often it is looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.actions.facts import days_until
from pipelines.actions.loop import LOW
from pipelines.experience.value.advocacy import hurt

if TYPE_CHECKING:
    from pipelines.actions.facts import Facts
    from pipelines.actions.settings import Playbook
    from pipelines.experience.inputs import ExperienceData

TIERS = ("low", "medium", "high")
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to do for an account; `key` is the same for the same event, so that whoever tells it tells it once."""

    key: str
    playbook: str
    account_id: str
    owner: str
    do: str
    happened_on: str
    due_on: str


def alerts(
    playbooks: Mapping[str, Playbook], data: ExperienceData, facts: Facts, tiers_before: Mapping[str, str] | None = None
) -> tuple[Alert, ...]:
    """Return what is to be done, the most urgent first.

    Parameters
    ----------
    tiers_before
        of accounts as they were scored before; None: nothing is known to have risen.
    """
    owners = dict(zip(facts.ids, facts.accounts["owner"], strict=True))
    of_touchpoint = dict(zip(data.touchpoints["touchpoint"].astype(str), data.touchpoints["owner"], strict=True))
    found: dict[str, Alert] = {}
    for name, book in playbooks.items():
        for account, day in _events(book, data, facts, tiers_before or {}):
            owner = of_touchpoint.get(book.touchpoint, owners[account]) if book.touchpoint else owners[account]
            alert = _alert(name, book, account, day, NOBODY if pd.isna(owner) else str(owner))
            found.setdefault(alert.key, alert)
    return tuple(sorted(found.values(), key=lambda alert: (alert.due_on, alert.owner, alert.account_id)))


def _events(
    book: Playbook, data: ExperienceData, facts: Facts, tiers_before: Mapping[str, str]
) -> Iterator[tuple[str, pd.Timestamp]]:
    since, known = data.as_of - pd.Timedelta(days=book.days), set(facts.ids)
    if book.when == "tier_rises":
        for account, tier in zip(facts.ids, facts.accounts["tier"], strict=True):
            before = tiers_before.get(account)
            if before in TIERS and TIERS.index(tier) > TIERS.index(before):
                yield account, data.as_of
        return
    if book.when == "renewal_nears":
        near = days_until(facts.accounts["renewal"], data.as_of)
        for i in ((near >= 0) & (near <= book.days)).nonzero()[0]:
            yield str(facts.ids.iloc[i]), pd.Timestamp(facts.accounts["renewal"].iloc[i])
        return
    rows = {"severe_case": _severe, "champion_leaves": _champions, "low_score": _low_scores}[book.when](data)
    rows = rows[rows["at"] >= since]
    for account, day in zip(rows["account_id"].astype(str), rows["at"], strict=True):
        if account in known:
            yield account, pd.Timestamp(day)


def _severe(data: ExperienceData) -> pd.DataFrame:
    own = data.cases[data.cases["closed_at"].isna() & data.cases["account_id"].astype(str).isin(hurt(data.cases))]
    return own[["account_id", "opened_at"]].rename(columns={"opened_at": "at"})


def _champions(data: ExperienceData) -> pd.DataFrame:
    own = data.contacts[data.contacts["is_primary"].astype("boolean").fillna(False).astype(bool)]
    return own.dropna(subset=["active_to"])[["account_id", "active_to"]].rename(columns={"active_to": "at"})


def _low_scores(data: ExperienceData) -> pd.DataFrame:
    own = data.responses[data.responses["score"] <= data.responses["metric"].map(LOW)]
    return own[["account_id", "answered_at"]].rename(columns={"answered_at": "at"})


def _alert(name: str, book: Playbook, account: str, day: pd.Timestamp, owner: str) -> Alert:
    """A renewal is prepared before its day; everything else is done so many days after it."""
    due = day if book.when == "renewal_nears" else day + pd.Timedelta(days=book.due_days)
    key = hashlib.sha256(f"{name}\n{account}\n{day:%Y-%m-%d}".encode()).hexdigest()[:32]
    return Alert(key, name, account, owner, book.do, f"{day:%Y-%m-%d}", f"{due:%Y-%m-%d}")
