"""Secrets that lie in files, as orchestrators mount them: read when they are needed, never kept in an environment."""

from __future__ import annotations

from pathlib import Path

from features.errors import ConfigError


def secret_in(path: Path, variable: str) -> str:
    """Return the one line of a file that an environment variable names.

    Raises
    ------
    ConfigError
        When it cannot be read or is empty.
    """
    try:
        found = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "it is no text"
        raise ConfigError.of(f"a file that cannot be read ({why})", "one line in a file", f"see {variable}") from None
    if not found:
        raise ConfigError.of("an empty file", "one line in a file", f"see {variable}")
    return found
