"""Requests and answers as files: what clients were written against does not change by accident.

`golden/query/NAME.request.json` names the endpoint and holds the body; `NAME.answer.json` is the
answer, computed from `rows.json` by hand.
"""

import json
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

GOLDEN = Path(__file__).parent.parent / "golden" / "query"
NAMES = sorted(path.name.removesuffix(".request.json") for path in GOLDEN.glob("*.request.json"))


def test_there_are_golden_files() -> None:
    assert len(NAMES) >= 8
    answers = GOLDEN.glob("*.answer.json")
    assert sorted(path.name.removesuffix(".answer.json") for path in answers) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_the_golden_one(
    client: TestClient[Litestar], token: dict[str, str], name: str
) -> None:
    asked = json.loads((GOLDEN / f"{name}.request.json").read_text(encoding="utf-8"))
    answer = client.post(asked["endpoint"], json=asked["body"], headers=token)
    got = {"status": answer.status_code, "body": answer.json()}
    golden = json.loads((GOLDEN / f"{name}.answer.json").read_text(encoding="utf-8"))
    # As text, so that the order of keys and 1 against 1.0 count.
    assert json.dumps(got, indent=2) == json.dumps(golden, indent=2)
