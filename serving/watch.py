"""Looking again, every so often, on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("perennial.serving")


class Watch:
    """Calls a function again and again until it is stopped; an error is logged and does not end it."""

    def __init__(self, look: Callable[[], None], seconds: float) -> None:
        self.look = look
        self.seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Start looking, at once and then every `seconds`."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a look under way ends first, for a second at most."""
        self._stopped.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.look()
            except Exception:  # the watch is the only one who would notice a later, better release
                log.exception("a look failed")
            self._stopped.wait(self.seconds)
