"""A server for IT: how the plant is now, read-only, as an OPC UA address space.

- Below ``Objects`` is a folder for each name of the plant tree, with one variable for each series. The node id of a
  variable is its key (the tag's id) as a string in the namespace ``urn:watchkeeper:plant:PLANT-ID``: a renamed tag
  keeps it. Names are the BrowseName and the DisplayName, as they are.
- Numbers are AnalogItemType (EURange, EngineeringUnits of UNECE Recommendation 20); without a range AnalogUnitType, and
  without a unit too BaseAnalogType. States are MultiStateDiscreteType where they are 0, 1, 2 … of an unsigned type,
  else MultiStateValueDiscreteType; bool is TwoStateDiscreteType. Texts, times and bytes are DataItemType; arrays of one
  kind are arrays, everything else is JSON text. An aggregate has its formula as Definition.
- A value has its 32-bit status, the source time, and as server time the time at which it was received, both cut to us.
  Bad is null. A value that its data type cannot hold is null with BadOutOfRange or BadTypeMismatch, never another one.
- Before ``live`` has brought a value it is BadWaitingForInitialData. When the job is silent (paused, or at a loss for
  longer than ``SILENT_S``), every value is BadNoCommunication until it speaks again.
- Series of a simulator have the property ``Simulated`` = true, and so has the folder of the plant.
- ``deliver`` keeps nothing: the history is not served, and proves nothing here. Where a job has no live channel
  (aggregates) the newest row of each series of a LIVE package is shown.
- Only trusted certificates open a channel, and only accounts of the job a session. Nothing can be written, called or
  added, whatever a client is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.core.texts import tr
from hmi.export.port import ExportContext, LiveExporter, TargetRefused


def create(settings: Mapping[str, Any], context: ExportContext) -> LiveExporter:
    """The exporter of one job; TargetRefused where its library is not installed."""
    try:
        from hmi.exporters.opcua_server._exporter import OpcuaServerExporter
    except ImportError as error:
        raise TargetRefused(tr('the OPC UA server needs asyncua: pip install "watchkeeper"')) from error
    return OpcuaServerExporter(settings, context)
