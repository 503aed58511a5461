"""A stream as a Sparkplug B 3.0 edge node (standards 8.1).

- Group and edge node are settings; a connection of the plant is a device, series of no connection are metrics of the
  node. Names in ids are escaped by ``hmi.export.mqtt.access.level_of``. The name of a metric is the tag's.
- ``live`` makes NBIRTH and DBIRTH with the first call and NDATA and DDATA with the others: the newest value of each
  series. A device all of whose series are without communication has DDEATH, and DBIRTH when one of them is back.
- ``deliver`` publishes what was not told live, all of it with ``is_historical``: every row of a BACKFILL package, and
  of a LIVE package the rows that ``live`` has not sent. Where the job has no live channel (aggregates, ``run --once``)
  the newest row of each series in a LIVE package is its live value. Afterwards the metric ``Export/Watermark`` of the
  node has the statement of the package (canonical JSON): all its rows were published.
- DATA goes with QoS 0, as the specification wants it; that the broker has read it is known by the answer to a
  subscription that is sent behind it.
- Times are in ms and versions are not told, so sums cannot be made again from Sparkplug alone: the exporter ``mqtt``
  has the log for that. A correction comes as a historical value of the same time, a deleted sample as a historical null
  with the property ``deleted``.
- Uncertain has the quality 500 (stale), since only 0, 192 and 500 exist; the property ``status`` has the whole code.
- Writes (NCMD and DCMD but for ``Node Control/Rebirth``) are refused and logged as warnings: the export is read-only.
- Another node with the same ids is seen by its NBIRTH. The one that sees it stops (TargetRefused), without an NDEATH,
  which could be taken for the other's, and before it comes back it asks by a rebirth command whether the other is
  still there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.core.texts import tr
from hmi.export.port import ExportContext, LiveExporter, TargetRefused


def create(settings: Mapping[str, Any], context: ExportContext) -> LiveExporter:
    """The exporter of one job; TargetRefused where its libraries are not installed."""
    try:
        from hmi.exporters.sparkplug._edge import SparkplugExporter
    except ImportError as error:
        text = tr('Sparkplug needs paho-mqtt and protobuf: pip install "watchkeeper[export]"')
        raise TargetRefused(text) from error
    return SparkplugExporter(settings, context)
