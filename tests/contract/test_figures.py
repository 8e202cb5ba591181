"""What ``alerts ledger`` and ``alerts kpi`` print holds to the contract, whatever was told."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from stream_detector.alerting.figures import figures
from stream_detector.alerting.ledger import Ledger
from tests.alerting.accounts import stood, told, warned
from tests.alerting.judged import at
from tests.alerting.told import RULES, outcome
from tests.contract.schemas import faults, parse

DAY = [*warned(10, 13), *stood((100, 105)), outcome(300), *stood((590, None), machine="pm4")]
FLOOD = [one for n in range(30) for one in stood((n / 4, n / 4 + 0.2))]


@pytest.mark.parametrize("messages", [DAY, FLOOD, []], ids=["a day", "a flood", "nothing"])
def test_the_ledger_and_the_figures_hold_to_their_schemas(messages: Sequence[bytes]) -> None:
    ledger = told(Ledger(RULES), messages)
    found = figures(ledger, (), RULES, now=at(600), trailing=timedelta(days=30))

    assert faults(parse(msgspec.json.encode(found.ledger)), "ledger.v1.json") == []
    assert faults(parse(msgspec.json.encode(found.kpis)), "kpi.v1.json") == []
