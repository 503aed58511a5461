"""Events as the library decodes them, in the form of our own decoder."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from asyncua import ua

from hmi.drivers.opcua._condition_types import text_of
from hmi.drivers.opcua._event_decode import EventFields, Field
from hmi.drivers.opcua._times import ticks_of
from hmi.drivers.opcua._values import ns_of_datetime, text


def events_of(part: ua.EventNotificationList) -> list[EventFields]:
    """The events of one notification."""
    return [
        EventFields(event.ClientHandle, tuple(_field(field) for field in event.EventFields or []))
        for event in part.Events or []
    ]


def _field(variant: ua.Variant) -> Field:
    value = variant.Value
    if value is None or isinstance(value, list):
        return (0, None)
    return (int(variant.VariantType.value), _plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, ua.NodeId):
        return text(text_of(value))
    if isinstance(value, ua.StatusCode):
        return value.value
    if isinstance(value, ua.LocalizedText):
        return text(value.Text)
    if isinstance(value, ua.QualifiedName):
        return text(value.Name)
    if isinstance(value, datetime):
        return ticks_of(ns_of_datetime(value))
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str):
        return text(value)
    return value if isinstance(value, bool | int | float | bytes) else None
