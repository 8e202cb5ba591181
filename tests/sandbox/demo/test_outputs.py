"""The demo reads what the worker sends in the machine's time, and knows how far it is."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from stream_detector.connections.settings import Settings, read_settings
from stream_detector.connections.topics import topics
from stream_detector.pipeline.messages import encode
from stream_detector.sandbox.demo.outputs import DeadLetter, Outputs, TimeOrder, Told
from stream_detector.sandbox.embedded_kafka import EmbeddedKafka
from tests.sandbox.demo.messages import alert, feed_fault, outcome, score
from tests.waiting import wait_until


@pytest.fixture
def settings() -> Iterator[Settings]:
    ours = topics(Settings.model_construct(broker=""))
    with EmbeddedKafka({topic.name: topic.partitions(2) for topic in ours}) as kafka:
        yield read_settings(
            {
                "DETECTOR_BROKER": kafka.bootstrap,
                "DETECTOR_REDIS_URL": "redis://unused",
                "DETECTOR_FETCH_WAIT_MS": "10",
            }
        )


class Worker:
    """Sends and commits as the worker does."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.producer = Producer({"bootstrap.servers": settings.bootstrap_servers})

    def send(self, topic: str, value: bytes, headers: dict[str, bytes] | None = None) -> None:
        self.producer.produce(topic, value, key=b"pm3", headers=list((headers or {}).items()))
        assert self.producer.flush(20) == 0

    def commit(self, *offsets: int) -> None:
        group = {
            "bootstrap.servers": self.settings.bootstrap_servers,
            "group.id": "stream-detector",
        }
        with closing(Consumer(group)) as consumer:
            consumer.commit(
                offsets=[
                    TopicPartition(self.settings.readings_topic, number, offset)
                    for number, offset in enumerate(offsets)
                ],
                asynchronous=False,
            )


def read_all(outputs: Outputs) -> list[Told]:
    told: list[Told] = []

    def read() -> bool:
        told.extend(outputs.poll())
        return outputs.is_read()

    wait_until(read, "everything read")
    return told


def minutes(told: list[Told]) -> list[int]:
    return [one.event_time.minute for one in told if not isinstance(one, DeadLetter)]


def test_what_comes_from_several_topics_is_put_into_the_time_of_the_machine() -> None:
    order = TimeOrder()
    raised = alert(4, "raised", raised=4)

    #  the alert comes after the scores around it, and the newest score waits for it
    arrivals: list[list[Told]] = [
        [score(0, 0.5), score(4, 3.0), score(6, 0.5)],
        [raised, score(8, 0.5)],
        [],
        [],
    ]
    given = [order.take(arrived) for arrived in arrivals]

    assert [minutes(told) for told in given] == [[], [0, 4, 4, 6], [8], []]
    assert given[1][1] is raised  # before the score, which tells that it stands
    assert not order.holds_back


def test_nothing_that_was_sent_is_lost(settings: Settings) -> None:
    worker = Worker(settings)
    with closing(Outputs(settings)) as outputs:
        for minute in (0, 2, 4, 6):
            worker.send(settings.scores_topic, encode(score(minute, 0.5)))
        worker.send(settings.alerts_topic, encode(alert(4, "raised", raised=4)))
        worker.send(settings.alerts_topic, encode(feed_fault(3, "stuck", "began")))
        worker.send(settings.alerts_topic, encode(outcome(5)))

        assert sorted(minutes(read_all(outputs))) == [0, 2, 3, 4, 4, 5, 6]


def test_a_dead_letter_comes_with_its_reason(settings: Settings) -> None:
    with closing(Outputs(settings)) as outputs:
        Worker(settings).send(settings.dead_letters_topic, b"{", {"reason": b"no JSON"})

        assert read_all(outputs) == [DeadLetter("no JSON")]


def test_what_is_judged_is_what_the_worker_committed(settings: Settings) -> None:
    with closing(Outputs(settings)) as outputs:
        assert outputs.n_judged() == 0

        Worker(settings).commit(3, 4)

        assert outputs.n_judged() == 7
