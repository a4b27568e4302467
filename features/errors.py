"""Everything that can go wrong for a user's reason, under one base."""

from pathlib import Path


class PerennialError(ValueError):
    """A mistake that a user can mend; its message says what came, what was expected, what to do.

    >>> raise DataError.of("an empty file", "at least one account", "export the accounts again")
    Traceback (most recent call last):
    features.errors.DataError: got an empty file; expected at least one account; export the accounts again
    """

    @classmethod
    def of(cls, came: str, expected: str, do: str) -> "PerennialError":
        """Return the error with its three parts in one sentence."""
        return cls(f"got {came}; expected {expected}; {do}")


class ConfigError(PerennialError):
    """The settings cannot be used."""


class DataError(PerennialError):
    """The tables break the contract or cannot carry what is asked of them."""


class ModelError(PerennialError):
    """No honest model can be made of this panel."""


class ReleaseError(PerennialError):
    """A release is absent, damaged, or not of a form this version reads."""


class GateRefused(PerennialError):
    """A check or the promotion gate said no."""


class UnreadableFile(Exception):
    """A file that cannot be read, and why; what reads a table makes a sentence of it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path, self.why = path, why
