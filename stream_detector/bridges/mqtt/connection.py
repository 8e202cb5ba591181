"""The connection to an MQTT broker: messages are acknowledged when their rows are on disk.

The client is paho's, because aiomqtt, which is built on it, acknowledges a message before anybody
has seen it. Its thread reads from the network, and puts what it finds into a queue.
"""

import asyncio
import queue
import ssl
import threading
import time
from typing import Any, Final, NamedTuple

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from stream_detector.bridges.configuration import MqttTable
from stream_detector.bridges.mqtt.client import ListeningClient, topic_of
from stream_detector.bridges.mqtt.messages import Arrived
from stream_detector.bridges.running import pause
from stream_detector.connections.source_settings import SourceSettings
from stream_detector.errors import RefusedError, ServiceError

log = structlog.get_logger()

_KEEPALIVE_SECONDS: Final = 30
"""A connection that is dead without a word is found out within 1.5 times this."""

_MOST_WAITING: Final = 10_000
"""Messages that wait in memory; then no more are read from the network."""

_PAUSES: Final = (0.5, 30.0)
"""Seconds between two tries to connect: the first, and the longest."""

_LOOK_SECONDS: Final = 0.2

_NOT_NOW: Final = frozenset({"Server unavailable", "Server busy", "Quota exceeded"})
"""What a broker says that may take us later; anything else stays as it is."""

_FAREWELL_SECONDS: Final = 2.0


class Delivered(NamedTuple):
    """A message as the broker handed it over; :meth:`MqttConnection.acknowledge` it."""

    message: Arrived
    number: int
    """By which the broker knows it, within one connection."""
    wants_word: bool
    """Whether the broker waits to hear that we have it."""
    connection: int


class NewSession(NamedTuple):
    """The broker knew nothing of us: messages of before may be missing."""


class MqttConnection:
    """Stays connected, and keeps in order what comes.

    Parameters
    ----------
    table : MqttTable
    settings : SourceSettings
    name : str
        By which the broker keeps messages for us while we are away.
    is_kept : bool
        Whether it does: not for somebody who only has a look.
    """

    def __init__(
        self, table: MqttTable, settings: SourceSettings, name: str, *, is_kept: bool = True
    ) -> None:
        self._table = table
        self._place = f"{table.host}:{table.port}"
        self._user = settings.mqtt_username
        self._waiting: queue.Queue[Delivered | NewSession] = queue.Queue(_MOST_WAITING)
        self._connection = 0
        self._acknowledging = threading.Lock()
        self._is_over, self._stop = threading.Event(), threading.Event()
        self._refusal: str | None = None
        self.fault: str | None = "not connected yet"
        """Why no message comes; None while one can."""
        self._is_away = False
        self._was_connected = False
        self._ended_because = ""
        self._client = client = ListeningClient(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            clean_session=not is_kept,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        if settings.mqtt_username is not None:
            secret = settings.mqtt_password
            client.username_pw_set(
                settings.mqtt_username, None if secret is None else secret.get_secret_value()
            )
        if table.tls:
            client.tls_set_context(settings.mqtt_tls.context())
        client.on_end = self._is_over.set
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect

    async def run(self, stop: asyncio.Event) -> None:
        """Connect, again and again, until told to stop.

        Raises
        ------
        RefusedError
            If the broker does not take us, or is not the one that it should be.
        ServiceError
            If the client fails at what the broker says.
        """
        first, longest = _PAUSES
        seconds = first
        watching = asyncio.create_task(self._pass_on(stop))
        try:
            while not stop.is_set():
                problem = await asyncio.to_thread(self._stay_connected)
                if self._refusal is not None:
                    raise self._refused(self._refusal)
                self.fault = problem
                seconds = first if self._was_connected else min(2 * seconds, longest)
                if not (self._is_away or stop.is_set()):
                    self._is_away = True
                    log.warning(
                        "mqtt.away", broker=self._place, reason=problem, doing="trying again"
                    )
                await pause(stop, seconds)
        finally:
            self._stop.set()
            watching.cancel()

    async def _pass_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stop.set()

    def take(self, limit: int) -> list[Delivered | NewSession]:
        """Wait a moment for messages, and give those that are there, in order."""
        found: list[Delivered | NewSession] = []
        try:
            found.append(self._waiting.get(timeout=_LOOK_SECONDS))
            while len(found) < limit:
                found.append(self._waiting.get_nowait())
        except queue.Empty:
            pass
        return found

    def acknowledge(self, delivered: Delivered) -> None:
        """Tell the broker that it may forget a message.

        Not over another connection than it came by: there the number may be another message's,
        and the broker sends this one again.
        """
        with self._acknowledging:
            if delivered.wants_word and delivered.connection == self._connection:
                self._client.ack(delivered.number, 1)

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message, if there is somebody to send it to."""
        self._client.publish(topic, payload)

    def _stay_connected(self) -> str:
        """Connect, and return with the reason when that is over."""
        self._is_over.clear()
        self._was_connected = False
        with self._acknowledging:
            self._connection += 1
        try:
            self._client.connect(self._table.host, self._table.port, keepalive=_KEEPALIVE_SECONDS)
        except ssl.SSLCertVerificationError as error:
            self._refusal = f"its certificate is not to be trusted: {error.verify_message}"
            return self._refusal
        except OSError as error:
            if isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER":
                self._refusal = "it speaks no TLS"
            return error.strerror or str(error)
        self._client.loop_start()
        try:
            while not self._is_over.wait(_LOOK_SECONDS):
                if self._stop.is_set():
                    self._client.disconnect()
                    self._is_over.wait(_FAREWELL_SECONDS)
                    break
        finally:
            self._client.loop_stop()
        if self._client.died:
            # What it died of may come again: that is for whoever starts us again.
            raise ServiceError(
                f"the connection to the MQTT broker at {self._place} broke off with the error "
                "above; start the bridge again, and report it if it comes back"
            )
        return self._ended_because

    def _refused(self, reason: str) -> RefusedError:
        who = repr(self._user) if self._user else "a client without a name"
        return RefusedError(
            f"the MQTT broker at {self._place} does not take {who}: {reason}; correct "
            "DETECTOR_MQTT_USERNAME, DETECTOR_MQTT_PASSWORD, DETECTOR_MQTT_CA_FILE, or [mqtt]"
        )

    # The rest is called in the client's thread.

    def _on_connect(
        self,
        client: Client,
        _data: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            if str(reason) not in _NOT_NOW:
                self._refusal = str(reason)
            return
        if not flags.session_present:
            self._put(NewSession())
        client.subscribe([(topic, 1) for topic in self._table.topics])

    def _on_subscribe(
        self,
        client: Client,
        _data: Any,
        _number: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = [
            topic
            for topic, reason in zip(self._table.topics, reasons, strict=False)
            if reason.is_failure
        ]
        if refused:
            self._refusal = f"it may not read {', '.join(refused)}"
            client.disconnect()
            return
        self._was_connected, self._is_away, self.fault = True, False, None
        log.info("mqtt.connected", broker=self._place, topics=self._table.topics)

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        arrived = Arrived(
            topic_of(message),
            bytes(message.payload),
            time.time_ns() // 1000,
            is_retained=message.retain,
            is_repeat=message.dup,
        )
        self._put(Delivered(arrived, message.mid, message.qos > 0, self._connection))

    def _on_disconnect(
        self,
        _client: Client,
        _data: Any,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        # What paho says of a connection that the broker has closed without a word: MQTT 3 has none.
        is_unsaid = str(reason) == "Unspecified error"
        self._ended_because = "the connection was closed" if is_unsaid else str(reason)
        self._is_over.set()

    def _put(self, one: Delivered | NewSession) -> None:
        """Wait until there is room: then the broker waits too."""
        while not self._stop.is_set():
            try:
                self._waiting.put(one, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return
