"""Says in words what a Modbus frame asks and answers: for the log of frames and the list of errors; pure."""

from __future__ import annotations

from typing import Final

from hmi.core.texts import tr
from hmi.drivers.modbus import _guard

_FUNCTIONS: Final = {
    _guard.READ_COILS: "read coils",
    _guard.READ_DISCRETE: "read discrete inputs",
    _guard.READ_HOLDING: "read holding registers",
    _guard.READ_INPUT: "read input registers",
    _guard.WRITE_COIL: "write coil",
    _guard.WRITE_REGISTER: "write register",
    _guard.WRITE_COILS: "write coils",
    _guard.WRITE_REGISTERS: "write registers",
    _guard.MASK_WRITE: "mask write register",
    _guard.IDENTIFY: "read identification",
}
_TABLES: Final = {
    _guard.READ_COILS: "CO", _guard.WRITE_COIL: "CO", _guard.WRITE_COILS: "CO", _guard.READ_DISCRETE: "DI",
    _guard.READ_INPUT: "IR",
}  # fmt: skip
_COUNTED: Final = _guard.READS | {_guard.WRITE_COILS, _guard.WRITE_REGISTERS}


def function_words(pdu: bytes) -> str:
    """``03 read holding registers`` of a question or an answer; empty when there is no function."""
    if not pdu:
        return ""
    code = pdu[0] & 0x7F
    return f"{code:02X} {tr(_FUNCTIONS[code])}" if code in _FUNCTIONS else f"{code:02X}"


def request_words(pdu: bytes) -> tuple[str, str]:
    """Function and range of addresses as a plant writes them, the first item is number 1: ``HR1-HR20``."""
    code = pdu[0]
    if code == _guard.IDENTIFY or len(pdu) < 5:
        return function_words(pdu), ""
    table, first = _TABLES.get(code, "HR"), int.from_bytes(pdu[1:3], "big") + 1
    count = int.from_bytes(pdu[3:5], "big") if code in _COUNTED else 1
    last = f"-{table}{first + count - 1}" if count > 1 else ""
    return function_words(pdu), f"{table}{first}{last}"


def code_words(answer: bytes) -> str:
    """``02 has no such address`` of an exception answer."""
    code = answer[1] if len(answer) > 1 else 0
    found = _guard.EXCEPTIONS.get(code)
    return f"{code:02X} {tr(found[0])}" if found else f"{code:02X}"


def result_words(answer: bytes) -> str:
    """What an answer says."""
    if answer[:1] and answer[0] & 0x80:
        return tr("exception {code}", code=code_words(answer))
    return tr("ok")
