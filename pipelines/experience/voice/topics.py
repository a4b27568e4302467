"""What comments are about: topics by their words, how often, with which score, and a comment that stands for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.experience.clustered import clustered_mean, too_few
from pipelines.experience.found import Found

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "comments"
N_TOPICS, N_WORDS = 6, 5
FEWEST_COMMENTS, FEWEST_WORDS = 100, 20
MOST_READ = 20_000
"""Comments from which topics are learnt, drawn at random; the latest year counts."""
YEAR_DAYS = 365
LONGEST_QUOTE = 160
Float = npt.NDArray[np.float64]


def topics(data: ExperienceData, seed: int = 0, *, quoted: bool = True) -> list[Found]:
    """Return the topics of the last year's comments: share of comments (counted), mean score, words and a quote.

    TF-IDF of English words, stop words left out, and non-negative matrix factorisation (Lee and Seung 1999); a comment
    is of the topic that weighs most in it. Topics are a way to read, nothing is tested by them. `quoted` says whether
    accounts' own words are told.
    """
    said = data.responses[data.responses["answered_at"] >= data.as_of - pd.Timedelta(days=YEAR_DAYS)]
    said = said[said["comment"].fillna("").astype("str").str.contains(r"\S\s+\S")].reset_index(drop=True)
    if len(said) < FEWEST_COMMENTS:
        why = f"{len(said)} comments of two words and more in the last year; {FEWEST_COMMENTS} are needed"
        return [Found.refused(TOPIC, "share", why)]
    said = said.sample(min(len(said), MOST_READ), random_state=seed).reset_index(drop=True)
    found = _factors(said["comment"].astype("str"), seed)
    if found is None:
        return [Found.refused(TOPIC, "share", f"fewer than {FEWEST_WORDS} words come up in five comments and more")]
    weights, words = found
    told = [one for place in range(len(words)) for one in _topic(said, weights, words[place], place)]
    return told if quoted else [replace(one, sentence="") for one in told]


def _factors(comments: pd.Series, seed: int) -> tuple[Float, list[str]] | None:
    """The weights of topics in each comment, and the words of each topic; None where there are too few words."""
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(stop_words="english", min_df=5, max_df=0.8, max_features=2000)
    try:
        matrix = vectorizer.fit_transform(comments)
    except ValueError:  # no word is left
        return None
    names = vectorizer.get_feature_names_out()
    if len(names) < FEWEST_WORDS:
        return None
    model = NMF(n_components=N_TOPICS, init="nndsvda", random_state=seed, max_iter=400, tol=1e-3)
    weights: Float = model.fit_transform(matrix)
    top = np.argsort(-model.components_, axis=1, kind="stable")[:, :N_WORDS]
    return weights, [", ".join(names[row]) for row in top]


def _topic(said: pd.DataFrame, weights: Float, words: str, place: int) -> Iterator[Found]:
    is_it = (weights.argmax(axis=1) == place) & (weights[:, place] > 0)
    own = said[is_it]
    why = too_few(len(own), own["account_id"].nunique())
    if why:
        return
    share = clustered_mean(100.0 * is_it, said["account_id"])
    quote = _quote(own["comment"].astype("str"), weights[is_it, place])
    yield Found(TOPIC, "share", share.value, max(share.low, 0.0), share.high, "% of comments", "counted", "topic",
                words, len(own), own["account_id"].nunique(), "told", f"such as: {quote!r}")  # fmt: skip
    scored = own.dropna(subset=["score"])
    if too_few(len(scored), scored["account_id"].nunique()) is None:
        score = clustered_mean(100.0 * scored["score"], scored["account_id"])
        yield Found(TOPIC, "mean score", score.value, max(score.low, 0.0), min(score.high, 100.0), "% of the scale",
                    "counted", "topic", words, len(scored), score.n_accounts)  # fmt: skip


def _quote(comments: pd.Series, weights: Float) -> str:
    """The comment in which the topic weighs most, among those short enough to be read."""
    short = (comments.str.len() <= LONGEST_QUOTE).to_numpy()
    weighed = np.where(short, weights, -1.0) if short.any() else weights
    return str(comments.iloc[int(np.argmax(weighed))])[:LONGEST_QUOTE]
