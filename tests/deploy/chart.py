"""The Helm chart as Helm renders it."""

import subprocess
from pathlib import Path
from typing import Any, Final

import yaml

from tests.requirements import require_command

CHART: Final = Path(__file__).resolve().parents[2] / "deploy/helm/stream-detector"

_KUBERNETES: Final = "1.33.0"
"""Without a cluster to ask, and built from source, Helm takes an old one for granted."""

Resource = dict[str, Any]


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run helm."""
    return subprocess.run(
        [require_command("helm"), *arguments, "--kube-version", _KUBERNETES],
        capture_output=True,
        text=True,
        check=False,
    )


def template(values: Path | str, *more: str) -> subprocess.CompletedProcess[str]:
    """Render the chart with a file of ``ci/``, or another one."""
    file = CHART / f"ci/{values}-values.yaml" if isinstance(values, str) else values
    return helm("template", "mill-a", CHART, "-f", file, *more)


def rendered(values: Path | str, *more: str) -> list[Resource]:
    """Give the resources that the chart makes."""
    done = template(values, *more)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def of_kind(resources: list[Resource], kind: str) -> dict[str, Resource]:
    """Give the resources of a kind by their component, or by their name without one."""
    return {
        one["metadata"]["labels"]["app.kubernetes.io/component"]: one
        for one in resources
        if one["kind"] == kind
    }


def pods(resources: list[Resource]) -> dict[str, Resource]:
    """Give what is said of the pods, by component."""
    return {
        component: one["spec"]["template"]["spec"]
        for kind in ("Deployment", "Job")
        for component, one in of_kind(resources, kind).items()
    }


def containers(pod: Resource) -> list[Resource]:
    """Give a pod's containers, those that come first too."""
    return [*pod.get("initContainers", ()), *pod["containers"]]


def environment(container: Resource) -> dict[str, str]:
    """Give the variables of a container, but those whose value stands in a Secret."""
    return {one["name"]: one["value"] for one in container.get("env", ()) if "value" in one}
