"""What a release can read: which features there are, of which kind, with which levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pipelines.churn.encoder import Encoder, levels_of
from serving.feature_values import Value
from serving.payloads import Caution, Detail

Values = Mapping[str, Value]
MOST_NAMED = 10
"""So many names are listed in a message; a request may hold a thousand."""


@dataclass(frozen=True)
class FeatureRow:
    """What is known of one account, as it was at `as_of`; a feature that is left out is not known."""

    values: Values
    account_id: str | None = None
    as_of: str | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The features of a release.

    Attributes
    ----------
    numbers
        Names of the numeric features.
    levels
        Levels seen in training, by category.
    """

    numbers: frozenset[str]
    levels: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, encoder: Encoder) -> Vocabulary:
        """Return the vocabulary of a churn model's encoder."""
        numbers = frozenset(feature.name for feature in encoder.features if feature.kind == "number")
        return cls(numbers, {name: frozenset(levels) for name, levels in encoder.levels.items()})

    def unknown(self, values: Values) -> list[Detail]:
        """Return the names that no feature has, with near ones; the first ten.

        >>> Vocabulary(frozenset({"seats"}), {}).unknown({"seat": 3})
        [Detail(where='features.seat', problem="no feature has this name; did you mean 'seats'?")]
        """
        names = [name for name in values if name not in self.numbers and name not in self.levels]
        return [Detail(where=f"features.{name}", problem=self._near(name)) for name in names[:MOST_NAMED]]

    def _near(self, name: str) -> str:
        near = get_close_matches(name, [*self.numbers, *self.levels], n=3)
        meant = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        return f"no feature has this name{meant}"

    def unreadable(self, values: Values) -> list[Detail]:
        """Return the values of the wrong kind; the first ten.

        A category whose levels look like numbers ("0", "1") takes numbers too.

        >>> Vocabulary(frozenset({"seats"}), {}).unreadable({"seats": "many"})
        [Detail(where='features.seats', problem="got 'many'; expected a number or null")]
        """
        names = [name for name, value in values.items() if value is not None and not self._reads(name, value)]
        return [Detail(where=f"features.{n}", problem=self._expected(n, values[n])) for n in names[:MOST_NAMED]]

    def readable(self, values: Values) -> Values:
        """Return those of the values that this release knows and can read.

        >>> Vocabulary(frozenset({"seats"}), {}).readable({"seats": 3, "plan": "pro"})
        {'seats': 3}
        """
        known = {name: value for name, value in values.items() if name in self.numbers or name in self.levels}
        return {name: value for name, value in known.items() if value is None or self._reads(name, value)}

    def _reads(self, name: str, value: Value) -> bool:
        if name in self.numbers:
            return not isinstance(value, str)
        return isinstance(value, str) or name not in self.levels or self.takes_numbers(name)

    def takes_numbers(self, name: str) -> bool:
        """Return whether a category takes numbers beside text: one whose levels look like numbers."""
        return any(map(_is_numeric, self.levels[name]))

    def _expected(self, name: str, value: Value) -> str:
        kind = "a number" if name in self.numbers else f"text such as {_listed(sorted(self.levels[name])[:3])}"
        return f"got {_shown(value)}; expected {kind} or null"

    def cautions(self, values: Values) -> list[Caution]:
        """Return what makes a prediction from these values less sure: levels never seen, features left out."""
        unseen = [name for name in self.levels if self._is_unseen(name, values.get(name))]
        absent = sorted(name for name in (*self.numbers, *self.levels) if name not in values)
        return [*self._of_unseen(unseen, values), *self._of_absent(absent)]

    def _is_unseen(self, name: str, value: Value) -> bool:
        if value is None or value in self.levels[name]:
            return False
        (level,) = levels_of([value])
        return level is not None and level not in self.levels[name]

    def _of_unseen(self, names: list[str], values: Values) -> list[Caution]:
        if not names:
            return []
        came = ", ".join(f"{name} = {_shown(values[name])}" for name in names[:MOST_NAMED])
        message = f"the model has never seen {came}; each counts as not known"
        return [Caution(code="unseen_level", message=message, features=names[:MOST_NAMED])]

    def _of_absent(self, names: list[str]) -> list[Caution]:
        if not names:
            return []
        message = (
            f"{len(names)} of {len(self.numbers) + len(self.levels)} features were left out; they count as not known"
        )
        return [Caution(code="missing_features", message=message, features=names[:MOST_NAMED])]


def _is_numeric(level: str) -> bool:
    try:
        float(level)
    except ValueError:
        return level in ("True", "False")
    return True


def _listed(names: list[str]) -> str:
    return ", ".join(map(_shown, names))


def _shown(value: Value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
