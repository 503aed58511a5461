"""Events as syslog, once at least: a package that was not confirmed goes again, whole and in order.

A message (RFC 5424): the facility of the setting; a severity by what happened; the time of the event in UTC with
microseconds; the host name of this machine; the program ``watchkeeper``; the event as message id. Its structured data:

- ``meta``: ``sequenceId`` counts the messages since the job was opened, from 1. A hole tells that UDP lost one.
- ``origin``: program and version.
- ``watchkeeper@32473``: ``number`` (place in the journal: the same number is the same event, should it come twice),
  ``event``, ``kind``, ``stream``, ``plant``, ``time`` (UTC ns), ``actor``, ``station``, ``object``, ``user``,
  ``result``, ``simulated="1"`` where it is, ``hash`` of the journal's chain and ``record``, the fields of the event as
  JSON with sorted keys. With number, time, kind, event and record the sums of ``hmi.export.digest`` can be made again.
  A message that would be longer than ``most_bytes`` has ``shortened="1"`` instead of the record: the whole one stands
  in the journal under its number. 32473 is the enterprise number for examples (RFC 5612).

The text behind is a sentence in UTF-8 with a byte order mark. Control characters stand as ``\\uXXXX`` everywhere. With
the setting ``statements`` a message ``export.statement`` follows each package, whose ``record`` is its statement.

TLS is RFC 5425, TCP has the same frame (a length in front), each datagram of UDP is one message (RFC 5426). What counts
as delivered: see ``_link``. Nobody confirms datagrams; where the machine tells that nobody listens the package goes
again.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from typing import Any

from hmi.core.texts import tr
from hmi.export.port import ExportContext, Exporter, Package, Schema, TargetUnavailable, Watermark
from hmi.exporters.syslog._link import Access, Link
from hmi.exporters.syslog._message import Form, message_of, statement_of
from hmi.exporters.syslog.definition import FACILITIES


class SyslogExporter:
    """One job."""

    def __init__(self, settings: Mapping[str, Any], context: ExportContext) -> None:
        self._access, self._context = Access.of(settings), context
        self._statements = settings["statements"]
        self._form = Form(
            FACILITIES[settings["facility"]], socket.gethostname(), context.stream, context.site,
            settings["most_bytes"],
        )  # fmt: skip
        self._link: Link | None = None
        self._sent = 0

    def open(self) -> Watermark | None:
        """A collector of logs cannot tell what it has: None."""
        link = Link(self._access, self._context.stop)
        link.probe()
        self._link, self._sent = link, 0
        return None

    def describe(self, schema: Schema) -> None:
        """Events have no series."""

    def deliver(self, package: Package) -> None:
        if self._link is None:
            raise TargetUnavailable(tr("there is no link to the collector"))
        if package.events or self._statements:
            self._link.send(self._messages(package))

    def idle(self) -> None:
        """Nothing stays open between two packages."""

    def close(self) -> None:
        self._link = None

    def _messages(self, package: Package) -> Iterator[bytes]:
        for event in package.events:
            self._sent += 1
            yield message_of(event, self._sent, self._form)
        if self._statements:
            self._sent += 1
            yield statement_of(package.watermark, self._sent, self._form)


def create(settings: Mapping[str, Any], context: ExportContext) -> Exporter:
    """The exporter of one job."""
    return SyslogExporter(settings, context)
