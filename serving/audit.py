"""One line a request: who asked what, and how it went; never which account, nor what was sent."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any

from serving.routes import Rule

LINE = "perennial.line"
"""Under this name the line of a request lies in its ASGI scope."""

access = logging.getLogger("perennial.access")


@dataclass(slots=True)
class Line:
    """What is told of one request.

    Attributes
    ----------
    method, rule
        What was asked: by the name of the route, not by the path, which may hold an account's id.
    key_id
        Whose key it came with; None where none was asked for, or none was right.
    release
        What answered; None where nothing did.
    """

    request_id: str
    method: str
    rule: Rule
    key_id: str | None = None
    release: str | None = None
    status: int = 0
    began: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0

    def told(self) -> dict[str, Any]:
        """Return the line as it goes out.

        >>> Line("crm-1", "POST", Rule("/predict", "predict"), status=200, seconds=0.0012).told()["ms"]
        1.2
        """
        return {
            "request_id": self.request_id,
            "key": self.key_id,
            "method": self.method,
            "route": self.rule.route,
            "status": self.status,
            "ms": round(self.seconds * 1000, 2),
            "release": self.release,
        }

    def write(self) -> None:
        """Write the line to the log."""
        access.info("request", extra={"fields": self.told()})
