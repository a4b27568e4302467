"""The OpenAPI document against the application that it describes."""

import copy
from typing import Any

import jsonschema_rs
import pytest

from serving.api import SHOWN, api
from serving.errors import STATUS
from serving.openapi import ERRORS, ROUTES, document, document_of

WITH_JSON = [route for route in ROUTES if route.gives]


def _operation(path: str) -> dict[str, Any]:
    (operation,) = document()["paths"][path].values()
    return dict(operation)


def _given(operation: dict[str, Any]) -> dict[str, Any]:
    return dict(operation["responses"]["200"]["content"]["application/json"])


def _check(schema: dict[str, Any], value: Any) -> None:
    jsonschema_rs.Draft202012Validator(schema | {"components": document()["components"]}).validate(value)


def _ask(client: Any, path: str) -> Any:
    operation = _operation(path)
    if "requestBody" in operation:
        return client.post(path, json=operation["requestBody"]["content"]["application/json"]["example"])
    return client.get(path, params={asked["name"]: asked["example"] for asked in operation.get("parameters", [])})


def test_the_application_shows_the_document_and_in_it_the_features_that_the_champion_reads(client: Any) -> None:
    shown, plain = client.get("/docs.json").json(), copy.deepcopy(document())
    features = shown["components"]["schemas"].pop("PredictRequestOfChampion")["properties"]["features"]["anyOf"][0]
    asked = [said["paths"]["/predict"]["post"].pop("requestBody") for said in (shown, plain)]
    assert shown == plain
    schema = asked[0]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/PredictRequestOfChampion"}
    assert {"seats", "plan", "is_partner", "nps_last"} <= features["properties"].keys()
    assert features["additionalProperties"] is False
    assert features["properties"]["seats"]["type"] == ["number", "boolean", "null"]
    assert "number" not in features["properties"]["plan"]["type"]
    assert "number" in features["properties"]["is_partner"]["type"]


def test_before_there_is_a_release_any_feature_may_be_sent() -> None:
    assert document_of(None) == document()


def test_the_document_tells_the_parameters_that_a_route_takes() -> None:
    told = {route.path: list(route.asks or {}) for route in ROUTES if route.path.startswith("/api/")}
    assert told == {f"/api{path}": list(asks) for path, (_, asks) in SHOWN.items()}


def test_every_route_is_in_the_document() -> None:
    from serving.service import Perennial

    predicting = {method.route for method in Perennial.apis.values()}
    showing = {f"/api{route.path}" for route in api(lambda: None).routes}  # type: ignore[attr-defined,arg-type,return-value]
    assert predicting | showing | {"/readyz"} == {route.path for route in WITH_JSON}


@pytest.mark.parametrize("path", [route.path for route in WITH_JSON])
def test_examples_are_as_their_schemas_say(path: str) -> None:
    operation = _operation(path)
    given = _given(operation)
    _check(given["schema"], given["example"])
    if body := operation.get("requestBody"):
        taken = body["content"]["application/json"]
        _check(taken["schema"], taken["example"])


@pytest.mark.parametrize("path", [route.path for route in WITH_JSON])
def test_what_an_example_asks_is_answered_as_the_schema_says(client: Any, path: str) -> None:
    reply = _ask(client, path)
    assert reply.status_code == 200, reply.text
    _check(_given(_operation(path))["schema"], reply.json())


@pytest.mark.parametrize("route", WITH_JSON, ids=lambda route: route.path)
def test_an_answer_holds_nothing_that_its_schema_does_not_tell(client: Any, route: Any) -> None:
    reply = _ask(client, route.path)
    assert route.gives.model_validate_json(reply.content).model_dump(mode="json") == reply.json()


@pytest.mark.parametrize("route", [route for route in WITH_JSON if route.takes], ids=lambda route: route.path)
def test_an_error_is_as_its_schema_says(client: Any, route: Any) -> None:
    for body in (b"{", b"[]", b'{"account_id": 1}', b'{"accounts": []}'):
        reply = client.post(route.path, content=body, headers={"content-type": "application/json"})
        answers = _operation(route.path)["responses"][str(reply.status_code)]["content"]["application/json"]
        _check(answers["schema"], reply.json())


def test_every_status_of_a_refusal_is_told() -> None:
    assert {str(status) for status in STATUS.values()} <= set(ERRORS)


def test_every_field_of_an_answer_that_is_not_plain_is_described() -> None:
    schemas = document()["components"]["schemas"]
    assert {"Prediction", "Drivers", "Segments", "Figures", "JourneysTold", "ErrorBody", "PredictRequest"} <= set(
        schemas
    )
    assert "null" in str(schemas["Prediction"]["properties"]["account_id"])


def test_the_document_itself_is_of_openapi_3_1(client: Any) -> None:
    said = document()
    assert said["openapi"] == "3.1.0"
    ids = [operation["operationId"] for path in said["paths"].values() for operation in path.values()]
    assert len(set(ids)) == len(ids)
    assert all("security" in operation for path in said["paths"].values() for operation in path.values())
