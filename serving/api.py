"""The routes under /api: what the champion found, to look at; they only read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.answers import Answers
from serving.errors import Refusal
from serving.middleware import refused
from serving.programme import FILTERS
from serving.query import query_values

SHOWN: Mapping[str, tuple[Callable[..., bytes], Sequence[str]]] = {
    "/drivers": (Answers.drivers, ["segment"]),
    "/segments": (Answers.segments, ["segmentation"]),
    "/experience": (Answers.experience, FILTERS),
    "/value": (Answers.value, FILTERS),
    "/journeys": (Answers.journeys, (*FILTERS, "segment")),
    "/actions": (Answers.actions, ["owner", "answer"]),
    "/release": (Answers.release, []),
}
"""What answers at each address, and by which parameters of a query."""


def api(answers: Callable[[], Answers]) -> Starlette:
    """Return the application that is mounted at /api; `answers` are asked for at each request."""
    routes = [Route(path, _shows(answers, *shown), methods=["GET"]) for path, shown in SHOWN.items()]
    return Starlette(routes=routes, exception_handlers={Refusal: _refused})


def _shows(
    answers: Callable[[], Answers], show: Callable[..., bytes], asks: Sequence[str]
) -> Callable[[Request], object]:
    async def shown(request: Request) -> Response:
        asked = query_values(request.query_params.multi_items(), asks)
        # The first who asks of a release waits until it is prepared; nobody else has to.
        found = await anyio.to_thread.run_sync(partial(show, answers(), **asked))
        return Response(found, media_type="application/json")

    return shown


async def _refused(_: Request, refusal: Exception) -> Response:
    return refused(cast(Refusal, refusal))
