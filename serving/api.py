"""The routes under /api: what the champion found, to look at; they only read."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.answers import Answers
from serving.errors import Refusal
from serving.middleware import refused
from serving.query import query_values


def api(answers: Callable[[], Answers]) -> Starlette:
    """Return the application that is mounted at /api; `answers` are asked for at each request."""

    async def drivers(request: Request) -> Response:
        asked = query_values(request.query_params.multi_items(), ["segment"])
        return Response(answers().drivers(asked.get("segment")), media_type="application/json")

    async def segments(request: Request) -> Response:
        asked = query_values(request.query_params.multi_items(), ["segmentation"])
        return Response(answers().segments(asked.get("segmentation")), media_type="application/json")

    routes = [Route("/drivers", drivers, methods=["GET"]), Route("/segments", segments, methods=["GET"])]
    return Starlette(routes=routes, exception_handlers={Refusal: _refused})


async def _refused(_: Request, refusal: Exception) -> Response:
    return refused(cast(Refusal, refusal))
