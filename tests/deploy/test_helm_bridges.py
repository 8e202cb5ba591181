"""Bridges in the Helm chart: each a pod with its files, its secrets and its journal."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream_detector.bridges.configuration import read_configuration
from stream_detector.bridges.joining.mapping import read_mapping
from stream_detector.connections.source_settings import read_source_settings
from tests.deploy.chart import CHART, environment, helm, of_kind, pods, rendered, template
from tests.deploy.test_helm_values import changed

MQTT, TAGS = "bridge-mill", "bridge-historian"


@pytest.mark.parametrize("component", [MQTT, TAGS])
def test_a_bridge_takes_the_files_that_it_is_given(component: str, tmp_path: Path) -> None:
    resources = rendered("everything")
    (program,) = pods(resources)[component]["containers"]
    for name, text in of_kind(resources, "ConfigMap")[component]["data"].items():
        (tmp_path / name).write_text(text)
    source, path = program["args"][1], Path(program["args"][2].removeprefix("--config="))
    (mount,) = [one for one in program["volumeMounts"] if one["name"] == "config"]

    configuration = read_configuration(tmp_path / path.name)

    configuration.check_against(read_mapping(configuration.mapping).machines)
    assert str(path.parent) == mount["mountPath"]
    table = configuration.kafka if source == "tags" else getattr(configuration, source)
    assert table is not None


def test_a_journal_stands_where_it_outlives_the_pod() -> None:
    resources = rendered("everything")
    found = pods(resources)
    claim = of_kind(resources, "PersistentVolumeClaim")[MQTT]
    (mount,) = [
        one for one in found[MQTT]["containers"][0]["volumeMounts"] if "journal" in str(one)
    ]
    (volume,) = [one for one in found[MQTT]["volumes"] if one["name"] == "journal"]
    deployment = of_kind(resources, "Deployment")[MQTT]["spec"]
    toml = of_kind(resources, "ConfigMap")[MQTT]["data"]["bridge.toml"]

    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert claim["spec"]["storageClassName"] == "fast"
    assert f'path = "{mount["mountPath"]}/' in toml
    # Two at once would be one too many.
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    assert "journal" not in json.dumps(found[TAGS])


def test_a_bridge_knows_kafka_and_its_source_and_nothing_else() -> None:
    found = pods(rendered("everything"))
    mqtt, tags = (environment(found[one]["containers"][0]) for one in (MQTT, TAGS))

    assert mqtt["DETECTOR_MQTT_USERNAME"] == "detector"
    assert {one for one in mqtt if "MQTT" in one} == {
        "DETECTOR_MQTT_USERNAME",
        "DETECTOR_MQTT_CA_FILE",
        "DETECTOR_MQTT_PASSWORD_FILE",
    }
    assert not [one for one in tags if "MQTT" in one]
    for told in (mqtt, tags):
        assert "DETECTOR_KAFKA_KEY_FILE" in told
        assert not [one for one in told if "REDIS" in one or "WEBHOOK" in one or "BUNDLE" in one]
    for component in ("worker", "console", "topics"):
        assert "MQTT" not in json.dumps(found[component])


def test_a_bridge_takes_the_settings_of_its_source(tmp_path: Path) -> None:
    (program,) = pods(rendered("everything"))[MQTT]["containers"]
    given = environment(program) | {"DETECTOR_MQTT_PASSWORD_FILE": str(tmp_path / "password")}
    (tmp_path / "password").write_text("of the broker")

    settings = read_source_settings(given)

    assert settings.mqtt_username == "detector"
    assert settings.mqtt_password is not None


def test_bridges_are_scraped_as_the_rules_and_their_dashboard_know_them() -> None:
    resources = rendered("everything")

    for component in (MQTT, TAGS):
        (endpoint,) = of_kind(resources, "ServiceMonitor")[component]["spec"]["endpoints"]
        (service,) = of_kind(resources, "Service")[component]["spec"]["ports"]
        assert endpoint["port"] == service["name"]
        assert endpoint["relabelings"] == [
            {"targetLabel": "job", "replacement": "stream-detector-bridges"}
        ]


def test_the_network_policy_lets_a_bridge_out_to_kafka_and_its_source() -> None:
    policies = of_kind(rendered("everything"), "NetworkPolicy")

    ports = {
        component: [
            one["port"] for rule in policies[component]["spec"]["egress"] for one in rule["ports"]
        ]
        for component in (MQTT, TAGS)
    }
    assert ports == {MQTT: [53, 53, 9093, 8883], TAGS: [53, 53, 9093]}


def test_a_change_of_its_files_starts_a_bridge_anew(tmp_path: Path) -> None:
    first, second = (
        of_kind(
            rendered(changed("everything", {"bridges.historian.config": config(one)}, tmp_path)),
            "Deployment",
        )
        for one in (1, 2)
    )

    assert first[TAGS]["spec"]["template"] != second[TAGS]["spec"]["template"]
    assert first[MQTT] == second[MQTT]


def config(number: int) -> dict[str, str]:
    return {
        "bridge.toml": f'name = "{number}"\nmapping = "tags.csv"\n[kafka]\ntopic = "plant.tags"\n',
        "tags.csv": "tag,machine\nPM4.SPEED,pm4\n",
    }


def with_registry(number: int) -> dict[str, str]:
    files = config(number)
    registry = '[format]\nkind = "avro"\n[format.registry]\nurl = "http://registry:8080"\n'
    return {**files, "bridge.toml": files["bridge.toml"] + registry}


def test_the_longest_names_fit(tmp_path: Path) -> None:
    longest = "a" * 20
    values = {f"bridges.{longest}": {"source": "tags", "config": config(1)}}

    done = helm("template", "r" * 53, CHART, "-f", changed("least", values, tmp_path))

    assert done.returncode == 0, done.stderr
    names = [one["metadata"]["name"] for one in yaml.safe_load_all(done.stdout) if one]
    assert max(map(len, names)) <= 63


def test_the_bridge_of_the_readme_is_taken(tmp_path: Path) -> None:
    text = (CHART / "README.md").read_text()
    block = text.partition("```yaml\nbridges:")[2].partition("```")[0]
    shown = yaml.safe_load(f"bridges:{block}")

    assert "bridge-mill" in pods(rendered(changed("least", shown, tmp_path)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mill.sauce": "mqtt"}, "'sauce' not allowed"),
        ({"mill.source": "mtqq"}, "'mqtt', 'opcua', 'tags'"),
        ({"Mill_2": {"source": "tags", "config": config(1)}}, "invalid propertyName 'Mill_2'"),
        ({"mill.config": {"mill.toml": "name"}}, "missing property 'bridge.toml'"),
        ({"mill.settings.DETECTOR_MQTT_PASSWORD": "x"}, "'DETECTOR_MQTT_PASSWORD' not allowed"),
        ({"mill.files.DETECTOR_REDIS_URL_FILE": {}}, "DETECTOR_REDIS_URL_FILE"),
        ({"mill.journal.size": "3"}, "/bridges/mill/journal/size"),
        ({"mill.journal": None}, "bridges.mill.journal is missing; give its size"),
        ({"mill.egress": None}, "bridges.mill.egress is empty, so the network policy keeps it"),
        ({"historian.config": with_registry(1)}, "keeps it from its registry of schemas"),
        ({"mill.settings": None}, "needs bridges.mill.settings.DETECTOR_MQTT_USERNAME"),
        ({"mill.source": "opcua"}, "source is opcua, but its bridge.toml has no table [opcua]"),
        ({"historian.source": "mqtt"}, "keeps its journal where nothing outlives the pod"),
        ({"historian.journal": {"size": "1Gi"}}, "of no use: Kafka itself keeps the tags"),
        (
            {"historian.config": {"bridge.toml": config(1)["bridge.toml"]}},
            "has no file tags.csv, which its bridge.toml names as mapping",
        ),
        (
            {"mill.files.DETECTOR_MQTT_PASSWORD_FILE": {"configMap": "plant", "key": "password"}},
            "is in a ConfigMap, which everybody may read",
        ),
    ],
)
def test_a_wrong_bridge_is_refused_and_named(
    changes: dict[str, Any], says: str, tmp_path: Path
) -> None:
    values = {f"bridges.{name}": value for name, value in changes.items()}

    done = template(changed("everything", values, tmp_path))

    assert done.returncode == 1
    assert says in done.stderr
