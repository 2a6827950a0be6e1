"""The API's document is whole, and its examples are true."""

from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from bellrock.api.openapi import descriptions
from bellrock.api.services import PREFIX
from bellrock.query.metrics import catalogue
from bellrock.schema.dimensions import NAMES
from bellrock.schema.timers import VITALS

Client = TestClient[Litestar]


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{PREFIX}/openapi.json").json()
    return found


def test_every_route_is_documented(app: Litestar, document: dict[str, Any]) -> None:
    routes = descriptions(app)
    assert [place for place, of in routes.items() if of is None] == []
    documented = {
        (path, method.upper()) for path, item in document["paths"].items() for method in item
    }
    assert documented == set(routes)
    assert len(routes) == 15


def test_every_operation_says_what_it_is_for_and_has_examples(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["summary"], path
            assert operation["description"].endswith("."), path
            bodies = [*operation["responses"].values(), operation.get("requestBody", {})]
            for body in bodies:
                for content in body.get("content", {}).values():
                    assert content["example"] is not None, path
                    assert content["schema"], path


def test_examples_have_the_form_of_their_structs(app: Litestar) -> None:
    for (path, _), of in descriptions(app).items():
        assert of is not None
        if of.request is not None:
            body = msgspec.json.encode(of.request_example)
            asked = msgspec.json.decode(body, type=of.request, strict=True)
            assert msgspec.json.encode(asked) == body, path
        if of.answer is not None:
            body = msgspec.json.encode(of.answer_example)
            answer = msgspec.json.decode(body, type=of.answer, strict=True)
            assert msgspec.json.encode(answer) == body, path


def test_the_examples_of_queries_can_be_asked(
    app: Litestar, client: Client, token: dict[str, str]
) -> None:
    for (path, method), of in descriptions(app).items():
        assert of is not None
        if of.request is not None and of.answer is not None and not of.public:
            answer = client.request(method, path, json=of.request_example, headers=token)
            assert answer.status_code == 200, answer.text
            assert set(answer.json()) == set(of.answer_example)
            assert answer.json()["query"].keys() == of.answer_example["query"].keys()


def test_every_reference_has_its_schema(document: dict[str, Any]) -> None:
    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(references(inner) for inner in value.values()))
        if isinstance(value, list):
            return set().union(*(references(inner) for inner in value))
        return set()

    schemas = document["components"]["schemas"]
    assert references(document) == {f"#/components/schemas/{name}" for name in schemas}


def test_public_operations_say_so(document: dict[str, Any]) -> None:
    public = {
        path
        for path, item in document["paths"].items()
        for operation in item.values()
        if operation.get("security") == []
    }
    assert public == {f"{PREFIX}/{name}" for name in ("login", "health", "openapi.json")}


def test_the_catalogue_names_every_metric_and_dimension(
    client: Client, token: dict[str, str]
) -> None:
    found = client.get(f"{PREFIX}/metrics-catalogue", headers=token).json()
    names = {metric["name"] for metric in found["metrics"]}
    assert catalogue(VITALS).keys() < names
    assert all(metric["description"] for metric in found["metrics"])
    dimensions = [dimension["name"] for dimension in found["dimensions"]]
    assert dimensions == ["time:minute", "time:hour", "time:day", *NAMES]
    units = {metric["name"]: metric["unit"] for metric in found["metrics"]}
    assert (units["revenue"], units["lcp.p75"], units["cls.p75"]) == ("currency", "ms", "")
    assert (units["lcp.good"], units["hero.count"]) == ("share", "impressions")
