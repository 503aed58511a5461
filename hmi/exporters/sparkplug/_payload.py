"""The payload of Sparkplug B 3.0 (chapter 6): field numbers of its messages, data types and quality codes.

The message classes are built from this table; what an edge node never sends (templates, data sets) is left out and
survives as unknown fields where it is received.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

NAMESPACE: Final = "spBv1.0"
REBIRTH: Final = "Node Control/Rebirth"
BD_SEQ: Final = "bdSeq"
WATERMARK: Final = "Export/Watermark"
"""Metric of the node with the statement of the package delivered last."""


class DataType(IntEnum):
    """Codes of the specification that are sent (6.4.16)."""

    INT32 = 3
    INT64 = 4
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATE_TIME = 13
    BYTES = 17


class Quality(IntEnum):
    """The values that the property ``Quality`` may have (tck-id-payloads-propertyset-quality-value-value)."""

    BAD = 0
    GOOD = 192
    STALE = 500


_PACKAGE: Final = "watchkeeper.sparkplug"
_VALUE: Final = "value"
_FIELDS: Final[dict[str, str]] = {
    "PropertyValue": "type 1 uint32, is_null 2 bool, int_value 3 uint32 |, long_value 4 uint64 |,"
    "float_value 5 float |, double_value 6 double |, boolean_value 7 bool |, string_value 8 string |,"
    "propertyset_value 9 PropertySet |,"
    "propertysets_value 10 PropertySetList |",
    "PropertySet": "keys 1 string *, values 2 PropertyValue *",
    "PropertySetList": "propertyset 1 PropertySet *",
    "MetaData": "is_multi_part 1 bool, content_type 2 string, size 3 uint64, seq 4 uint64, file_name 5 string,"
    "file_type 6 string, md5 7 string, description 8 string",
    "Metric": "name 1 string, alias 2 uint64, timestamp 3 uint64, datatype 4 uint32, is_historical 5 bool,"
    "is_transient 6 bool, is_null 7 bool, metadata 8 MetaData, properties 9 PropertySet, int_value 10 uint32 |,"
    "long_value 11 uint64 |, float_value 12 float |, double_value 13 double |, boolean_value 14 bool |,"
    "string_value 15 string |, bytes_value 16 bytes |",
    "Payload": "timestamp 1 uint64, metrics 2 Metric *, seq 3 uint64, uuid 4 string, body 5 bytes",
}  # fmt: skip
"""``name number type``; ``*`` is repeated, ``|`` is one of the values."""


def _built() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="watchkeeper_sparkplug.proto", package=_PACKAGE, syntax="proto2"
    )
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, fields in _FIELDS.items():
        made = file.message_type.add(name=message)
        for text in fields.split(","):
            name, number, kind, *marks = text.split()
            field = made.field.add(name=name, number=int(number))
            field.label = kinds.LABEL_REPEATED if "*" in marks else kinds.LABEL_OPTIONAL
            if kind in _FIELDS:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                field.type = kinds.Type.Value(f"TYPE_{kind.upper()}")
            if "|" in marks:
                if not made.oneof_decl:
                    made.oneof_decl.add(name=_VALUE)
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = [f"{_PACKAGE}.{name}" for name in ("Payload", "Metric", "PropertySet")]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in names}


_CLASSES: Final = _built()
Payload: Any = _CLASSES[f"{_PACKAGE}.Payload"]
Metric: Any = _CLASSES[f"{_PACKAGE}.Metric"]
PropertySet: Any = _CLASSES[f"{_PACKAGE}.PropertySet"]


def varint(number: int) -> bytes:
    """A number from 0 on as protobuf writes it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def data_payload(at_ms: int, seq: int, metrics: bytes) -> bytes:
    """A payload whose metrics are encoded already."""
    return b"".join((b"\x08", varint(at_ms), metrics, b"\x18", varint(seq)))


def death_payload(at_ms: int, bd_seq: int) -> bytes:
    """NDEATH: bdSeq and nothing else, without seq (tck-id-topics-ndeath-payload, tck-id-payloads-ndeath-seq)."""
    payload = Payload(timestamp=at_ms)
    payload.metrics.add(name=BD_SEQ, timestamp=at_ms, datatype=DataType.INT64, long_value=bd_seq)
    return payload.SerializeToString()
