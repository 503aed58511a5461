"""Words that lists of tags use for columns, types and truths, in ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from hmi.project.columns import TAG_COLUMNS

_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": (
        "tag name", "tagname", "tag", "point name", "variable name", "signal name", "symbol", "variable", "signal",
        "point", "item name", "bezeichner", "nom", "nombre",
    ),
    "address": (
        "register", "modbus address", "register address", "register number", "reg", "node id", "nodeid", "item id",
        "opc item", "plc address", "io address", "adresse", "direccion",
    ),
    "type": ("data type", "datatype", "value type", "format type", "datentyp", "tipo"),
    "description": ("comment", "text", "label", "desc", "remark", "beschreibung", "kommentar", "bezeichnung"),
    "unit": ("units", "eng unit", "eng units", "engineering unit", "engineering units", "eu", "uom", "einheit"),
    "low": ("min", "minimum", "range low", "eng low", "eu low", "scaled low", "eu min", "eng min", "lrv"),
    "high": ("max", "maximum", "range high", "eng high", "eu high", "scaled high", "eu max", "eng max", "urv"),
    "raw_low": ("raw min", "raw minimum", "raw lo", "input low"),
    "raw_high": ("raw max", "raw maximum", "raw hi", "input high"),
    "scan": ("scan class", "poll group", "scan group"),
    "connection": ("device", "device name", "plc", "controller", "source", "geraet"),
    "area": ("plant area", "bereich"),
    "writable": ("access", "client access", "read write", "r w", "rw", "access rights", "writeable", "zugriff"),
    "states": ("enum", "enumeration", "values", "state texts"),
    "history": ("historize", "historise", "historian", "log", "logged", "archive", "archived", "record", "trend"),
    "deadband": ("dead band", "hysteresis"),
    "format": ("display format", "number format"),
    "expression": ("formula", "calculation"),
    "limit_low": ("write min", "setpoint min"),
    "limit_high": ("write max", "setpoint max"),
}  # fmt: skip
_TYPES: Final[Mapping[str, str]] = {
    "boolean": "bool", "bit": "bool", "digital": "bool", "binary": "bool", "coil": "bool",
    "sint": "int8", "char": "int8", "usint": "uint8", "byte": "uint8",
    "int": "int16", "short": "int16", "integer": "int16", "s16": "int16", "i16": "int16",
    "word": "uint16", "uint": "uint16", "u16": "uint16", "ushort": "uint16",
    "dint": "int32", "long": "int32", "s32": "int32", "i32": "int32", "int4": "int32",
    "dword": "uint32", "udint": "uint32", "u32": "uint32", "ulong": "uint32",
    "lint": "int64", "llong": "int64", "s64": "int64", "i64": "int64", "int8": "int8",
    "lword": "uint64", "ulint": "uint64", "u64": "uint64", "qword": "uint64",
    "real": "float32", "f32": "float32", "single": "float32", "float4": "float32", "analog": "float",
    "lreal": "float64", "f64": "float64", "double": "float64", "float8": "float64",
    "text": "string", "str": "string", "wstring": "string",
}  # fmt: skip
_TRUE: Final = frozenset((
    "true", "yes", "y", "x", "on", "r/w", "rw", "w", "wo", "read/write", "readwrite", "write", "wahr", "ja",
    "vrai", "oui",
))  # fmt: skip
_FALSE: Final = frozenset((
    "false", "no", "n", "off", "r", "ro", "read", "read only", "readonly", "falsch", "nein", "faux", "non", "-",
))  # fmt: skip
_OTHERS: Final = re.compile(r"[^a-z0-9]+")
_SPELLED: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "ó": "o"})
_PLAIN: Final = {name.replace("_", " "): name for name in TAG_COLUMNS}
_BY_WORD: Final = {word: name for name, words in _HEADERS.items() for word in words}


def plain(header: str) -> str:
    """A header by which two spellings are compared: ``Eng. Units`` is ``eng units``."""
    return _OTHERS.sub(" ", header.lower().translate(_SPELLED)).strip()


def column_of(header: str) -> str:
    """Our column that a header of another program means; empty when it is not known."""
    word = plain(header)
    return _PLAIN.get(word, "") or _BY_WORD.get(word, "")


def type_of(text: str) -> str:
    """Our word for a type; the text itself when it is none that is known."""
    word = text.lower()
    return _TYPES.get(word.replace(" ", ""), word if word.isascii() else text)


def truth_of(text: str) -> str:
    """``true`` or ``false`` for the words of other programs; the text itself when it is none of them."""
    word = text.lower()
    return "true" if word in _TRUE else "false" if word in _FALSE else text
