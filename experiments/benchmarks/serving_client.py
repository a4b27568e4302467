"""A client that costs next to nothing, so that what is measured is the service: kept connections, JSON, no more.

A general client in Python takes more of a core than the answers do; on two cores that is the service's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30.0
BROKEN = (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError)
"""What a request may end with that gets no answer."""

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass
class Client:
    """Posts JSON to one server, each request on a connection that is free, or on a new one."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    _free: list[_Streams] = field(default_factory=list)

    async def post(self, path: str, body: Any) -> Reply:
        """Return the reply to a request; a kept connection that was closed meanwhile is replaced, once.

        Raises
        ------
        OSError, asyncio.IncompleteReadError, TimeoutError, ValueError
            When there is no answer in time, or none that is HTTP with a length.
        """
        text = json.dumps(body).encode()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            if self._free:
                try:
                    return await self._asked(self._free.pop(), path, text)
                except (OSError, asyncio.IncompleteReadError):
                    pass
            parts = urlsplit(self.url)
            streams = await asyncio.open_connection(parts.hostname, parts.port)
            return await self._asked(streams, path, text)

    async def close(self) -> None:
        """Close all connections."""
        for _, writer in self._free:
            writer.close()
        self._free.clear()

    async def _asked(self, streams: _Streams, path: str, text: bytes) -> Reply:
        reader, writer = streams
        try:
            writer.write(self._head(path, len(text)) + text)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            fields = dict(line.split(":", 1) for line in head.split("\r\n")[1:] if ":" in line)
            body = await reader.readexactly(int(fields.get("content-length", "")))
        except BaseException:
            writer.close()
            raise
        self._free.append(streams)
        return Reply(int(head.split(" ", 2)[1]), body)

    def _head(self, path: str, length: int) -> bytes:
        own = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        kind = f"Content-Type: application/json\r\nContent-Length: {length}\r\n"
        return f"POST {path} HTTP/1.1\r\nHost: {urlsplit(self.url).netloc}\r\n{kind}{own}\r\n".encode()
