"""Settings of a job: from a file, or from the managed service."""

import json
from pathlib import Path

import pytest

from bellrock.errors import ConfigurationError
from bellrock.runners.flink import settings
from bellrock.runners.flink.settings import JobSettings, load_settings

NEEDED = {
    "log": "kafka://127.0.0.1:9092/beacons",
    "sites": "sites.toml",
    "store": "opensearch://127.0.0.1:9200",
    "claims": "claims",
    "marks": "marks",
    "progress": "progress",
    "checkpoints": "file:///checkpoints",
}
ROOT = Path(__file__).parents[3]


def written(path: Path, **changed: object) -> Path:
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in {**NEEDED, **changed}.items()]
    path.write_text("".join(lines))
    return path


def test_a_file_says_what_is_needed_and_the_rest_has_defaults(tmp_path: Path) -> None:
    found = load_settings(written(tmp_path / "job.toml", parallelism=4))
    assert (found.log, found.parallelism, found.slots) == (NEEDED["log"], 4, 8)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"parallelism": 129}, "parallelism is not 1 to 128"),
        ({"parallelism": 17}, "parallelism is 17, and there are 16 lanes"),
        ({"lanes": 129}, "lanes is not 1 to 128"),
        ({"flush_seconds": 11}, "flush_seconds is not"),
        ({"colour": "red"}, "colour"),
        ({"log": 7}, "log"),
    ],
)
def test_what_is_wrong_is_refused_with_its_name(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load_settings(written(tmp_path / "job.toml", **changed))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"job\.toml: cannot be read"):
        load_settings(tmp_path / "job.toml")


def test_the_managed_service_gives_properties_which_are_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = [
        {"PropertyGroupId": "bellrock", "PropertyMap": {**NEEDED, "parallelism": "3"}},
        {"PropertyGroupId": "bellrock.consumer", "PropertyMap": {"security.protocol": "SSL"}},
        {"PropertyGroupId": "kinesis.analytics.flink.run.options", "PropertyMap": {"python": "m"}},
    ]
    file = tmp_path / "application_properties.json"
    file.write_text(json.dumps(groups))
    monkeypatch.setattr(settings, "MANAGED", file)
    found = load_settings(None)
    assert found.parallelism == 3
    assert found.consumer == {"security.protocol": "SSL"}


def test_every_setting_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "guide" / "flink.md").read_text()
    for name in JobSettings.__struct_fields__:
        assert f"`{name}`" in guide or f"`[{name}]`" in guide, name
