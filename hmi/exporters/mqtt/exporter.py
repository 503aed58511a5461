"""State and log of a stream over MQTT as plain JSON.

Topics, where ``PREFIX`` and ``JOB`` are those of the job:

- ``PREFIX/PLANT/AREA/…/SIGNAL`` (retained): the newest value of a series,
  ``{"v","ts","q","status","u","src","seq","rev"}`` and ``"sim": true`` where it is simulated. ``v`` is null where the
  status is Bad, ``ts`` where there never was a value; ``q`` is 192, 64 or 0; ``u`` the UNECE code of the unit, or the
  unit where it has none; ``src`` the key. Names are escaped by ``hmi.export.mqtt.access.level_of``; an aggregate ends
  in ``NAME_60s``.
- ``PREFIX/_online/JOB`` (retained, also the will): ``{"online","ts","stream"}``. While it is false or not there the
  states say how the plant was, and not how it is.
- ``PREFIX/_schema/JOB`` and ``PREFIX/_schema/JOB/1`` to ``/parts`` (retained): the list of series; ``digest`` is the
  SHA-256 of ``hmi.export.digest``, the parts give its list one after the other with a ``topic`` added to each series.
- ``PREFIX/_log/JOB`` (QoS 1, not retained): packages. Each message is JSON lines: first
  ``{"stream","number","sent","part","last","columns"}``, then one array for each row, and in the message with
  ``"last": true`` at the end ``{"watermark": …}``, which is ``watermark_content``. The parts 1, 2, 3 … of one ``sent``
  make one transmission of package ``number``; of several whole ones the newest counts, one that is not whole counts
  nothing. Columns of a row: ``key``, ``time`` (UTC ns), ``seq`` (version), ``kind``, ``value`` (null, number or
  boolean; kind 5 as its text of ``object_text``; a float that is not finite as ``"NaN"``, ``"Infinity"``,
  ``"-Infinity"``, a NaN of other bits as ``"NaN:`` with 16 hexadecimal digits), ``status``, ``flags``, ``rev``,
  ``deleted`` (0 or 1). Integers have up to 64 bits: read them whole.
  With these the sums can be made again. An event is the canonical array ``[number, time, kind, event, fields]``.
- ``PREFIX/_mark/JOB`` (retained): the statement of the last package that the broker acknowledged whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.core.texts import tr
from hmi.export.port import ExportContext, LiveExporter, TargetRefused


def create(settings: Mapping[str, Any], context: ExportContext) -> LiveExporter:
    """The exporter of one job; TargetRefused where paho-mqtt is not installed."""
    try:
        from hmi.exporters.mqtt._publisher import MqttExporter
    except ImportError as error:
        raise TargetRefused(tr('MQTT needs paho-mqtt: pip install "watchkeeper[export]"')) from error
    return MqttExporter(settings, context)
