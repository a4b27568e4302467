"""The map of a journey: from which touchpoint accounts go where, how long they wait, loops kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipelines.churn.bootstrap import Z, share_interval
from pipelines.experience.found import EVERYONE, Found
from pipelines.experience.visits import FIRST, LEFT

TOPIC = "journey"
FEWEST_MOVES, FEWEST_ACCOUNTS = 10, 5
LINKS = ("source", "target", "n", "n_accounts", "prob", "low", "high", "wait_days", "wait_low", "wait_high")


@dataclass(frozen=True)
class JourneyMap:
    """A semi-Markov map of the journeys of a group of accounts.

    Attributes
    ----------
    nodes
        touchpoint, n (visits), n_accounts; `first contact` and `left` are the ends.
    links
        source, target, n, n_accounts, prob (of going there next) with low and high, wait_days (mean) with wait_low and
        wait_high. Loops are links to themselves. Links of few moves or accounts are left out; n_hidden counts them.
    """

    group_by: str
    group: str
    n_accounts: int
    nodes: pd.DataFrame
    links: pd.DataFrame
    n_hidden: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as a graph that JSON can hold: nodes and links."""
        frames = {"nodes": self.nodes.to_dict("records"), "links": self.links.to_dict("records")}
        own = {"group_by": self.group_by, "group": self.group, "n_accounts": self.n_accounts, "n_hidden": self.n_hidden}
        return own | frames


def journey_map(moves: pd.DataFrame, *, group_by: str = EVERYONE, group: str = EVERYONE) -> JourneyMap:
    """Return the map of the accounts that moved (`visits.read_moves`).

    The probability of a link is its share of the moves that go out of its source (Howard 1971, Dynamic Probabilistic
    Systems II: the embedded chain); intervals of shares and of mean waits are those of ratios over accounts.
    """
    if moves.empty:
        nodes, links = pd.DataFrame(columns=["touchpoint", "n", "n_accounts"]), pd.DataFrame(columns=list(LINKS))
        return JourneyMap(group_by, group, 0, nodes, links, 0)
    by_source = moves.groupby(["account_id", "source"], sort=False, observed=True)["n"]
    out, rows = by_source.sum(), moves.assign(out=by_source.transform("sum").astype(float))
    squares = out.astype(float).pow(2).groupby(level="source").sum()
    sums = rows.assign(nn=rows["n"] ** 2, no=rows["n"] * rows["out"], ww=rows["wait_days"] ** 2,
                       nw=rows["n"] * rows["wait_days"]).groupby(["source", "target"], sort=True)  # fmt: skip
    links = sums[["n", "wait_days", "nn", "no", "ww", "nw"]].sum().astype(float)
    links["n_accounts"] = sums.size()
    links = links.reset_index()
    total = out.groupby(level="source").sum().astype(float)
    # Without a move what is mapped has the type of its keys.
    links = links.assign(total=links["source"].map(total).astype(float), oo=links["source"].map(squares).astype(float))
    told = _told(links)
    is_shown = (told["n"] >= FEWEST_MOVES) & (told["n_accounts"] >= FEWEST_ACCOUNTS)
    shown = told[is_shown].sort_values(["n", "source", "target"], ascending=[False, True, True], ignore_index=True)
    n_accounts = int(moves["account_id"].nunique())
    return JourneyMap(group_by, group, n_accounts, _nodes(moves), shown, int((~is_shown).sum()))


def journey_figures(journey: JourneyMap) -> Iterator[Found]:
    """Yield one figure a link: the probability of going there next, in percent."""
    if journey.links.empty:
        why = f"{journey.n_accounts} accounts and no way with {FEWEST_MOVES} moves of {FEWEST_ACCOUNTS} accounts"
        yield Found.refused(TOPIC, "ways", why, journey.group_by, journey.group)
    for link in journey.links.to_dict("records"):
        said = f"after {link['wait_days']:.1f} days on average ({link['wait_low']:.1f} to {link['wait_high']:.1f})"
        yield Found(TOPIC, f"{link['source']} -> {link['target']}", 100 * link["prob"], 100 * link["low"],
                    100 * link["high"], "% of what follows", "counted", journey.group_by, journey.group, link["n"],
                    link["n_accounts"], sentence=said)  # fmt: skip


def _told(links: pd.DataFrame) -> pd.DataFrame:
    prob, wait = links["n"] / links["total"], links["wait_days"] / links["n"]
    off = (links["nn"] - 2 * prob * links["no"] + prob**2 * links["oo"]).clip(lower=0)
    ends = [
        share_interval(share, error, int(total))
        for share, error, total in zip(prob, np.sqrt(off) / links["total"], links["total"], strict=True)
    ]
    apart = (links["ww"] - 2 * wait * links["nw"] + wait**2 * links["nn"]).clip(lower=0)
    reach = Z * np.sqrt(apart) / links["n"]
    low, high = (np.array([end[side] for end in ends]) for side in (0, 1))
    return pd.DataFrame(
        {"source": links["source"], "target": links["target"], "n": links["n"].astype(int),
         "n_accounts": links["n_accounts"].astype(int), "prob": prob, "low": low, "high": high, "wait_days": wait,
         "wait_low": (wait - reach).clip(lower=0), "wait_high": wait + reach}
    )  # fmt: skip


def _nodes(moves: pd.DataFrame) -> pd.DataFrame:
    by_target = moves.groupby("target", sort=True)
    nodes = pd.DataFrame({"n": by_target["n"].sum(), "n_accounts": by_target["account_id"].nunique()})
    started = moves[moves["source"] == FIRST]
    nodes.loc[FIRST] = [len(started), started["account_id"].nunique()]
    ends = {FIRST: 0, LEFT: 2}
    order = sorted(nodes.index, key=lambda name: (ends.get(name, 1), -nodes.loc[name, "n"], name))
    return nodes.loc[order].rename_axis("touchpoint").reset_index()
