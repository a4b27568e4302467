"""What was found sound before: files whose rows broke no rule need not be looked at again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.origin import digest

if TYPE_CHECKING:
    from features.warehouse import Warehouse

# The modules whose code decides what is sound: a change there makes nothing known.
CODE = ("checks", "columns", "contract_rules", "parsing", "rejects", "tables")


@dataclass
class Checked:
    """The stamps of sound files by table, as they stand in a file between runs; how they were read, and beside which
    accounts.
    """

    path: Path
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Checked:
        """Return what was found by the code of now; nothing where there is no such file."""
        try:
            said = json.loads(path.read_text("utf-8"))
            return cls(path, dict(said["tables"]) if said["code"] == _code() else {})
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path)

    def new_files(self, warehouse: Warehouse, name: str) -> tuple[Path, ...] | None:
        """Return the files of a table that were not found sound before; None where none is known to be."""
        origin, said = warehouse.origins[name], self.tables.get(name)
        if said is None or said["read_as"] != origin.read_as or not set(said["stamps"]) <= set(origin.stamps):
            return None
        return tuple(
            path for path, stamp in zip(origin.paths, origin.stamps, strict=True) if stamp not in said["stamps"]
        )

    def knows_accounts(self, warehouse: Warehouse, name: str) -> bool:
        """Whether a table was held against the accounts as they are now."""
        return bool(self.tables[name]["accounts"] == _accounts(warehouse))

    def add(self, warehouse: Warehouse, name: str) -> None:
        """Note that all rows of a table are sound."""
        origin = warehouse.origins[name]
        said = {"read_as": origin.read_as, "stamps": origin.stamps, "accounts": _accounts(warehouse)}
        self.tables[name] = said

    def write(self) -> None:
        """Keep what was found."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        staged = self.path.with_suffix(".staged")
        staged.write_text(json.dumps({"code": _code(), "tables": self.tables}), encoding="utf-8")
        staged.replace(self.path)


def _accounts(warehouse: Warehouse) -> str:
    origin = warehouse.origins.get("accounts")
    return digest(origin and (origin.stamps, origin.read_as))


def _code() -> str:
    here = Path(__file__).parent
    return hashlib.sha256(b"".join((here / f"{name}.py").read_bytes() for name in CODE)).hexdigest()[:16]
