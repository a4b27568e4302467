"""Which fields are exported, under which names, and in whose words: a file of the user's."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from features.errors import ConfigError
from serving.export_fields import FIELDS, KINDS, Cell, Kind, Row

KEY = "account_id"


class ExportMapping(BaseModel):
    """What a row is called where it goes.

    >>> mapping = ExportMapping(columns={"Id": "account_id", "Risk": "tier"}, values={"tier": {"high": "Hot"}})
    >>> mapping.applied({"account_id": "A-1", "tier": "high", "churn_percent": 71.0})
    {'Id': 'A-1', 'Risk': 'Hot'}
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str] = Field(
        {field.name: field.name for field in FIELDS}, description="a field of ours by the column it becomes, in order"
    )
    values: dict[str, dict[str, str]] = Field({}, description="by field of ours: your words for what it says")

    @model_validator(mode="after")
    def _names_fields_of_ours(self) -> ExportMapping:
        for name in (*self.columns.values(), *self.values):
            if name not in KINDS:
                near = get_close_matches(name, KINDS, n=1)
                meant = f"; did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"no field is called {name!r}{meant}")
        if KEY not in self.columns.values():
            raise ValueError(f"no column is {KEY}, without which nobody knows whom a row is of")
        return self

    @property
    def key(self) -> str:
        """The column of the account's id."""
        return next(column for column, name in self.columns.items() if name == KEY)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kind of each column."""
        return {column: KINDS[name] for column, name in self.columns.items()}

    def applied(self, row: Row) -> Row:
        """Return a row under the names and in the words of this mapping."""
        return {column: self._in_words(name, row) for column, name in self.columns.items()}

    def _in_words(self, name: str, row: Row) -> Cell:
        value = row[name]
        return self.values[name].get(value, value) if name in self.values and isinstance(value, str) else value


def read_mapping(path: Path) -> ExportMapping:
    """Return the mapping of a TOML file.

    Raises
    ------
    ConfigError
        When it cannot be read, or names what is not exported.
    """
    try:
        return ExportMapping.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        came = f"the mapping {path.name}, which cannot be read ({problem})"
    except ValidationError as problem:
        wrong = problem.errors(include_url=False)[0]
        place = ".".join(map(str, wrong["loc"]))
        came = (
            f"the mapping {path.name}: {place}{' ' if place else ''}{str(wrong['msg']).removeprefix('Value error, ')}"
        )
    raise ConfigError.of(came, "TOML with the tables columns and values", "see docs/crm.md for every field") from None
