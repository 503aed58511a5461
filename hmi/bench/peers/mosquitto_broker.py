"""A mosquitto of its own on a free port of this machine, and a bare paho client that sends prepared messages."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from hmi.core.errors import UsageError

_START_S: Final = 10.0
_SEND_S: Final = 120.0
Prepared = tuple[str, bytes, int, bool]
"""Topic, payload, QoS, retained."""


class Broker:
    """One that can be stopped and started again on its port; UsageError where mosquitto is missing.

    A client that is slow to take what it asked for loses nothing.
    """

    def __init__(self) -> None:
        found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        if found is None:
            raise UsageError("mosquitto is missing; apt-get install mosquitto")
        self._program = found
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, place: Path) -> None:
        settings = place / "mosquitto.conf"
        text = f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
        settings.write_text(text, encoding="ascii")
        command = [self._program, "-c", str(settings)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        _await(self.port)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait()


@contextmanager
def broker() -> Iterator[int]:
    """Its port; UsageError where mosquitto is missing."""
    one = Broker()
    with tempfile.TemporaryDirectory(prefix="watchkeeper-mosquitto-") as place:
        try:
            one.start(Path(place))
            yield one.port
        finally:
            one.stop()


def _await(port: int) -> None:
    end = time.monotonic() + _START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return
        except OSError as error:
            if time.monotonic() > end:
                raise UsageError("mosquitto does not start") from error
            time.sleep(0.05)


class BareClient:
    """paho-mqtt and nothing else."""

    def __init__(self, port: int) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.max_queued_messages_set(0)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        while not self._client.is_connected():
            time.sleep(0.01)

    def send(self, messages: Sequence[Prepared]) -> float:
        """Seconds until the broker has all of them: the last one, or an empty one behind those of QoS 0, is
        acknowledged.
        """
        started = time.perf_counter()
        info = None
        for topic, payload, qos, retain in messages:
            info = self._client.publish(topic, payload, qos, retain)
        if messages and messages[-1][2] == 0:
            info = self._client.publish("bench/end", b"", 1)
        if info is not None:
            info.wait_for_publish(_SEND_S)
        return time.perf_counter() - started

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
