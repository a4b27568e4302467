"""One segmentation: its segments, why there are so many, and every account's place in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from features.errors import ReleaseError
from pipelines.churn.encoder import Columns, FloatArray, row_count, rows_of
from pipelines.segmentation.inference import Inference
from pipelines.segmentation.mixture import IntArray, Mixture
from pipelines.segmentation.preparation import Preparation
from pipelines.segmentation.stability import NATURAL

BLOCK = 20_000


@dataclass(frozen=True)
class Segment:
    """One group of accounts.

    Attributes
    ----------
    id
        The segmentation's name and a number, such as "needs-1": by size at first, then kept from release to release.
        "needs-all" where there is only one.
    name
        What a person calls it, or else `found_name`.
    found_name
        What set it apart when it was first found, in a few words.
    n, share
        Accounts for which it is the most probable segment, and their share of the accounts whose place is known.
    stability
        Median Jaccard index with the segment most like it in refits on resampled accounts, 0 to 1; None of one alone.
        From 0.75 on it is natural, below it is constructed: a cut that is useful or not, but not there by itself.
    """

    id: str
    name: str
    found_name: str
    n: int
    share: float
    stability: float | None = None

    @property
    def is_natural(self) -> bool:
        """Whether it is there whoever looks."""
        return self.stability is not None and self.stability >= NATURAL


@dataclass(frozen=True)
class Evidence:
    """What spoke for and against one number of segments.

    Attributes
    ----------
    n_segments
        The number in question.
    criterion
        BIC; lower is better.
    gain_share
        How much of all the improvement in it the last segment brought, 0 to 1.
    smallest_share
        Accounts in the smallest segment.
    stability
        Median adjusted Rand index between these segments and those of refits on resampled accounts; None where the
        criterion did not shortlist the number.
    """

    n_segments: int
    criterion: float
    gain_share: float
    smallest_share: float
    stability: float | None


class Placement(NamedTuple):
    """Where accounts are: `membership` (n, k), rows sum to 1 or are NaN where nothing can be said.

    `is_inferred` (n,) says that a row's place is predicted from what else is known of the account, `fits` (n,) is false
    where the account is unlike any that the segments were learnt from.
    """

    membership: FloatArray
    is_inferred: npt.NDArray[np.bool_]
    fits: npt.NDArray[np.bool_]


def most_probable(membership: FloatArray) -> IntArray:
    """Return the position of each row's most probable segment, shape (n,), -1 where that is not known.

    >>> most_probable(np.array([[0.2, 0.8], [np.nan, np.nan]])).tolist()
    [1, -1]
    """
    if not membership.shape[1]:
        return np.full(len(membership), -1)
    best: IntArray = np.where(np.isnan(membership).any(axis=1), -1, np.nan_to_num(membership).argmax(axis=1))
    return best


def _blocks(columns: Columns) -> Iterator[Columns]:
    """So many rows at a time that what is computed of them stays near the processor."""
    n = row_count(columns)
    if n <= BLOCK:
        yield columns
        return
    for start in range(0, n, BLOCK):
        yield rows_of(columns, slice(start, start + BLOCK))


@dataclass(frozen=True)
class Segmentation:
    """Accounts grouped on one basis; complete in itself, so that serving needs this and numpy only.

    Attributes
    ----------
    name
        firmographic, behavioural or needs.
    segments
        The largest first. None at all where the basis has nothing to go by; one where there is no structure.
    why
        One sentence: how many and why, or why absent.
    preparation, mixture
        How rows become memberships; None where there are fewer than two segments.
    evidence
        For every number of segments that was tried.
    most_surprise
        What 99.9 % of the accounts learned from stay below; an account beyond it fits nowhere.
    last_number
        The greatest number that an id ever had, so that none is given twice.
    inference
        How accounts of which the basis knows nothing are placed all the same; None where they stay unknown.
    """

    name: str
    segments: tuple[Segment, ...]
    why: str
    preparation: Preparation | None = None
    mixture: Mixture | None = None
    evidence: tuple[Evidence, ...] = ()
    most_surprise: float | None = None
    last_number: int = 0
    inference: Inference | None = None

    @property
    def is_divided(self) -> bool:
        """Whether there are segments to be in, rather than one or none."""
        return len(self.segments) > 1

    def membership(self, columns: Columns) -> FloatArray:
        """Return each row's probability of belonging to each segment, shape (n, k), in the order of `segments`.

        Rows sum to 1. A row of which nothing is known, such as an account that never answered, is NaN. A column that is
        absent is missing in every row; infinite values are missing, huge ones are cut off, unseen levels are neutral.

        >>> Segmentation("needs", (), "no account has answered").membership({"need_price": [4.0, 5.0]}).shape
        (2, 0)

        Raises
        ------
        DataError
            When there is no column at all, or a value of a numeric column is not a number.
        """
        if self.preparation is None or self.mixture is None:
            return np.ones((row_count(columns), len(self.segments)))
        blocks = [self.mixture.posterior(self.preparation.encode(block)) for block in _blocks(columns)]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def fits(self, columns: Columns) -> npt.NDArray[np.bool_]:
        """Return whether each row, shape (n,), is like any account that was learned from; one not known at all is.

        What is compared is `Mixture.surprise`, of values as they are: a membership is always told, of the nearest
        segment, and this says whether it means something.
        """
        if self.most_surprise is None:
            return np.ones(row_count(columns), dtype=bool)
        surprise = self.surprise(columns)
        found: npt.NDArray[np.bool_] = (surprise <= self.most_surprise) | np.isnan(surprise)
        return found

    def surprise(self, columns: Columns) -> FloatArray:
        """Return `Mixture.surprise` of each row, shape (n,), of values as they are; NaN where nothing is known."""
        if self.preparation is None or self.mixture is None:
            return np.full(row_count(columns), np.nan)
        found = []
        for block in _blocks(columns):
            X = self.preparation.encode(block, cuts=False)
            found.append(np.where(np.isnan(X).all(axis=1), np.nan, self.mixture.surprise(X)))
        return np.concatenate(found)

    def placement(self, columns: Columns) -> Placement:
        """Return the place of each row: `membership`, or where that is not known what can be inferred."""
        membership, fits = self.membership(columns), self.fits(columns)
        is_inferred: npt.NDArray[np.bool_] = np.zeros(len(membership), dtype=bool)
        if self.inference is not None and np.isnan(membership).any():
            inferred = self.inference.probabilities(columns)
            is_inferred = np.asarray(np.isnan(membership).any(axis=1) & ~np.isnan(inferred).any(axis=1))
            membership = np.where(is_inferred[:, None], inferred, membership)
        return Placement(membership, is_inferred, fits)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON types, without NaN or infinity."""
        return {
            "name": self.name,
            "segments": [asdict(segment) for segment in self.segments],
            "why": self.why,
            "preparation": self.preparation and self.preparation.to_json(),
            "mixture": self.mixture and self.mixture.to_json(),
            "evidence": [asdict(tried) for tried in self.evidence],
            "most_surprise": self.most_surprise,
            "last_number": self.last_number,
            "inference": self.inference and self.inference.to_json(),
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Segmentation:
        """Return the segmentation that `to_json` wrote: same memberships, same JSON.

        Raises
        ------
        ReleaseError
            When the JSON is not of that form.
        """
        try:
            return cls(
                saved["name"],
                tuple(Segment(**segment) for segment in saved["segments"]),
                saved["why"],
                saved["preparation"] and Preparation.from_json(saved["preparation"]),
                saved["mixture"] and Mixture.from_json(saved["mixture"]),
                tuple(Evidence(**tried) for tried in saved["evidence"]),
                saved["most_surprise"],
                saved["last_number"],
                saved["inference"] and Inference.from_json(saved["inference"]),
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise ReleaseError.of(
                f"a segmentation that cannot be read ({problem!r})", "the JSON that training wrote", "train again"
            ) from problem
