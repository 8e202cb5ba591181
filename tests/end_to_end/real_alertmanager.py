"""A real Alertmanager, as Debian has it."""

import json
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.end_to_end.server import Server, answers, free_port
from tests.requirements import require_command

_CONFIGURATION = """
route: {{receiver: ours, group_wait: 0s, group_interval: 1s, group_by: ["..."]}}
receivers: [{{name: ours, webhook_configs: [{{url: "{url}", send_resolved: true}}]}}]
"""


class RealAlertmanager(Server):
    """Reached at `url`; it calls `receiver_url` for each alert."""

    def __init__(self, folder: Path, receiver_url: str) -> None:
        binary = require_command("prometheus-alertmanager", "alertmanager")
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        configuration = folder / "alertmanager.yml"
        configuration.write_text(_CONFIGURATION.format(url=receiver_url))
        super().__init__(
            [
                binary,
                f"--config.file={configuration}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self._port}",
                "--cluster.listen-address=",
            ],
            log=folder / "alertmanager.log",
            is_ready=lambda: answers(self._port, "/-/ready"),
        )

    def alerts(self) -> list[dict[str, Any]]:
        """Those that stand now."""
        with urlopen(f"http://127.0.0.1:{self._port}/api/v2/alerts", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found
