"""Where a search store is, and what is shown of it."""

import pytest

from bellrock.config import Config
from bellrock.errors import ConfigurationError
from bellrock.store.search.client import parse_cluster


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("opensearch://search.local", ("search.local", 9200, False, "bellrock")),
        ("elasticsearch://127.0.0.1:19200/shops-1", ("127.0.0.1", 19200, False, "shops-1")),
        ("opensearchs://h:443", ("h", 443, True, "bellrock")),
        ("elasticsearch://h?tls=1", ("h", 9200, True, "bellrock")),
    ],
)
def test_a_url_says_where_the_cluster_is(url: str, expected: tuple[object, ...]) -> None:
    assert tuple(parse_cluster(url))[:4] == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "opensearch://",
        "opensearch://h:port",
        "opensearch://h/A",
        "opensearch://h?tsl=1",
    ],
)
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="the setting store"):
        parse_cluster(url)


def test_a_password_is_never_shown() -> None:
    url = "opensearchs://writer:s3cret@h:443/shops"
    cluster = parse_cluster(url)
    assert cluster.login is not None
    assert cluster.login.password.reveal() == "s3cret"
    config = Config(store=url)
    for shown in (repr(cluster), repr(config), str(config), str(config.shown())):
        assert "s3cret" not in shown
    assert config.shown()["store"] == "opensearchs://writer:***@h:443/shops"
    with pytest.raises(ConfigurationError) as told:
        parse_cluster("opensearch://writer:s3cret@h/BAD")
    assert "s3cret" not in str(told.value)
