"""Values with which no pod could work are refused by Helm, and what is wrong is named."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.chart import CHART, rendered, template


def changed(values: str, changes: dict[str, Any], folder: Path) -> Path:
    """Write a file of ``ci/`` anew, with other values; None takes one away."""
    found = yaml.safe_load((CHART / f"ci/{values}-values.yaml").read_text())
    for name, value in changes.items():
        *path, last = name.split(".")
        part = found
        for key in path:
            part = part.setdefault(key, {})
        if value is None:
            del part[last]
        else:
            part[last] = value
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(found))
    return file


@pytest.mark.parametrize(
    "setting", ["DETECTOR_KAFKA_PASSWORD", "DETECTOR_WEBHOOK_SECRET", "DETECTOR_REDIS_PASSWORD"]
)
def test_a_secret_among_the_values_is_refused(setting: str) -> None:
    done = template("least", "--set", f"settings.{setting}=hunter2")

    assert done.returncode == 1
    assert f"'{setting}' not allowed" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_password_in_the_address_of_redis_is_refused() -> None:
    done = template("least", "--set", "settings.DETECTOR_REDIS_URL=redis://user:hunter2@redis")

    assert done.returncode == 1
    assert "/settings/DETECTOR_REDIS_URL" in done.stderr


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("worker.replica=3", "'replica' not allowed"),
        ("settings.DETECTOR_MAX_BACH=3", "'DETECTOR_MAX_BACH' not allowed"),
        ("settings.DETECTOR_MAX_BATCH=20000", "/settings/DETECTOR_MAX_BATCH"),
        ("settings.DETECTOR_PUBLISHED_SCORES=some", "'all', 'alarm', 'none'"),
        ("files.DETECTOR_RULES.secret=rules", "missing property 'key'"),
        ("files.DETECTOR_GROUP.secret=rules", "DETECTOR_GROUP"),
        ("settings.OTEL_TRACES_SAMPLER=some", "'traceidratio'"),
        ("settings.OTEL_TRACES_SAMPLER_ARG=1%", "/settings/OTEL_TRACES_SAMPLER_ARG"),
        ("settings.OTEL_EXPORTER_OTLP_HEADERS=key=x", "'OTEL_EXPORTER_OTLP_HEADERS' not allowed"),
        ("models.url=s3://mill/models", "models.claim and models.url are both set"),
        ("models.first=../../etc", "/models/first"),
        ("worker.replicas=9", "more workers than partitions (8) are idle"),
        ("console.enabled=true", "give console.url"),
        ("console.url=http://alerts.example.com", "/console/url"),
        ("console.timeZone=UTC+2", "/console/timeZone"),
        ("settings.DETECTOR_BROKER=kafka", "/settings/DETECTOR_BROKER"),
        ("settings.DETECTOR_MAX_BATCH=0", "/settings/DETECTOR_MAX_BATCH"),
        ("image.repository=example.com/stream-detector:worker-1", "/image/repository"),
        ("worker.autoscaling.maxReplicas=4", "'maxReplicas' not allowed"),
        ("worker.podDisruptionBudget.maxUnavailable=0%", "/maxUnavailable"),
        ("worker.resources.limits.memory=384m", "/worker/resources/limits/memory"),
        ("console.resources.limits.memory=384", "/console/resources/limits/memory"),
        ("worker.resources.requests.cpu=1Gi", "/worker/resources/requests/cpu"),
        ("monitoring.serviceMonitor.interval=0s", "/monitoring/serviceMonitor/interval"),
        ("models.credentialsSecret=store", "for a store at models.url, and models.claim is none"),
        ("console.ingress.enabled=true", "there is no console; set console.enabled"),
        (
            "worker.autoscaling.enabled=true,worker.autoscaling.minReplicas=9",
            "minReplicas is 9, but more workers than partitions (8) are idle",
        ),
    ],
)
def test_a_wrong_value_is_refused_and_named(wrong: str, says: str) -> None:
    done = template("least", "--set", wrong)

    assert done.returncode == 1
    assert says in done.stderr


@pytest.mark.parametrize(
    "right",
    [
        "settings.DETECTOR_BROKER=kafka://[fe80::1]:9092",
        "settings.DETECTOR_BROKER=kafka-0:9092\\, kafka-1:9092",
        "image.repository=registry:5000/plant/stream-detector",
        "console.timeZone=Etc/GMT+2",
        "settings.OTEL_TRACES_SAMPLER_ARG=0.01",
        "worker.resources.requests.cpu=0.5",
        "worker.resources.limits.memory=1.5Gi",
        # The number of workers is not used then, and need not be less.
        "partitions=1,worker.autoscaling.enabled=true,worker.autoscaling.minReplicas=1",
        "networkPolicy.enabled=true",
        "networkPolicy.enabled=true,settings.DETECTOR_REDIS_URL=redis://valkey",
    ],
)
def test_a_right_value_is_not_refused(right: str) -> None:
    assert rendered("least", "--set", right)


Changes = dict[str, Any]
CONFIG_MAP = {"configMap": "plant", "key": "of-it"}
SECRET = {"secret": "plant", "key": "of-it"}


@pytest.mark.parametrize(
    ("values", "changes", "says"),
    [
        (
            "least",
            {"files.DETECTOR_REDIS_URL_FILE": SECRET},
            "settings.DETECTOR_REDIS_URL and files.DETECTOR_REDIS_URL_FILE are both set",
        ),
        (
            "least",
            {"files.DETECTOR_REDIS_CA_FILE": CONFIG_MAP},
            "settings.DETECTOR_REDIS_URL does not begin with rediss://",
        ),
        (
            "secured",
            {"files.DETECTOR_REDIS_URL_FILE": CONFIG_MAP},
            "files.DETECTOR_REDIS_URL_FILE is in a ConfigMap, which everybody may read",
        ),
        (
            "least",
            {"files.OTEL_EXPORTER_OTLP_HEADERS": CONFIG_MAP},
            "files.OTEL_EXPORTER_OTLP_HEADERS is in a ConfigMap, which everybody may read",
        ),
        (
            "everything",
            {"files.DETECTOR_KAFKA_KEY_FILE": None},
            "files.DETECTOR_KAFKA_CERTIFICATE_FILE and files.DETECTOR_KAFKA_KEY_FILE go together",
        ),
        (
            "everything",
            {"files.DETECTOR_WEBHOOK_SECRET_FILE": None},
            "files.DETECTOR_WEBHOOK_URL_FILE and files.DETECTOR_WEBHOOK_SECRET_FILE go together",
        ),
        (
            "everything",
            {"settings.DETECTOR_KAFKA_SECURITY_PROTOCOL": None},
            "are for TLS, but settings.DETECTOR_KAFKA_SECURITY_PROTOCOL is PLAINTEXT",
        ),
        (
            "secured",
            {"settings.DETECTOR_KAFKA_SASL_MECHANISM": None},
            "SASL_SSL needs settings.DETECTOR_KAFKA_SASL_MECHANISM",
        ),
        (
            "secured",
            {"settings.DETECTOR_KAFKA_SECURITY_PROTOCOL": "SSL"},
            "DETECTOR_KAFKA_SASL_MECHANISM is set, but settings.DETECTOR_KAFKA_SECURITY_PROTOCOL",
        ),
        (
            "secured",
            {"files.DETECTOR_KAFKA_PASSWORD_FILE": None},
            "SCRAM-SHA-512 needs settings.DETECTOR_KAFKA_USERNAME and files.DETECTOR_KAFKA_PASSW",
        ),
        (
            "least",
            {"settings.DETECTOR_KAFKA_USERNAME": "detector"},
            "files.DETECTOR_KAFKA_PASSWORD_FILE need settings.DETECTOR_KAFKA_SASL_MECHANISM",
        ),
        (
            "secured",
            {"settings.DETECTOR_KAFKA_SASL_MECHANISM": "OAUTHBEARER"},
            "OAUTHBEARER needs either settings.DETECTOR_KAFKA_TOKEN_URL",
        ),
        (
            "secured",
            {"worker.autoscaling.enabled": True},
            "SASL_SSL, so KEDA needs worker.autoscaling.triggerAuthentication",
        ),
        (
            "secured",
            {"networkPolicy.enabled": True},
            "networkPolicy.kafka.ports lets nobody out to port 9093 of settings.DETECTOR_BROKER",
        ),
        (
            "everything",
            {"networkPolicy.redis.ports": [6379]},
            "networkPolicy.redis.ports lets nobody out to port 6380 of settings.DETECTOR_REDIS_URL",
        ),
        (
            "everything",
            {"networkPolicy.egress": None},
            "out to models.url, settings.DETECTOR_TRACES_URL, files.DETECTOR_WEBHOOK_URL_FILE; say",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_before_a_pod_starts(
    values: str, changes: Changes, says: str, tmp_path: Path
) -> None:
    done = template(changed(values, changes, tmp_path))

    assert done.returncode == 1
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("- ")]
    assert says in said


def test_all_that_does_not_go_together_is_said_at_once() -> None:
    done = template("secured", "--set", "worker.replicas=9,networkPolicy.enabled=true,models.url=")

    assert done.returncode == 1
    assert done.stderr.count("\n- ") == 2


@pytest.mark.parametrize(
    ("part", "name", "says"),
    [
        ("settings", "DETECTOR_BROKER", "missing property 'DETECTOR_BROKER'"),
        ("settings", "DETECTOR_REDIS_URL", "the worker needs Redis"),
        ("models", "first", "at '/models/first': ''"),
        ("models", "claim", "say where the models stand"),
    ],
)
def test_what_has_no_default_is_asked_for(part: str, name: str, says: str, tmp_path: Path) -> None:
    done = template(changed("least", {f"{part}.{name}": None}, tmp_path))

    assert done.returncode == 1
    assert says in done.stderr
