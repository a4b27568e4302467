"""Which emotion words belong to which of four clusters: an editable list, English only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import pandas as pd

from features.errors import DataError

ADVOCACY, RECOMMENDATION, ATTENTION, DESTROYING = CLUSTERS = ("advocacy", "recommendation", "attention", "destroying")
"""Shaw's value pyramid (The DNA of Customer Experience, 2007); that they differ in value is estimated, not taken."""
OWN = Path(__file__).with_name("emotions.csv")
NEGATION = r"(?:not|no|never|hardly|without|nothing|nobody|\w+n't)"
WORDS_BETWEEN = 2


def read_lexicon(path: Path = OWN, clusters: Sequence[str] = CLUSTERS) -> Mapping[str, str]:
    """Return the cluster of each word or phrase of a CSV file with the columns word and cluster.

    >>> read_lexicon()["let down"]
    'destroying'

    Raises
    ------
    DataError
        when a cluster is not one of `clusters`.
    """
    rows = pd.read_csv(path)
    strange = sorted(set(rows["cluster"]) - set(clusters))
    if strange:
        came, expected = f"clusters {', '.join(strange)} in {path.name}", f"some of {', '.join(clusters)}"
        raise DataError.of(came, expected, "correct them")
    return dict(zip(rows["word"].str.lower().str.strip(), rows["cluster"], strict=True))


def words_in(texts: pd.Series, lexicon: Mapping[str, str]) -> pd.DataFrame:
    """Return the words of a lexicon named in texts, in their order: row (of the text), cluster, and is_denied.

    A word is denied by a negation up to two words before it; texts may be missing.
    """
    found = texts.dropna().str.lower().str.extractall(_pattern(tuple(lexicon)))
    row, word = found.index.get_level_values(0), found["word"].astype("str")
    return pd.DataFrame(
        {"row": row, "cluster": word.map(dict(lexicon)).to_numpy(), "is_denied": found["denied"].notna().to_numpy()}
    )


def clusters_in(texts: pd.Series, lexicon: Mapping[str, str]) -> pd.DataFrame:
    """Return the emotions named in texts: row (of the text) and cluster, each once a text; texts may be missing.

    A good emotion that is denied is a destroying one; a bad one that is denied is none.

    >>> clusters_in(pd.Series(["not happy at all", "I trust them", None]), read_lexicon()).values.tolist()
    [[0, 'destroying'], [1, 'recommendation']]
    """
    named = words_in(texts, lexicon)
    named = named[~(named["is_denied"] & (named["cluster"] == DESTROYING))]
    cluster = named["cluster"].where(~named["is_denied"], DESTROYING)
    return pd.DataFrame({"row": named["row"], "cluster": cluster}).drop_duplicates(ignore_index=True)


@lru_cache(maxsize=8)
def _pattern(words: tuple[str, ...]) -> str:
    longest = sorted(words, key=len, reverse=True)
    either = "|".join(re.escape(word) for word in longest)
    return rf"(?:\b(?P<denied>{NEGATION})\s+(?:\w+\s+){{0,{WORDS_BETWEEN}}}?)?\b(?P<word>{either})\b"
