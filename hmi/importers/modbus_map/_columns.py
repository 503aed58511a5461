"""Which column of a register map holds what, by the words of its header."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from hmi.core.errors import ConfigurationError

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "address": (
        "address", "register", "reg", "addr", "register address", "modbus address", "register number",
        "register no", "reg address", "start address", "start register", "start", "first register", "address dec",
        "address hex", "modbus register", "adresse", "registeradresse", "register addr", "hex address", "plc address",
        "dec address", "decimal address", "address decimal", "register start",
    ),
    "end": ("end address", "end", "end register", "last register", "to"),
    "words": (
        "words", "size", "length", "registers", "quantity", "number of registers", "no of registers", "count",
        "register count", "num registers", "len", "reg count", "word count", "nb of registers", "anzahl",
    ),
    "name": (
        "name", "tag", "tag name", "parameter", "variable", "signal", "point", "measurement", "signal name", "symbol",
        "point name", "register name", "parameter name", "data name", "variable name", "item", "bezeichnung",
    ),
    "description": (
        "description", "desc", "comment", "comments", "remark", "remarks", "note", "notes", "definition", "meaning",
        "label", "beschreibung",
    ),
    "type": ("type", "data type", "format", "data format", "datatype", "encoding", "value type", "datentyp"),
    "unit": ("unit", "units", "uom", "eng unit", "engineering unit", "engineering units", "eu", "einheit"),
    "gain": ("gain", "scale", "scaling", "factor", "scale factor", "scaling factor", "coefficient", "faktor"),
    "multiply": ("multiplier", "resolution", "multiply", "multiply by", "lsb"),
    "divide": ("divisor", "divide", "divide by", "divider"),
    "offset": ("offset", "bias", "value offset"),
    "access": (
        "access", "r w", "rw", "read write", "access type", "mode", "attribute", "permission", "access rights",
        "read write access", "zugriff",
    ),
    "function": (
        "function code", "fc", "function codes", "modbus function", "function", "read function", "fcode", "func code",
    ),
    "table": (
        "register type", "table", "object type", "modbus type", "block", "area", "memory area", "point type", "kind",
        "register class", "reg type", "data table",
    ),
    "order": ("byte order", "word order", "endian", "endianness", "order", "swap", "byte word order"),
    "unit_id": ("unit id", "slave", "slave id", "device id", "station", "modbus id", "slave address", "node"),
    "low": ("min", "minimum", "low", "range min", "min value", "lower limit"),
    "high": ("max", "maximum", "high", "range max", "max value", "upper limit"),
    "range": ("range", "value range", "valid range"),
    "states": ("values", "enum", "enumeration", "states", "options", "value description", "enum values"),
    "bit": ("bit", "bit no", "bit number", "bits", "bit position"),
}  # fmt: skip
_BY_WORD: Final = {word: column for column, words in _WORDS.items() for word in words}
_PROOFS: Final = (
    "function",
    "table",
    "words",
    "order",
    "gain",
    "multiply",
    "divide",
    "type",
    "access",
    "bit",
)
_OTHERS: Final = re.compile(r"[^a-z0-9]+")
_BASES: Final = (
    (re.compile(r"0[ -]?based|zero[ -]?based"), 0),
    (re.compile(r"1[ -]?based|one[ -]?based"), 1),
)


def word_of(header: str) -> str:
    """The header in small letters with single blanks, without what stands in brackets."""
    return _OTHERS.sub(" ", re.sub(r"[(\[].*?[)\]]", " ", header).lower()).strip()


def columns_of(header: Sequence[str], chosen: Mapping[str, str]) -> dict[str, int]:
    """The place of each column. ``chosen``: headers by our words (``hmi import --map``), which win."""
    out: dict[str, int] = {}
    folded = [name.strip().casefold() for name in header]
    for column, name in chosen.items():
        if name.strip().casefold() in folded:
            out[column] = folded.index(name.strip().casefold())
    words = [word_of(name) for name in header]
    for place, word in enumerate(words):
        column = _BY_WORD.get(word, "")
        if column and column not in out and place not in out.values():
            out[column] = place
    if "address" not in out and "offset" in out:
        out["address"] = out.pop("offset")
    return out


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row names registers and at least two more things that only a register map has."""
    words = {word_of(cell) for cell in cells}
    if (
        {"kind", "name"} <= words
        or {"client access", "respect data type"} & words
        or {"model", "address"} <= words
    ):
        return False
    found = columns_of(cells, {})
    proofs = sum(1 for column in _PROOFS if column in found)
    says_register = any("register" in word or "modbus" in word or word in ("fc", "reg") for word in words)
    says_register = says_register or "function" in found
    return (
        "address" in found
        and proofs >= (1 if says_register else 2)
        and ("name" in found or "description" in found)
    )


def base_in(header: str) -> int | None:
    """Whether the header of the addresses says that they count from 0 or from 1."""
    if (stated := stated_base(header)) is not None:
        return stated
    text = header.lower()
    return 0 if "hex" in text or "protocol" in text or "pdu" in text else None


def stated_base(text: str) -> int | None:
    """The base that words such as *1-based* say."""
    return next((base for pattern, base in _BASES if pattern.search(text.lower())), None)


def is_hex(header: str) -> bool:
    """Whether the header says that every number below it is hexadecimal."""
    return re.search(r"(?<![a-z])hex(?:adecimal)?(?![a-z])", header.lower()) is not None and "dec" not in (
        re.sub(r"hexadecimal", "", header.lower())
    )


def check_asked(file: str, line: int, header: Sequence[str], chosen: Mapping[str, str]) -> None:
    """ConfigurationError for a column that there is not, or a header that the list does not have."""
    folded = [name.strip().casefold() for name in header]
    for column, name in chosen.items():
        if column not in _WORDS:
            raise ConfigurationError(f"there is no column {column!r}", do=f"columns are: {', '.join(_WORDS)}")
        if name.strip().casefold() not in folded:
            known = ", ".join(filter(None, header))
            raise ConfigurationError(
                f"has no column {name!r}", file=file, line=line, do=f"its columns: {known}"
            )


def column_notes(header: Sequence[str], columns: Mapping[str, int]) -> list[str]:
    """Which header was taken for which column, and which were not taken."""
    taken = [
        f"{header[place]} is {column}"
        for column, place in columns.items()
        if word_of(header[place]) != column
    ]
    left = [name for place, name in enumerate(header) if name and place not in columns.values()]
    notes = [f"columns: {', '.join(taken)}"] if taken else []
    return [*notes, f"columns that are not taken: {', '.join(left)}"] if left else notes
