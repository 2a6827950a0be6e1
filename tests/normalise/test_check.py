"""What people are told of their beacons: the normaliser's issues, in words, and nothing that they may not see."""

import pickle
from typing import Any

import msgspec
import pytest

from bellrock.normalise.check import BeaconCheck, Finding
from bellrock.schema.issue import Issue
from bellrock.schema.site import Site
from bellrock.schema.site import Test as Split

SITE = Site(
    key="shop-a",
    currency="EUR",
    order_key=b"secret-" * 4,
    timers=("hero",),
    tests=(Split(name="speed", control="A", groups={"A": 0.5, "B": 0.5}),),
)
GOOD: dict[str, Any] = {
    "v": 1,
    "site": "shop-a",
    "session": "k3o9XWq0aPz1L7dTn4RyUw",
    "impression": "Zt6mB2cJ8sVf0QhE5gKxNA",
    "seq": 0,
    "type": "load",
}


def line(**changed: Any) -> bytes:
    return msgspec.json.encode({"at": 0, "gpc": False, "beacon": GOOD | changed})


def found(*lines: bytes) -> list[list[Finding]]:
    return BeaconCheck({"shop-a": SITE})(lines)


def test_a_good_beacon_has_no_issue() -> None:
    timers, test = {"hero": 1.5, "lcp": 900}, {"name": "speed", "group": "B"}
    assert found(line(timers=timers, test=test, unknown={"field": 1})) == [[]]


@pytest.mark.parametrize(
    ("sent", "issue", "fatal", "detail"),
    [
        (b'{"at":0,"raw":"hello"}', Issue.MALFORMED, True, ""),
        (line(v=2), Issue.VERSION, True, "$.v"),
        (line(seq=64), Issue.SCHEMA, True, "$.seq"),
        (line(type="click"), Issue.SCHEMA, True, "$.type"),
        (line(session="short"), Issue.SCHEMA, True, "session does not match"),
        (line(impression="with spaces in it"), Issue.SCHEMA, True, "impression does not match"),
        (line(site="shop-b"), Issue.SITE_UNKNOWN, True, ""),
        (line(page={"url": "x" * 2049}), Issue.FIELD, False, "$.page.url"),
        (line(timers={"lcp": -1}), Issue.TIMER_RANGE, False, ""),
        (line(timers={"villain": 1}), Issue.TIMER_UNDECLARED, False, ""),
        (line(test={"name": "speed", "group": "C"}), Issue.TEST_UNDECLARED, False, ""),
        (
            line(type="order", order={"id": "1", "value": 1, "currency": "USD"}),
            Issue.ORDER_CURRENCY,
            False,
            "",
        ),
    ],
)
def test_every_issue_of_a_line_alone_has_words_and_says_where(
    sent: bytes, issue: Issue, fatal: bool, detail: str
) -> None:
    ((finding,),) = found(sent)
    assert (finding.code, finding.fatal) == (issue, fatal)
    assert finding.meaning
    assert finding.advice.endswith(".")
    assert detail in finding.detail
    assert bool(finding.detail) == bool(detail)


def test_each_line_has_its_own_findings_and_a_line_may_have_several() -> None:
    both = line(timers={"lcp": -1, "villain": 1})
    codes = [[each.code for each in findings] for findings in found(line(), both, line(v=3))]
    assert codes == [[], [Issue.TIMER_RANGE, Issue.TIMER_UNDECLARED], [Issue.VERSION]]


def test_a_field_that_is_not_known_is_no_detail_of_another_mistake() -> None:
    ((finding,),) = found(line(aaa=1, browser={"width": 7}))
    assert (finding.code, finding.detail) == (Issue.FIELD, "")


def test_a_site_is_found_where_only_an_exact_reader_finds_it() -> None:
    lone = line(event={"name": "x"}).replace(b'"x"', b'"\\ud800"')
    ((finding,),) = found(lone)
    assert finding.code == Issue.FIELD


def test_it_follows_the_declarations_and_forgets_what_it_was_asked() -> None:
    sites: dict[str, Site] = {}
    check = BeaconCheck(sites)
    assert [each.code for each in check([line()])[0]] == [Issue.SITE_UNKNOWN]
    sites["shop-a"] = SITE
    assert check([line()]) == [[]]
    del sites["shop-a"]
    assert [each.code for each in check([line()])[0]] == [Issue.SITE_UNKNOWN]


def test_it_can_be_sent_to_another_process_and_shows_no_key() -> None:
    check = BeaconCheck({"shop-a": SITE})
    assert pickle.loads(pickle.dumps(check))([line()]) == [[]]
    assert "secret" not in repr(check)
