"""The service's log: one JSON object a line, whoever wrote it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

NO_FIELDS: dict[str, Any] = {}
_in_json = json.JSONEncoder(ensure_ascii=False, default=str).encode


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON: when, how grave, which part, what, and its fields if it has some."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; a line break in it is escaped, so that nobody forges a line.

        >>> record = logging.makeLogRecord({"name": "perennial", "levelname": "INFO", "msg": "a", "created": 0.0})
        >>> JsonLines().format(record)
        '{"time": "1970-01-01T00:00:00.000+00:00", "level": "INFO", "logger": "perennial", "message": "a"}'
        """
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        } | getattr(record, "fields", NO_FIELDS)
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return _in_json(said)


def prepare_logs() -> None:
    """Let our log speak at all, and in JSON, through whatever handlers the server has set up."""
    logging.getLogger("perennial").setLevel(logging.INFO)
    logging.getLogger("uvicorn.access").propagate = False  # else the server prepares lines that nobody writes
    logging.getLogger("bentoml._internal.server.http_app").addFilter(_is_ours)
    for name in ("", "bentoml", "uvicorn.error"):
        for handler in logging.getLogger(name).handlers:
            if type(handler) is logging.StreamHandler:  # not those of a test that listens
                handler.setFormatter(JsonLines())
                handler.filters.clear()  # they look up traces for BentoML's own format


def _is_ours(record: logging.LogRecord) -> bool:
    """A caller's invalid request is no error of ours, and what it held has no place in our log."""
    return not (record.exc_info and isinstance(record.exc_info[1], ValidationError))
