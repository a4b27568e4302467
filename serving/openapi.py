"""The OpenAPI document: every route, what it takes and gives, and an example of each.

BentoML writes one too, of an older form, which has no word for null and leaves out what is mounted beside its routes.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from pipelines.manifest import ReleaseFacts
from serving.action_payloads import ActionsTold, InterventionsRequest
from serving.event_payloads import EventsRequest, EventsTaken
from serving.feature_values import LONGEST_TEXT
from serving.payloads import BatchPrediction, Drivers, ErrorBody, PredictBatchRequest, Prediction, PredictRequest
from serving.programme_payloads import Figures, JourneysTold
from serving.readiness import Readiness
from serving.segment_payloads import Segments
from serving.vocabulary import Vocabulary

EXAMPLES = Path(__file__).parent / "openapi_examples.json"
ONE = "PredictRequestOfChampion"
MOST_NUMBER = sys.float_info.max
REF = "#/components/schemas/{model}"
ERRORS = {
    "400": "what came is no JSON",
    "401": "no key, or none that is known",
    "403": "a key for something else",
    "404": "there is no such account, segment, topic, group or address",
    "405": "a method that this address does not take",
    "408": "a body that arrives too slowly",
    "413": "a body that is too large",
    "415": "a body that is not JSON",
    "422": "JSON that is not what was expected",
    "429": "too many requests; Retry-After says when to ask again",
    "500": "something went wrong in the service",
    "503": "no release, no rows, or no store yet; ask again",
    "504": "the answer took too long",
}


FIGURES_OF = {
    "topic": "figures of one topic; left out: of every topic",
    "group_by": "figures by `all`, a segmentation, touchpoint, role or month; left out: by everything",
    "group": "figures of one group; left out: of every group",
}


@dataclass(frozen=True)
class Route:
    """One address: what it takes (of POST a body, of GET parameters by name) and what it gives; None: no JSON."""

    method: Literal["get", "post"]
    path: str
    summary: str
    gives: type[BaseModel] | None
    takes: type[BaseModel] | None = None
    asks: Mapping[str, str] | None = None
    is_open: bool = False


ROUTES = (
    Route("post", "/predict", "Predict churn for one account", Prediction, PredictRequest),
    Route("post", "/predict_batch", "Predict churn for up to 1,000 accounts", BatchPrediction, PredictBatchRequest),
    Route("post", "/events", "Take rows of one table: events that happened to accounts", EventsTaken, EventsRequest),
    Route("post", "/interventions", "Take what was decided and done for accounts", EventsTaken, InterventionsRequest),
    Route(
        "get",
        "/api/drivers",
        "What the champion found of its drivers",
        Drivers,
        asks={"segment": "figures of one group of accounts; left out: of all"},
    ),
    Route(
        "get",
        "/api/segments",
        "The champion's segments and what is told of them",
        Segments,
        asks={"segmentation": "firmographic, behavioural or needs; left out: all three"},
    ),
    Route(
        "get",
        "/api/experience",
        "What the champion tells of experience and engagement",
        Figures,
        asks=FIGURES_OF,
    ),
    Route("get", "/api/value", "What the champion tells experience is worth", Figures, asks=FIGURES_OF),
    Route(
        "get",
        "/api/journeys",
        "Which way accounts go, as the champion tells it: figures, and maps",
        JourneysTold,
        asks=FIGURES_OF | {"segment": "the map of one segment, or of `all`; left out: every map"},
    ),
    Route(
        "get",
        "/api/actions",
        "Whom to help with what, as it was suggested last",
        ActionsTold,
        asks={
            "owner": "accounts of one owner; left out: of all",
            "answer": "do, test first, do nothing or held out; left out: all",
        },
    ),
    Route("get", "/api/release", "What the champion says of itself: data, quality, gate", ReleaseFacts),
    Route("get", "/livez", "Whether the process lives", None, is_open=True),
    Route("get", "/readyz", "Whether predictions can be made, and how the service fares", Readiness, is_open=True),
    Route("get", "/metrics", "Metrics for Prometheus", None),
)


class Document(dict[str, Any]):
    """The document; BentoML asks for it by this method."""

    def asdict(self) -> dict[str, Any]:
        """Return it as a plain dictionary."""
        return dict(self)


@cache
def document() -> Document:
    """Return the document, of OpenAPI 3.1; made once.

    >>> sorted(document()["paths"]["/predict"]["post"]["responses"])[:2]
    ['200', '400']
    """
    schemas = _schemas()
    examples = json.loads(EXAMPLES.read_text("utf-8"))
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route, examples.get(route.path, {}))
    return Document(
        openapi="3.1.0",
        info={
            "title": "Perennial",
            "version": _version(),
            "description": "Which customers a company is about to lose: predicted churn, tier, segments and reasons. "
            "Reasons say why the model says so; drivers say what would change it.",
        },
        servers=[{"url": "/"}],
        paths=paths,
        components={
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "see `perennial keys`"}},
        },
    )


def document_of(vocabulary: Vocabulary | None) -> Document:
    """Return the document with the features that a release reads, by name; None: where none serves yet."""
    if vocabulary is None:
        return document()
    found = Document(copy.deepcopy(document()))
    # of a batch each account has an answer of its own, an error where features do not fit: its schema stays as it is
    schemas = found["components"]["schemas"]
    one = schemas[ONE] = copy.deepcopy(schemas["PredictRequest"])
    found["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"] = {
        "$ref": REF.format(model=ONE)
    }
    features = one["properties"]["features"]
    features["anyOf"][0] = {
        "type": "object",
        "properties": {name: _feature(vocabulary, name) for name in (*vocabulary.numbers, *vocabulary.levels)},
        "additionalProperties": False,
        "minProperties": 1,
    }
    features.pop("examples", None)
    return found


def _feature(vocabulary: Vocabulary, name: str) -> dict[str, Any]:
    number = {"minimum": -MOST_NUMBER, "maximum": MOST_NUMBER}
    if name in vocabulary.numbers:
        return {"type": ["number", "boolean", "null"], **number}
    if vocabulary.takes_numbers(name):
        return {"type": ["string", "number", "boolean", "null"], "maxLength": LONGEST_TEXT, **number}
    return {"type": ["string", "null"], "maxLength": LONGEST_TEXT, "examples": sorted(vocabulary.levels[name])[:3]}


def _version() -> str:
    try:
        return version("perennial")
    except PackageNotFoundError:  # in a bento the project lies beside what is installed
        return "0"


def _schemas() -> dict[str, Any]:
    taken: list[tuple[type[BaseModel], JsonSchemaMode]] = [(r.takes, "validation") for r in ROUTES if r.takes]
    given: list[tuple[type[BaseModel], JsonSchemaMode]] = [(r.gives, "serialization") for r in ROUTES if r.gives]
    _, found = models_json_schema([*taken, *given, (ErrorBody, "serialization")], ref_template=REF)
    return dict(found["$defs"])


def _operation(route: Route, example: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "summary": route.summary,
        "operationId": route.path.strip("/").replace("/", "_"),
        "responses": {"200": _good(route, example)} | {status: _bad(status, why) for status, why in ERRORS.items()},
        "security": [] if route.is_open else [{"key": []}],
    }
    if route.takes:
        body = {"schema": _of(route.takes), "example": example.get("request")}
        said["requestBody"] = {"required": True, "content": {"application/json": body}}
    if route.asks:
        said["parameters"] = [_parameter(name, why, example["query"][name]) for name, why in route.asks.items()]
    return said


def _parameter(name: str, why: str, example: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 200}
    return {"name": name, "in": "query", "required": False, "description": why, "schema": schema, "example": example}


def _good(route: Route, example: Mapping[str, Any]) -> dict[str, Any]:
    if route.gives is None:
        return {"description": "it is so", "content": {"text/plain": {}}}
    content = {"schema": _of(route.gives), "example": example.get("response")}
    return {"description": "the answer", "content": {"application/json": content}}


def _bad(status: str, why: str) -> dict[str, Any]:
    return {"description": why, "content": {"application/json": {"schema": _of(ErrorBody)}}}


def _of(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REF.format(model=model.__name__)}
