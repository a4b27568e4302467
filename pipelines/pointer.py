"""The pointer: which release serves, and which served before."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from features.errors import ReleaseError

POINTER = "champion.json"


def read_pointer(releases: Path) -> dict[str, Any] | None:
    """Return what the pointer says (`version`, `previous`, `promoted`), None where nothing was promoted yet.

    Raises
    ------
    ReleaseError
        when the pointer is there and cannot be read.
    """
    path = releases / POINTER
    if not path.exists():
        return None
    try:
        said = json.loads(path.read_text("utf-8"))
        names = [said["version"], *said["previous"]]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ReleaseError.of(
            f"an unreadable pointer {path.name}", "the JSON of a promotion", "promote again"
        ) from problem
    odd = [name for name in names if not isinstance(name, str) or not name or Path(name).name != name]
    if odd:
        raise ReleaseError.of(f"a pointer to {odd[0]!r}", "the name of a release", "promote again")
    return dict(said)


def write_pointer(releases: Path, *, version: str, previous: list[str], promoted: str) -> None:
    """Point at a release: the old pointer or the new one is there at every instant, never half of one."""
    releases.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=releases, prefix=".pointer-", delete=False, encoding="utf-8") as file:
        json.dump({"version": version, "previous": previous, "promoted": promoted}, file)
        file.flush()
        os.fsync(file.fileno())
    staged = Path(file.name)
    # The service may run as another user.
    staged.chmod(0o644)
    staged.replace(releases / POINTER)
