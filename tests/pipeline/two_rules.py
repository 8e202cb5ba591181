"""A machine whose score two rules go by."""

import msgspec

from stream_detector.alerting.rules import SHEET_BREAK, OnDelay, Rule, Rules
from tests.small_models import BROKEN_STEAM, Feed

SHORT = msgspec.structs.replace(SHEET_BREAK, cooldown_seconds=0.0)
PATIENT = Rule(name="patient", on_delay=OnDelay(count=3, of=5), off_delay=30)
RULES = Rules(rules=(SHORT, PATIENT))


def three_breaks() -> Feed:
    """One is warned of while nothing stands, one while ``patient`` does, and one not at all."""
    feed = Feed(seed=3)
    feed.rows(50)
    feed.rows(1, steam=BROKEN_STEAM)  # 04:40: raises sheet-break alone
    feed.tell(event="break")
    feed.rows(50)
    feed.rows(5, steam=BROKEN_STEAM)  # 06:24: raises sheet-break, and patient at 06:28
    feed.rows(20)
    feed.rows(1, steam=BROKEN_STEAM)  # 07:14: raises sheet-break again; patient still stands
    feed.tell(event="break")
    feed.rows(15)
    feed.tell(event="break")
    feed.rows(60)
    return feed
