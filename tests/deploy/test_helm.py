"""The Helm chart: hardened, without a secret in it, and wrong values are refused."""

import base64
import inspect
import json
import re
from pathlib import Path

import pytest
import yaml

from stream_detector.connections import health_pages
from stream_detector.connections.environment import PREFIX
from stream_detector.connections.settings import Settings, read_settings
from tests.deploy.chart import (
    CHART,
    containers,
    environment,
    helm,
    of_kind,
    pods,
    rendered,
)
from tests.deploy.reference import VARIABLES

VALUES = ["least", "secured", "everything"]


@pytest.mark.parametrize("values", VALUES)
def test_helm_finds_nothing_to_say_of_the_chart(values: str) -> None:
    done = helm("lint", "--strict", CHART, "-f", CHART / f"ci/{values}-values.yaml")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 chart(s) linted, 0 chart(s) failed" in done.stdout


@pytest.mark.parametrize("values", VALUES)
def test_every_container_is_hardened(values: str) -> None:
    for pod in pods(rendered(values)).values():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("values", VALUES)
def test_all_that_is_mounted_is_there_and_only_tmp_can_be_written(values: str) -> None:
    for pod in pods(rendered(values)).values():
        volumes = {one["name"] for one in pod["volumes"]}
        for container in containers(pod):
            mounts = container["volumeMounts"]
            writable = {one["name"] for one in mounts if not one.get("readOnly")}
            assert {one["name"] for one in mounts} <= volumes
            # A first model is copied to where it is read; rows wait for Kafka in a journal.
            further = {"first-model": {"models"}, "bridge": volumes & {"journal"}}
            assert writable == {"tmp"} | further.get(container["name"], set())


@pytest.mark.parametrize("values", VALUES)
def test_the_programs_are_told_only_settings_there_are(values: str) -> None:
    for pod in pods(rendered(values)).values():
        for container in containers(pod):
            names = {one for one in environment(container) if one.startswith(PREFIX)}
            assert names - VARIABLES == set()


@pytest.mark.parametrize("values", VALUES)
def test_the_programs_take_the_settings_that_they_are_given(values: str, tmp_path: Path) -> None:
    #  what is mounted in a pod stands in a folder here
    for pod in pods(rendered(values)).values():
        (program,) = pod["containers"]
        given = {
            name: value.replace("/etc/stream-detector", str(tmp_path))
            for name, value in environment(program).items()
            if not name.endswith(("CA_FILE", "CERTIFICATE_FILE", "KEY_FILE"))
        }
        for name, value in given.items():
            if name.endswith("_FILE"):
                Path(value).write_text(_secret(name))
        assert isinstance(read_settings(given), Settings)


def _secret(name: str) -> str:
    if name == "DETECTOR_WEBHOOK_SECRET_FILE":
        return base64.b64encode(bytes(32)).decode()
    return "rediss://redis" if name.endswith("REDIS_URL_FILE") else "https://example.com"


def test_secrets_are_mounted_from_where_they_are_kept_and_nowhere_else() -> None:
    pod = pods(rendered("secured"))["worker"]
    (files,) = [one for one in pod["volumes"] if one["name"] == "files"]
    (mount,) = [one for one in pod["containers"][0]["volumeMounts"] if one["name"] == "files"]
    told = environment(pod["containers"][0])

    sources = files["projected"]["sources"]
    assert {
        "secret": {
            "name": "stream-detector-kafka",
            "items": [{"key": "password", "path": "DETECTOR_KAFKA_PASSWORD_FILE"}],
        }
    } in sources
    for (source,) in (one.values() for one in sources):
        (item,) = source["items"]
        assert told[item["path"]] == f"{mount['mountPath']}/{item['path']}"
    assert len(sources) == 4


def test_the_page_finds_the_models_where_the_workers_do() -> None:
    found = pods(rendered("everything"))
    (worker,), (console,) = (found[one]["containers"] for one in ("worker", "console"))

    assert environment(console)["DETECTOR_BUNDLES"] == "s3://mill/models"
    assert environment(console)["AWS_ENDPOINT_URL"] == "https://objects.example.com"
    assert console["envFrom"] == worker["envFrom"]


def test_only_the_worker_is_given_the_secrets_of_those_who_are_told() -> None:
    found = pods(rendered("everything"))

    assert found.keys() >= {"worker", "console", "topics", "bridge-mill"}
    for component, pod in found.items():
        assert ("DETECTOR_WEBHOOK_SECRET_FILE" in json.dumps(pod)) is (component == "worker")


def test_what_libraries_read_themselves_is_given_to_those_who_need_it() -> None:
    found = pods(rendered("everything"))

    for component, pod in found.items():
        (program,) = pod["containers"]
        told = environment(program)
        assert told["SSL_CERT_FILE"] == "/etc/stream-detector/SSL_CERT_FILE"
        headers = [one["valueFrom"] for one in program["env"] if "valueFrom" in one]
        if component == "worker":
            assert told["OTEL_TRACES_SAMPLER"] == "traceidratio"
            assert told["OTEL_TRACES_SAMPLER_ARG"] == "0.01"
            assert headers == [{"secretKeyRef": {"name": "detector-traces", "key": "headers"}}]
        else:
            assert "OTEL_" not in json.dumps(pod)
        # Nobody reads it from a file.
        assert "OTEL_" not in json.dumps(pod["volumes"])


def test_probes_and_ports_are_those_of_the_programs() -> None:
    found = pods(rendered("everything"))
    (worker,), (console,) = (found[one]["containers"] for one in ("worker", "console"))
    served = inspect.getsource(health_pages)

    assert worker["ports"] == [{"name": "http", "containerPort": 8080}]
    assert environment(worker)["DETECTOR_HEALTH_PORT"] == "8080"
    for probe, path in (
        ("liveness", "/healthz"),
        ("readiness", "/readyz"),
        ("startup", "/healthz"),
    ):
        assert worker[f"{probe}Probe"]["httpGet"] == {"path": path, "port": "http"}
        assert f'add_get("{path}"' in served
    assert "--port=8321" in console["args"]
    assert console["ports"] == [{"name": "http", "containerPort": 8321}]
    page = console["livenessProbe"]["httpGet"]
    assert page["httpHeaders"] == [{"name": "Host", "value": "alerts.example.com"}]


@pytest.mark.parametrize("values", VALUES)
def test_what_selects_pods_selects_those_it_means(values: str) -> None:
    resources = rendered(values)
    workloads = {**of_kind(resources, "Deployment"), **of_kind(resources, "Job")}
    labels = {
        component: one["spec"]["template"]["metadata"]["labels"].items()
        for component, one in workloads.items()
    }

    for kind in ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"):
        for component, one in of_kind(resources, kind).items():
            spec = one["spec"]
            selector = spec.get("selector") or spec["podSelector"]
            wanted = selector.get("matchLabels", selector).items()
            assert [name for name, has in labels.items() if wanted <= has] == [component]


def test_keda_scales_by_the_lag_of_the_group_up_to_the_number_of_partitions() -> None:
    resources = rendered("everything")
    spec = of_kind(resources, "ScaledObject")["worker"]["spec"]
    worker = of_kind(resources, "Deployment")["worker"]

    assert spec["scaleTargetRef"]["name"] == worker["metadata"]["name"]
    assert "replicas" not in worker["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (3, 48)
    assert spec["triggers"] == [
        {
            "type": "kafka",
            "metadata": {
                "bootstrapServers": "kafka-0:9093,kafka-1:9093",
                "consumerGroup": "mill-a",
                "topic": "sensor.readings",
                "lagThreshold": "33000",
                "offsetResetPolicy": "earliest",
            },
            "authenticationRef": {"name": "detector-kafka"},
        }
    ]


def test_the_network_policy_lets_out_to_what_is_named_and_no_further() -> None:
    policies = of_kind(rendered("everything"), "NetworkPolicy")
    spec = policies["worker"]["spec"]

    ports = [one["port"] for rule in spec["egress"] for one in rule["ports"]]
    #  names, Kafka, Redis, and what the values say besides
    assert ports == [53, 53, 9093, 6380, 443]
    (let_in,) = spec["ingress"]
    assert let_in["ports"] == [{"protocol": "TCP", "port": 8080}]
    assert "monitoring" in json.dumps(let_in["from"])
    assert policies["topics"]["spec"]["ingress"] == []


def test_prometheus_and_grafana_get_what_stands_in_their_folders() -> None:
    resources = rendered("everything")
    deploy = CHART.parents[1]

    rules = yaml.safe_load((deploy / "prometheus/rules.yml").read_text())
    assert of_kind(resources, "PrometheusRule")["worker"]["spec"] == rules
    monitor = of_kind(resources, "ServiceMonitor")["worker"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["endpoints"][0]["relabelings"] == [
        {"targetLabel": "job", "replacement": "stream-detector"}
    ]
    dashboards = of_kind(resources, "ConfigMap")["worker"]["data"]
    assert dashboards.keys() == {"stream-detector.json", "stream-detector-bridges.json"}
    for name, dashboard in dashboards.items():
        assert json.loads(dashboard) == json.loads((deploy / "grafana" / name).read_text())


def test_the_chart_has_the_version_of_the_package() -> None:
    project = (CHART.parents[2] / "pyproject.toml").read_text()
    (version,) = re.findall(r'^version = "(.+)"$', project, flags=re.M)
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert (chart["version"], chart["appVersion"]) == (version, version)
