"""One session with an MQTT broker as plain calls that end: 5, or 3.1.1 where the broker knows no other.

paho-mqtt does the protocol in a thread of its own; what it learns is kept here and raised in the thread of the job.
A session is never taken up again: after a loss a new one begins, with a new will.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from hmi.core.errors import WatchkeeperError
from hmi.core.texts import tr
from hmi.export.mqtt.access import Access, Server
from hmi.export.port import ExportError, TargetRefused, TargetUnavailable

log = logging.getLogger(__name__)
INFLIGHT: Final = 20
"""Messages of QoS 1 on their way; more is slower with the brokers that were measured."""
UNSENT_MOST: Final = 4_000_000
"""Bytes that may wait in this process."""
_RECEIVED_MOST: Final = 10_000
_SLICE_S: Final = 0.1
_GOODBYE_S: Final = 1.0
_UNSUPPORTED_VERSION: Final = 0x84
_TAKEN_OVER: Final = 0x8E
_REFUSALS: Final = {
    0x85: "the broker does not take the client id",
    0x86: "the broker does not know this user, or the secret is wrong",
    0x87: "the broker does not give this user the right",
    0x8A: "the broker has banned this client",
    0x8C: "the broker asks for another way to log in",
    0x90: "the broker does not take the topic",
    0x95: "a message is too large for the broker",
    0x99: "the broker does not take the content",
    0x9A: "the broker keeps no retained messages",
    0x9B: "the broker does not take messages with an acknowledgement",
}


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out or comes in."""

    topic: str
    payload: bytes
    qos: int = 0
    is_retained: bool = False


@dataclass(frozen=True, slots=True)
class Want:
    """How a session is opened. ``will`` is made for each CONNECT that is sent, so that it can be counted."""

    access: Access
    password: str
    stop: Callable[[], bool]
    will: Callable[[], Message | None] = lambda: None
    unsent: Callable[[], None] = lambda: None
    """Called where the will was made and no CONNECT left for the broker."""


class _OtherVersion(Exception):
    """The broker speaks another version of MQTT, or says nothing at all."""


def password_of(access: Access, secret: Callable[[str], str]) -> str:
    """The password of the user; TargetRefused where the secret is not there."""
    if not access.secret:
        return ""
    try:
        return secret(access.secret)
    except WatchkeeperError as error:
        raise TargetRefused(str(error)) from error


def opened(want: Want, server: Server) -> Session:
    """A session with this broker; TargetUnavailable or TargetRefused."""
    version = want.access.version
    if version != "3.1.1":
        try:
            return Session(want, server, MQTTProtocolVersion.MQTTv5)
        except _OtherVersion as error:
            if version == "5":
                text = tr('the broker {server} does not speak MQTT 5: set version = "3.1.1"', server=server)
                raise TargetRefused(text) from error
    try:
        return Session(want, server, MQTTProtocolVersion.MQTTv311)
    except _OtherVersion as error:
        raise TargetUnavailable(
            tr(
                "the broker {server} closes the connection without an answer: does it ask for TLS or a certificate?",
                server=server,
            )
        ) from error


def opened_in_turn(want: Want, begin: int) -> tuple[Session, int]:
    """A session with the first broker that gives one, from place ``begin`` of the servers on, and its place."""
    servers = want.access.servers
    errors: list[ExportError] = []
    for step in range(len(servers)):
        place = (begin + step) % len(servers)
        try:
            return opened(want, servers[place]), place
        except ExportError as error:
            errors.append(error)
            if want.stop():
                break
    refused = [one for one in errors if isinstance(one, TargetRefused)]
    if len(refused) == len(errors):
        raise refused[0]
    raise next(one for one in errors if not isinstance(one, TargetRefused))


class Session:
    """Open from the constructor to ``close``."""

    def __init__(self, want: Want, server: Server, version: MQTTProtocolVersion) -> None:
        self.server, self._want, self._access = server, want, want.access
        self.is_version_5 = version is MQTTProtocolVersion.MQTTv5
        self.client_id = want.access.client_id or f"wk-{secrets.token_hex(8)}"
        self.most_bytes = 2**28
        """The largest packet that the broker takes."""
        self._window = INFLIGHT
        """Unacknowledged messages that the broker takes."""
        self._changed = threading.Condition()
        self._is_up = False
        self._lost: ExportError | None = None
        self._answer: ReasonCode | None = None
        self._refusal: ExportError | None = None
        self._sent = self._done = self._unsent_bytes = 0
        self._granted: dict[int, Sequence[ReasonCode]] = {}
        self._received: deque[Message] = deque(maxlen=_RECEIVED_MOST)
        self._is_closing = False
        self._client = self._made(version)
        try:
            self._connect()
        except BaseException:
            self._drop()
            raise

    # ------------------------------------------------------------------ opening

    def _made(self, version: MQTTProtocolVersion) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            clean_session=None if self.is_version_5 else True,
            protocol=version,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(INFLIGHT)
        client.connect_timeout = self._access.timeout_s
        if self._access.user:
            client.username_pw_set(self._access.user, self._want.password or None)
        if self.server.is_secure:
            client.tls_set_context(_context(self._access))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _connect(self) -> None:
        will = self._want.will()
        if will is not None:
            self._client.will_set(will.topic, will.payload, will.qos, will.is_retained)
        more: dict[str, Any] = {"clean_start": True} if self.is_version_5 else {}
        try:
            self._client.connect(self.server.host, self.server.port, self._access.keep_alive_s, **more)
        except ssl.SSLCertVerificationError as error:
            self._want.unsent()
            why = error.verify_message or error.reason
            text = tr(
                "the certificate of the broker {server} is not accepted: {why}", server=self.server, why=why
            )
            raise TargetRefused(text) from error
        except (OSError, ValueError) as error:
            self._want.unsent()
            text = tr("the broker {server} cannot be reached: {why}", server=self.server, why=error)
            raise TargetUnavailable(text) from error
        self._client.loop_start()
        try:
            self._wait(
                lambda: self._answer is not None,
                tr("the broker {server} does not answer", server=self.server),
            )
        except ExportError:
            if self._answer is None and self._lost is not None:
                raise _OtherVersion from None
            if self._answer is None:
                raise
        self._judge_answer()

    def _judge_answer(self) -> None:
        answer = self._answer
        assert answer is not None
        if not answer.is_failure:
            self._is_up = True
            return
        if answer.value == _UNSUPPORTED_VERSION:
            raise _OtherVersion
        raise self._error_of(answer, self.server)

    # ------------------------------------------------------------------ what the job does

    def publish(self, topic: str, payload: bytes, qos: int = 0, *, retain: bool = False) -> None:
        """Hand over one message; waits only where too much is on its way. Whether it arrived: ``flush``."""
        size = len(payload) + len(topic) + 16
        if size > self.most_bytes:
            raise TargetRefused(
                tr(
                    "the broker {server} takes at most {most} bytes in one message and {topic} needs {size}: "
                    "raise its limit or deliver fewer series",
                    server=self.server, most=self.most_bytes, topic=topic, size=size,
                )
            )  # fmt: skip
        self.check()
        if self._unsent_bytes + size > UNSENT_MOST:
            self.flush()
        if qos and self._window < INFLIGHT:
            text = tr("the broker {server} acknowledges nothing", server=self.server)
            self._wait(lambda: self._sent - self._done < self._window, text)
        self._unsent_bytes += size
        self._sent += 1
        info = self._client.publish(topic, payload, qos, retain)
        if info.rc not in (paho.MQTT_ERR_SUCCESS, paho.MQTT_ERR_NO_CONN):
            raise TargetUnavailable(tr("the broker {server} takes no message now", server=self.server))

    def flush(self) -> None:
        """All that was published has left, and is acknowledged where its QoS is 1."""
        self._wait(
            lambda: self._done >= self._sent,
            tr("the broker {server} acknowledges nothing", server=self.server),
        )
        self._unsent_bytes = 0
        self.check()

    def barrier(self, topic: str, qos: int = 1) -> None:
        """The broker has read everything that was published, of QoS 0 too: it answers a new subscription of ``topic``
        only behind it, since it takes the packets of one connection in their order.
        """
        self.flush()
        self.subscribe([topic], qos)

    def subscribe(self, topics: Sequence[str], qos: int = 1) -> None:
        """Own messages do not come back where the broker speaks MQTT 5."""
        if self.is_version_5:
            options = SubscribeOptions(qos=qos, noLocal=True)
            _, mid = self._client.subscribe([(topic, options) for topic in topics])
        else:
            _, mid = self._client.subscribe([(topic, qos) for topic in topics])
        self.check()
        text = tr("the broker {server} does not answer a subscription", server=self.server)
        self._wait(lambda: mid in self._granted, text)
        for topic, code in zip(topics, self._granted.pop(mid or 0, ()), strict=False):
            if code.is_failure:
                raise TargetRefused(
                    tr(
                        "the broker {server} does not let this user read {topic}: give it the right",
                        server=self.server, topic=topic,
                    )
                )  # fmt: skip

    def retained(self, topics: Sequence[str]) -> list[Message]:
        """What the broker keeps under these topics: all of it came when a second subscription is answered."""
        self.subscribe(topics, 0)
        self.subscribe([f"{topics[0]}/_none"], 0)
        self._client.unsubscribe([*topics, f"{topics[0]}/_none"])
        found: list[Message] = []
        while (message := self.take()) is not None:
            if message.is_retained:
                found.append(message)
        return found

    def take(self) -> Message | None:
        """The next message that came in."""
        try:
            return self._received.popleft()
        except IndexError:
            return None

    def wait_for(self, timeout_s: float) -> bool:
        """Until a message came in, at most so long; TargetUnavailable where the session ends."""
        end = time.monotonic() + timeout_s
        while not self._received and time.monotonic() < end:
            self.check()
            if self._want.stop():
                break
            with self._changed:
                self._changed.wait(_SLICE_S)
        return bool(self._received)

    def check(self) -> None:
        """Raises what ended the session, or what the broker refused since the last call."""
        if self._refusal is not None:
            error, self._refusal = self._refusal, None
            raise error
        if self._lost is not None:
            raise self._lost

    def close(self, farewell: Sequence[Message] = ()) -> None:
        """Say what is to be said last, and go; never raises and ends within a second or two."""
        self._is_closing = True
        if self._is_up and self._lost is None:
            for message in farewell:
                self._sent += 1
                self._client.publish(message.topic, message.payload, message.qos, message.is_retained)
            end = time.monotonic() + _GOODBYE_S
            while self._done < self._sent and self._lost is None and time.monotonic() < end:
                with self._changed:
                    self._changed.wait(_SLICE_S)
            self._client.disconnect()
        self._drop()

    def _drop(self) -> None:
        self._is_up = False
        self._client.loop_stop()
        sock = self._client.socket()
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.close()

    def _wait(self, is_done: Callable[[], bool], otherwise: str) -> None:
        """Time-out counts from the last progress: a slow road is no broken one."""
        end, done = time.monotonic() + self._access.timeout_s, self._done
        while not is_done():
            self.check()
            if self._want.stop():
                raise TargetUnavailable(tr("the job was stopped"))
            if self._done != done:
                end, done = time.monotonic() + self._access.timeout_s, self._done
            if time.monotonic() > end:
                raise TargetUnavailable(otherwise)
            with self._changed:
                if not is_done():
                    self._changed.wait(_SLICE_S)

    # ------------------------------------------------------------------ the thread of paho

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, properties: Any) -> None:
        if properties is not None and not code.is_failure:
            most = getattr(properties, "MaximumPacketSize", None)
            self.most_bytes = most if most else self.most_bytes
            self._window = getattr(properties, "ReceiveMaximum", INFLIGHT)
        self._tell(answer=code)

    def _on_disconnect(
        self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        if not self._is_closing:
            self._tell(lost=self._loss_of(code))

    def _on_publish(self, _client: Any, _data: Any, _mid: int, code: ReasonCode, _properties: Any) -> None:
        with self._changed:
            self._done += 1
            if code.is_failure and self._refusal is None:
                self._refusal = self._error_of(code, self.server)
            if self._done >= self._sent or self._window < INFLIGHT:
                self._changed.notify_all()

    def _on_subscribe(
        self, _client: Any, _data: Any, mid: int, codes: Sequence[ReasonCode], _properties: Any
    ) -> None:
        with self._changed:
            self._granted[mid] = codes
            self._changed.notify_all()

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        with self._changed:
            self._received.append(Message(message.topic, bytes(message.payload), message.qos, message.retain))
            self._changed.notify_all()

    def _tell(self, *, answer: ReasonCode | None = None, lost: ExportError | None = None) -> None:
        with self._changed:
            self._answer = answer if answer is not None else self._answer
            self._lost = lost if lost is not None else self._lost
            self._changed.notify_all()

    def _loss_of(self, code: ReasonCode) -> ExportError:
        if code.value == _TAKEN_OVER:
            return TargetRefused(
                tr(
                    "another client took over the id {client} at {server}: give each runtime its own client_id",
                    client=self.client_id, server=self.server,
                )
            )  # fmt: skip
        if code.value in _REFUSALS:
            return self._error_of(code, self.server)
        return TargetUnavailable(
            tr("the broker {server} ended the session ({why})", server=self.server, why=code)
        )

    def _error_of(self, code: ReasonCode, server: Server) -> ExportError:
        if code.value in _REFUSALS:
            user = self._access.user or tr("none")
            return TargetRefused(
                tr(
                    "{server}: {why} (user: {user}); ask the people who run the broker",
                    server=server, why=tr(_REFUSALS[code.value]), user=user,
                )
            )  # fmt: skip
        return TargetUnavailable(
            tr("the broker {server} does not take it now ({why})", server=server, why=code)
        )


def _context(access: Access) -> ssl.SSLContext:
    """TLS 1.2 or newer, host name and chain checked; TargetRefused for files that do not work."""
    try:
        context = ssl.create_default_context(cafile=access.ca or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if access.certificate:
            context.load_cert_chain(access.certificate, access.key)
    except (OSError, ssl.SSLError) as error:
        text = tr("the files for TLS (ca, certificate, key) cannot be used: {why}", why=error)
        raise TargetRefused(text) from error
    return context
