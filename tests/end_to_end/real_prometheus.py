"""A real Prometheus, as Debian has it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.end_to_end.server import Server, answers, free_port
from tests.requirements import require_command

_CONFIGURATION = """
global: {{scrape_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class RealPrometheus(Server):
    """It scrapes what is at `port` every second, as this job, and has the rules."""

    def __init__(
        self, folder: Path, port: str, rules: Path, *, job: str = "stream-detector"
    ) -> None:
        binary = require_command("prometheus")
        self._port = free_port()
        configuration = folder / "prometheus.yml"
        configuration.write_text(_CONFIGURATION.format(rules=rules, port=port, job=job))
        super().__init__(
            [
                binary,
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{self._port}",
            ],
            log=folder / "prometheus.log",
            is_ready=lambda: answers(self._port, "/-/ready"),
        )

    def ask(self, query: str) -> list[dict[str, Any]]:
        """What a query gives now; one that cannot be read is an HTTPError."""
        api = f"127.0.0.1:{self._port}/api/v1/query"
        with urlopen(f"http://{api}?{urlencode({'query': query})}", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found
