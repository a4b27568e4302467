"""How a company's own columns become the contract's: what `[tables]` of the settings holds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from features.tables import TABLES


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Through(_Settings):
    """A value found in another table of the contract, by an equal key."""

    table: str = Field(description="table of the contract that knows the value")
    on: str = Field(description="column of this source that equals the other table's key")
    take: str | None = Field(None, description="column to take; the same name as the one it fills unless set")


class ColumnMapping(_Settings):
    """Where one column of the contract comes from: exactly one of column, constant, through, row_number.

    >>> ColumnMapping(column="quantity", times="price").column
    'quantity'
    """

    column: str | None = Field(None, description="column of the source")
    constant: str | int | float | bool | None = Field(None, description="the same value in every row")
    through: Through | None = Field(None, description="a value found in another table")
    row_number: bool = Field(False, description="the row's number, where the source has no key of its own")
    times: str | None = Field(None, description="second column of the source to multiply by")
    plus_minutes: str | None = Field(None, description="column of the source with minutes to add to a time")
    values: dict[str, str] = Field(default_factory=dict, description="the source's words -> the contract's words")

    @property
    def sources(self) -> tuple[str, ...]:
        """The source's own columns that it takes.

        >>> ColumnMapping(column="quantity", times="price").sources
        ('quantity', 'price')
        """
        return tuple(name for name in (self.column, self.times, self.plus_minutes) if name)

    @property
    def is_plain(self) -> bool:
        """Whether it is a column of the source and nothing is done to it."""
        return self.sources == (self.column,) and not self.values

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMapping:
        given = [self.column is not None, self.constant is not None, self.through is not None, self.row_number]
        if sum(given) != 1:
            raise ValueError("expected exactly one of column, constant, through, row_number")
        return self


class TableMapping(_Settings):
    """Where one table of the contract comes from, and how its text is to be read."""

    source: str = Field(
        description="file in the data folder, a folder there or a pattern (*.parquet) whose files are read as one table"
        " in the order of their names, or table of the database"
    )
    encoding: str = Field("utf-8", description="encoding of a CSV file")
    delimiter: str = Field(",", description="what separates the columns of a CSV file", min_length=1, max_length=1)
    decimal: Literal[".", ","] = Field(".", description="decimal mark in text")
    dates: Literal["iso", "day_first", "month_first"] = Field("iso", description="order of dates written as text")
    columns: dict[str, str | ColumnMapping] = Field(
        default_factory=dict, description="contract's column -> the source's"
    )
    ignore: tuple[str, ...] = Field((), description="columns of the source to leave out")
    only_where: str | None = Field(None, description="column of the source without which a row is none of this table's")
    one_per_key: bool = Field(False, description="whether rows with the same key are one (the smallest value is kept)")

    def mapping(self, column: str) -> ColumnMapping | None:
        """Where a column of the contract comes from, None when it is not mapped."""
        mapped = self.columns.get(column)
        return ColumnMapping(column=mapped) if isinstance(mapped, str) else mapped


class Sources(_Settings):
    """Every table that there is, and what to do with rows that break the contract."""

    location: str = Field(".", description="folder of files, relative to the settings' file, or a database URL")
    on_reject: Literal["fail", "drop"] = Field("fail", description="what bad rows do: stop the work, or be left out")
    tables: dict[str, TableMapping] = Field(default_factory=dict, description="table of the contract -> its source")

    @field_validator("tables")
    @classmethod
    def _known(cls, tables: dict[str, TableMapping]) -> dict[str, TableMapping]:
        for name, mapping in tables.items():
            if name not in TABLES:
                raise ValueError(f"got a table {name!r}; expected one of {', '.join(TABLES)}")
            unknown = [column for column in mapping.columns if not _fits(name, column)]
            if unknown:
                known = ", ".join(column.name for column in TABLES[name].columns)
                raise ValueError(f"got {name} columns {unknown}; expected some of {known}")
        return tables


def _fits(table: str, column: str) -> bool:
    return TABLES[table].is_open or TABLES[table].column(column) is not None
