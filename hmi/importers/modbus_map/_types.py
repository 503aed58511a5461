"""Words of register maps for types, byte orders, tables and functions."""

from __future__ import annotations

import re
from typing import Final

_TYPES: Final = {
    "bool": "bool", "bit": "bool", "boolean": "bool", "binary": "bool", "coil": "bool", "digital": "bool",
    "int16": "int16", "s16": "int16", "i16": "int16", "sint16": "int16", "short": "int16", "int": "int16",
    "integer": "int16", "signed": "int16", "signed16": "int16", "signedint": "int16", "signedint16": "int16",
    "signedinteger": "int16", "signedinteger16": "int16", "signedshort": "int16", "signedword": "int16",
    "uint16": "uint16", "u16": "uint16", "word": "uint16", "ushort": "uint16", "uint": "uint16",
    "unsigned": "uint16", "unsigned16": "uint16", "unsignedint": "uint16", "unsignedint16": "uint16",
    "unsignedshort": "uint16", "unsignedinteger": "uint16", "unsignedinteger16": "uint16", "hex": "uint16",
    "bitfield": "uint16", "bitfield16": "uint16", "bitmap": "uint16", "bitmask": "uint16", "flags": "uint16",
    "int32": "int32", "s32": "int32", "i32": "int32", "sint32": "int32", "long": "int32", "dint": "int32",
    "signed32": "int32", "signedint32": "int32", "signedinteger32": "int32", "signedlong": "int32",
    "uint32": "uint32", "u32": "uint32", "dword": "uint32", "ulong": "uint32", "udint": "uint32",
    "unsigned32": "uint32", "unsignedint32": "uint32", "unsignedlong": "uint32", "unsignedinteger32": "uint32",
    "bitfield32": "uint32", "int64": "int64", "s64": "int64", "i64": "int64", "lint": "int64", "longlong": "int64",
    "signed64": "int64", "uint64": "uint64", "u64": "uint64", "qword": "uint64", "lword": "uint64",
    "ulint": "uint64", "unsigned64": "uint64", "float": "float32", "float32": "float32", "f32": "float32",
    "real": "float32", "single": "float32", "ieee754": "float32", "floatingpoint": "float32", "float4": "float32",
    "real32": "float32", "ieeefloat": "float32", "float64": "float64", "f64": "float64", "double": "float64",
    "lreal": "float64", "real64": "float64", "float8": "float64", "string": "string", "str": "string",
    "ascii": "string", "char": "string", "text": "string", "bcd": "bcd16", "bcd16": "bcd16", "bcd32": "bcd32",
    "enum": "enum", "enum16": "enum", "enumeration": "enum", "unix": "unix32", "unixtime": "unix32",
    "timestamp": "unix32", "epoch": "unix32", "datetime": "unix32", "utc": "unix32", "time32": "unix32",
}  # fmt: skip
_WIDER: Final = {
    ("int16", 2): "int32", ("int16", 4): "int64", ("uint16", 2): "uint32", ("uint16", 4): "uint64",
    ("float32", 4): "float64", ("bcd16", 2): "bcd32", ("int32", 4): "int64", ("uint32", 4): "uint64",
}  # fmt: skip
WORDS: Final = {
    "bool": 1, "int16": 1, "uint16": 1, "enum": 1, "bcd16": 1, "int32": 2, "uint32": 2, "float32": 2, "bcd32": 2,
    "unix32": 2, "int64": 4, "uint64": 4, "float64": 4,
}  # fmt: skip
RANGES: Final = {
    "int16": (-(2**15), 2**15 - 1), "uint16": (0, 2**16 - 1), "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1), "int64": (-(2**53), 2**53), "uint64": (0, 2**53), "bcd16": (0, 9_999),
    "bcd32": (0, 99_999_999),
}  # fmt: skip
_ORDER_WORDS: Final = (
    ("cdab", "CDAB"), ("badc", "BADC"), ("dcba", "DCBA"), ("abcd", "ABCD"), ("byteandwordswap", "DCBA"),
    ("bytewordswap", "DCBA"), ("littleendianbyteswap", "CDAB"), ("bigendianbyteswap", "BADC"),
    ("byteswap", "BADC"), ("bigendianwordswap", "CDAB"), ("wordswap", "CDAB"), ("swapped", "CDAB"),
    ("lswfirst", "CDAB"), ("lowwordfirst", "CDAB"), ("lowfirst", "CDAB"), ("lsbfirst", "CDAB"),
    ("mswfirst", "ABCD"), ("highwordfirst", "ABCD"), ("highfirst", "ABCD"), ("msbfirst", "ABCD"),
    ("lswmsw", "CDAB"), ("mswlsw", "ABCD"), ("lohi", "CDAB"), ("hilo", "ABCD"), ("littleendianword", "CDAB"),
    ("bigendian", "ABCD"), ("littleendian", "DCBA"), ("swap", "CDAB"),
)  # fmt: skip
_SHORT_ORDERS: Final = {
    "be": "ABCD",
    "le": "DCBA",
    "msb": "ABCD",
    "lsb": "CDAB",
    "msw": "ABCD",
    "lsw": "CDAB",
}
_TABLES: Final = (
    (re.compile(r"hold|^hr$|4x|^4$"), "HR"),
    (re.compile(r"discrete|^di$|1x|^1$|input status|input bit"), "DI"),
    (re.compile(r"input|^ir$|3x|^3$"), "IR"),
    (re.compile(r"coil|^co?$|0x|^0$"), "CO"),
)
_FUNCTIONS: Final = {
    1: "CO",
    2: "DI",
    3: "HR",
    4: "IR",
    5: "CO",
    15: "CO",
    6: "HR",
    16: "HR",
    22: "HR",
    23: "HR",
}
_WRITES: Final = (5, 6, 15, 16, 22, 23)
_READ_WRITE: Final = frozenset((
    "rw", "wr", "w", "wo", "readwrite", "readandwrite", "writeread", "write", "writeonly", "writable", "writeable",
    "lesenschreiben", "lesenundschreiben", "schreibenlesen", "schreiblesen", "schreiben", "nurschreiben",
))  # fmt: skip
_READ_ONLY: Final = frozenset(("", "r", "ro", "read", "readonly", "lesen", "nurlesen"))
_NOT_SWAPPED: Final = frozenset((
    "noswap", "noswapping", "notswapped", "nonswapped", "unswapped", "withoutswap", "nowordswap", "nobyteswap",
))  # fmt: skip
_NOT: Final = re.compile(r"\b(?:no|not|non|never|without|nicht|kein\w*|ohne)\b|\bun")


def squeezed(text: str) -> str:
    """Small letters and digits only."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())


def type_of(text: str, words: int) -> tuple[str, str, int]:
    """Type in the device, byte order and bytes of a string that a cell such as ``INT32_SWAP`` or ``STRING(16)`` says.

    The type is empty when the word is not known; ``words`` widens a short one (``INT`` with two registers).
    """
    order = ""
    rest = squeezed(text)
    for word, meant in _ORDER_WORDS:
        if len(rest) > len(word) and word in rest:
            rest, order = rest.replace(word, "", 1), meant
            break
    else:
        for word, meant in _SHORT_ORDERS.items():
            if rest.endswith(word) and rest[: -len(word)] in _TYPES:
                rest, order = rest[: -len(word)], meant
                break
    length = 0
    kind = _TYPES.get(rest, "")
    if not kind and (found := re.fullmatch(r"(string|str|ascii|char|text)(\d{1,3})", rest)):
        kind, length = "string", int(found[2])
    if not kind and (found := re.fullmatch(r"(16|32|64)(?:bits?)?(.+)", rest)):
        kind = _TYPES.get(found[2] + found[1], "")
    if not kind:
        rest = re.sub(r"(bits?|integer|number|value)$", "", rest)
        kind = _TYPES.get(rest, "")
    return _WIDER.get((kind, words), kind), order, length


def order_of(text: str) -> str | None:
    """The byte order that a cell says; empty for an empty cell, None for a word that is not known."""
    word = squeezed(text)
    if word in ("", "no", "none", "false", "0", "normal"):
        return ""
    if word in ("yes", "true", "1"):
        return "CDAB"
    if word in _NOT_SWAPPED:
        return "ABCD"
    if _NOT.search(text.lower()):
        return None  # what is denied is not guessed: "swap" stands in "not swapped" too
    if word in _SHORT_ORDERS:
        return _SHORT_ORDERS[word]
    return next((meant for known, meant in _ORDER_WORDS if known in word), None)


def table_of(text: str) -> str:
    """``HR IR DI CO`` for the words of a map; empty when it says none."""
    word = text.strip().lower()
    return next((table for pattern, table in _TABLES if pattern.search(word)), "") if word else ""


def functions_of(text: str) -> tuple[str, bool]:
    """The table that function codes such as ``03/06/16`` read, and whether one of them writes."""
    codes = [
        int(code, 16) if "x" in code.lower() else int(code)
        for code in re.findall(r"0x[0-9a-fA-F]{1,4}|\d{1,4}", text)
    ]
    known = [code for code in codes if code in _FUNCTIONS]
    reads = [code for code in known if code not in _WRITES]
    first = (reads or known)[:1]
    return (_FUNCTIONS[first[0]] if first else ""), any(code in _WRITES for code in known)


def may_write(text: str) -> bool | None:
    """Whether words of access such as ``R/W`` let it be written; None for words that are not known."""
    word = squeezed(text)
    if word in _READ_WRITE:
        return True
    return False if word in _READ_ONLY else None
