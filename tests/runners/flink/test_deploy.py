"""Files for other people's clusters: of the right form, and of one mind with the rest."""

import re
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from cfnlint import api
from cfnlint.core import get_rules

from bellrock.errors import ConfigurationError
from bellrock.runners.flink import package
from bellrock.runners.flink.home import WORKER_JAVA
from bellrock.runners.flink.package import write_application, write_code
from bellrock.runners.flink.settings import JobSettings
from runners.flink.jobs import no_flink

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy" / "flink"
FLINK = "2.2.1"


def test_the_template_of_the_managed_service_is_one_that_cloudformation_takes() -> None:
    text = (DEPLOY / "managed-service.yaml").read_text()
    # The list of runtimes that comes with the linter ends before Flink 2.
    found = api.lint(text.replace("FLINK-2_2", "FLINK-1_20"), get_rules([], [], ["I", "W", "E"]))
    assert not [str(match) for match in found]


def test_the_settings_in_the_template_are_those_of_a_job() -> None:
    text = (DEPLOY / "managed-service.yaml").read_text()
    group = text[text.index("PropertyGroupId: bellrock") :]
    named = set(re.findall(r"^ {16}(\w+):", group, re.MULTILINE))
    needed = {"log", "sites", "store", "claims", "marks", "progress"}
    assert needed <= named <= set(JobSettings.__struct_fields__)


def test_the_deployment_for_kubernetes_names_what_is_there() -> None:
    found = yaml.safe_load((DEPLOY / "kubernetes.yaml").read_text())
    assert (found["apiVersion"], found["kind"]) == ("flink.apache.org/v1beta1", "FlinkDeployment")
    module = found["spec"]["job"]["args"][-2]
    assert (ROOT / "src" / Path(*module.split("."))).with_suffix(".py").is_file()
    told = found["spec"]["flinkConfiguration"]
    assert told["taskmanager.numberOfTaskSlots"] == "1"
    assert told["env.java.opts.taskmanager"] == WORKER_JAVA, "as clusters of one machine have it"


def test_all_speak_of_one_version_of_flink() -> None:
    locked = (ROOT / "requirements" / "flink.txt").read_text()
    assert f"apache-flink=={FLINK} " in locked
    assert f"FROM flink:{FLINK}-java17" in (DEPLOY / "Dockerfile").read_text()
    assert f"flink-python-{FLINK}.jar" in (DEPLOY / "kubernetes.yaml").read_text()
    minor = FLINK.rpartition(".")[0]
    assert f"<version>5.0.0-{minor}</version>" in (DEPLOY / "pom.xml").read_text()
    assert f"FLINK-{minor.replace('.', '_')}" in (DEPLOY / "managed-service.yaml").read_text()


@no_flink
def test_the_archive_has_the_code_its_version_and_what_is_put_beside_it(tmp_path: Path) -> None:
    sites = tmp_path / "shops.toml"
    sites.write_text("")
    for name in ("one.zip", "two.zip"):
        write_application(tmp_path / name, {"sites.toml": sites})
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        names = archive.namelist()
        compile(archive.read("main.py"), "main.py", "exec")
    assert {"main.py", "sites.toml", "bellrock/runners/flink/job.py"} <= set(names)
    assert f"bellrock-{version('bellrock')}.dist-info/METADATA" in names
    assert [name for name in names if "assets" in name] == ["bellrock/assets/flink/gather.jar"]
    assert not [name for name in names if "__pycache__" in name]


@no_flink
def test_the_code_alone_can_be_imported_from_its_archive(tmp_path: Path) -> None:
    import subprocess
    import sys

    write_code(tmp_path / "code.zip")
    told = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        " import bellrock, bellrock.runners.flink.session; print(bellrock.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", told, str(tmp_path / "code.zip")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "code.zip" in done.stdout


def test_code_without_the_operator_of_java_is_not_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "GATHER", "assets/flink/none.jar")
    with pytest.raises(ConfigurationError, match=r"none\.jar: is not there.*make flink"):
        write_code(tmp_path / "code.zip")


def test_a_job_in_kinesis_needs_the_connector() -> None:
    jars = list((ROOT / ".make" / "flink" / "kinesis").glob("*.jar"))
    if not jars:
        pytest.skip(
            "the connector for Kinesis is not to be had from this machine's mirror of Maven"
        )
    names = [name for jar in jars for name in zipfile.ZipFile(jar).namelist()]
    assert "org/apache/flink/connector/kinesis/source/KinesisStreamsSource.class" in names
