"""A real worker's batches can be followed to the alerts that came of them."""

import asyncio

import pytest

from tests.end_to_end.expectation import feed_of
from tests.end_to_end.installation import Installation
from tests.end_to_end.subscriber import headers
from tests.small_models import BROKEN_STEAM
from tests.worker.receiver import receiver
from tests.worker.spans import facts, spans

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def test_an_alert_leads_to_the_batch_that_raised_it(installation: Installation) -> None:
    async def scene() -> None:
        async with receiver() as there:
            with installation.worker(traces_url=f"{there.url}/v1/traces"):
                feed = feed_of("pm1")
                rows = feed.rows(30) + feed.rows(3, steam=BROKEN_STEAM)
                await asyncio.to_thread(installation.send, rows)
                await there.until(
                    lambda: any(
                        one.name == "batch" and facts(one.attributes)["alerts"]
                        for one in spans(there)
                    )
                )
            found = {one.span_id.hex(): one for one in spans(there)}

        with installation.subscriber("alerts") as subscriber:
            (alert, *_) = await asyncio.to_thread(subscriber.read_to_the_end)
        _, trace, span, _ = headers(alert)["traceparent"].split("-")
        deliver = found[span]
        assert (deliver.name, deliver.trace_id.hex()) == ("deliver", trace)
        batch = found[deliver.parent_span_id.hex()]
        judged = [one for one in found.values() if one.parent_span_id == batch.span_id]
        assert {one.name for one in judged} == {"judge", "deliver"}
        assert facts(batch.attributes)["readings"] == sum(
            facts(one.attributes)["readings"] for one in judged if one.name == "judge"
        )

    asyncio.run(scene())
