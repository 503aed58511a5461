"""Item paths of Ignition as addresses of our drivers: those of its Modbus driver, and nodes of OPC UA servers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hmi.importers.ignition._bindings import Hole, Text, Unsayable, joined, plain, rendered

_MARK: Final = "\ue000"
_N: Final = rf"(?:\d|{_MARK}\d+{_MARK})+"
_PREFIX: Final = re.compile(r"(?:ns=\d+;|nsu=[^;]*;)?s=", re.IGNORECASE)
_DEVICE: Final = re.compile(r"\[(?P<device>[^\]]*)\](?P<item>.*)", re.DOTALL)
_MODBUS: Final = re.compile(
    rf"(?:(?P<unit>{_N})\.)?(?P<table>HR|IR|DI|C)(?P<kind>BCD_32|BCD|UI_64|I_64|UI|US|I|F|D|S)?"
    rf"(?P<number>{_N})(?:\.(?P<bit>{_N})|:(?P<length>{_N}))?",
    re.IGNORECASE,
)
_ONE_MARK: Final = re.compile(rf"{_MARK}(\d+){_MARK}")
_TABLES: Final = {"C": "CO"}
_DIGITS: Final = re.compile(
    rf"(?:(?P<unit>{_N})\.)?(?P<number>{_N})(?P<kind>F)?(?:\.(?P<bit>{_N}))?", re.IGNORECASE
)
_SIX: Final = re.compile(r"[0134]\d{4,5}")
_NODE: Final = re.compile(r"(?:(?:ns=\d+|nsu=[^;]+);)?[isgb]=.+", re.DOTALL)
OWN_SERVER: Final = "Ignition OPC UA Server"

WIRES: Final = {
    "": "int16", "US": "uint16", "I": "int32", "UI": "uint32", "I_64": "int64", "UI_64": "uint64", "F": "float32",
    "D": "float64", "BCD": "bcd16", "BCD_32": "bcd32", "S": "string",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """Where a tag lies. ``driver`` of ours, ``device``: what names the connection, ``wire``: type in the device."""

    driver: str
    device: Text
    address: str
    wire: str = ""
    length: str = ""


def target_of(
    item: Text, server: Text, names: Mapping[str, str], *, base: int, samples: tuple[str, ...]
) -> Target:
    """The target of an item path; ``names`` of our parameters. ``samples``: the item as the instances give it, which
    tell what a parameter that is the whole address holds. Unsayable when it is no path of an OPC UA server.
    """
    holes: list[Hole] = []
    text = _marked(item, holes).strip()
    inner = _PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text
    if (found := _DEVICE.fullmatch(inner)) is None:
        return _node(text, server, holes, names)
    device, rest = _unmarked(found["device"].strip(), holes), found["item"].strip()
    if not device:
        raise Unsayable(f"has the item path {_shown(text, holes)!r}, which names no device")
    known = _modbus(rest, base, holes) or _digits(rest, samples)
    if known is None:
        shown = text if _PREFIX.match(text) else f"ns=1;s={text}"
        return _node(shown, server or (OWN_SERVER,), holes, names)
    address, wire, length = (rendered(_unmarked(part, holes), names) for part in known)
    return Target("modbus", device, address, wire, length)


def _node(text: str, server: Text, holes: list[Hole], names: Mapping[str, str]) -> Target:
    if not _NODE.fullmatch(text) and not text.startswith(_MARK):
        raise Unsayable(f"has the item path {_shown(text, holes)!r}, which is no node of an OPC UA server")
    return Target("opcua", server or (OWN_SERVER,), rendered(_unmarked(text, holes), names))


def _modbus(text: str, base: int, holes: list[Hole]) -> tuple[str, str, str] | None:
    found = _MODBUS.fullmatch(text)
    if found is None:
        return None
    table, kind = found["table"].upper(), (found["kind"] or "").upper()
    if table in ("C", "DI"):
        if kind or found["bit"] or found["length"]:
            return None
    elif (kind == "S") != bool(found["length"]):
        return None
    unit = f"{found['unit']}." if found["unit"] else ""
    number = _less_one(found["number"], holes) if base else found["number"]
    bit = f".{found['bit']}" if found["bit"] else ""
    wire = "" if table in ("C", "DI") or bit else WIRES[kind]
    return f"{unit}{number} {_TABLES.get(table, table)}{bit}", wire, found["length"] or ""


def _less_one(number: str, holes: list[Hole]) -> str:
    """A number that counts from 1, counted from 0 as the protocol does: no setting of a connection changes that."""
    if number.isdigit():
        if int(number) < 1:
            raise Unsayable(
                "names register 0, but counts from 1; say --set base=0 where the device counts from 0"
            )
        return str(int(number) - 1)
    if (only := _ONE_MARK.fullmatch(number)) is None:
        raise Unsayable(
            "puts a parameter beside other digits of its register; give the parameter the whole number"
        )
    hole = holes[int(only[1])]
    holes.append(Hole(hole.name, hole.offset - 1))
    return f"{_MARK}{len(holes) - 1}{_MARK}"


def _digits(text: str, samples: tuple[str, ...]) -> tuple[str, str, str] | None:
    """``40001``, ``40001F`` and a parameter that holds such a number."""
    found = _DIGITS.fullmatch(text)
    if found is None:
        return None
    number = found["number"]
    if _MARK in number:
        given = [
            (_DEVICE.fullmatch(_PREFIX.sub("", one, count=1)) or {"item": ""})["item"] for one in samples
        ]
        matches = [_DIGITS.fullmatch(one.strip()) for one in given]
        if not matches or not all(one is not None and _SIX.fullmatch(one["number"]) for one in matches):
            return None
    elif not _SIX.fullmatch(number):
        return None
    unit = f"{found['unit']}." if found["unit"] else ""
    bit = f".{found['bit']}" if found["bit"] else ""
    wire = "float32" if found["kind"] else "" if bit or number[0] in "01" else "int16"
    return f"{unit}{number}{bit}", wire, ""


def _marked(text: Text, holes: list[Hole]) -> str:
    """One string in which each parameter is a mark with its number."""
    out: list[str] = []
    for part in text:
        if isinstance(part, str):
            out.append(part.replace(_MARK, ""))
        else:
            out.append(f"{_MARK}{len(holes)}{_MARK}")
            holes.append(part)
    return "".join(out)


def _unmarked(text: str, holes: list[Hole]) -> Text:
    parts = text.split(_MARK)
    return joined(tuple(part if n % 2 == 0 else holes[int(part)] for n, part in enumerate(parts)))


def _shown(text: str, holes: list[Hole]) -> str:
    return (plain(_unmarked(text, holes)) or re.sub(f"{_MARK}.*?{_MARK}", "{…}", text))[:80]
