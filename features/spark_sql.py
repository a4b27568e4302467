"""Ibis' Spark backend, set right where it computes something else than on DuckDB."""

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING, Any

import ibis.expr.datatypes as dt
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession


class SparkCompiler(PySparkCompiler):  # type: ignore[misc]
    """Spark's SQL for Ibis' expressions."""

    __slots__ = ()

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:  # noqa: N802
        r"""A floating number is a double, where Spark reads 2.5 as a decimal; and \v is no v, \f no f."""
        if dtype.is_string() and not {"\v", "\f"}.isdisjoint(value):
            return self.f.concat(*(self.f.chr(ord(mark)) for mark in value))
        if dtype.is_floating() and math.isfinite(value):
            return self.cast(sge.convert(value), dtype)
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_Strip(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        r"""The text without spaces around it: Spark reads the \v and \f of Ibis' own as the letters v and f."""
        codes = [self.f.chr(ord(mark)) for mark in string.whitespace]
        return sge.Trim(this=arg, expression=self.f.concat(*codes))

    def visit_ExtractEpochSeconds(self, op: Any, *, arg: Any) -> Any:  # noqa: N802
        """Seconds since 1970 with their fraction, as DuckDB has them."""
        return self.f.anon.unix_micros(self.cast(arg, dt.timestamp)) / sge.convert(1_000_000)

    def visit_TimestampFromUNIX(self, op: Any, *, arg: Any, unit: Any) -> Any:  # noqa: N802
        """A time from seconds with their fraction."""
        return self.f.anon.timestamp_seconds(arg)


def connected(session: SparkSession) -> Any:
    """Return an Ibis backend on a session, which gives and takes Arrow."""
    import ibis

    # With the attribute the backend's options come to be.
    _ = ibis.pyspark
    from ibis.backends.pyspark import Backend

    class ArrowBackend(Backend):  # type: ignore[misc]
        compiler = SparkCompiler()

        def to_pyarrow(self, expr: Any, /, *, params: Any = None, limit: Any = None, **kwargs: Any) -> Any:
            from ibis.formats.pyarrow import PyArrowData

            self._run_pre_execute_hooks(expr)
            table = expr.as_table()
            found = self.raw_sql(self.compile(table, params=params, limit=limit, **kwargs)).toArrow()
            return expr.__pyarrow_result__(PyArrowData.convert_table(found, table.schema()))

        def execute(self, expr: Any, /, **kwargs: Any) -> Any:
            return expr.__pandas_result__(self.to_pyarrow(expr.as_table(), **kwargs).to_pandas())

        def _register_in_memory_table(self, op: Any) -> None:
            data: pa.Table = op.data.to_pyarrow(op.schema)
            self._session.createDataFrame(data).createOrReplaceTempView(op.name)

    return ArrowBackend().connect(session)
