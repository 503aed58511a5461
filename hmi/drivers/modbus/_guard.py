"""Checks every request before it is sent and every answer before it is used; pure, no I/O (standards 4.4, 4.5)."""

from __future__ import annotations

from hmi.core import quality
from hmi.core.errors import DeviceError, ProtocolViolation

READ_COILS, READ_DISCRETE, READ_HOLDING, READ_INPUT = 0x01, 0x02, 0x03, 0x04
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS, MASK_WRITE = 0x05, 0x06, 0x0F, 0x10, 0x16
IDENTIFY = 0x2B

READS = frozenset((READ_COILS, READ_DISCRETE, READ_HOLDING, READ_INPUT))
WRITES = frozenset((WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS, MASK_WRITE))
SENDABLE = READS | WRITES | {IDENTIFY}
LIMITS = {
    READ_COILS: 2000,
    READ_DISCRETE: 2000,
    READ_HOLDING: 125,
    READ_INPUT: 125,
    WRITE_COIL: 1,
    WRITE_REGISTER: 1,
    WRITE_COILS: 1968,
    WRITE_REGISTERS: 123,
    MASK_WRITE: 1,
}

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4
ACKNOWLEDGE, BUSY, NEGATIVE_ACKNOWLEDGE, PARITY = 5, 6, 7, 8
GATEWAY_PATH, GATEWAY_TARGET = 0x0A, 0x0B

# code -> (what the device says, OPC UA status of the tags)
EXCEPTIONS: dict[int, tuple[str, int]] = {
    ILLEGAL_FUNCTION: ("does not know the function", quality.BAD_CONFIGURATION),
    ILLEGAL_ADDRESS: ("has no such address", quality.BAD_CONFIGURATION),
    ILLEGAL_VALUE: ("refuses the value or the length", quality.BAD_CONFIGURATION),
    DEVICE_FAILURE: ("reports a device failure", quality.BAD_DEVICE_FAILURE),
    ACKNOWLEDGE: ("has accepted and is still working", quality.BAD_DEVICE_FAILURE),
    BUSY: ("is busy", quality.BAD_DEVICE_FAILURE),
    NEGATIVE_ACKNOWLEDGE: ("cannot carry it out", quality.BAD_DEVICE_FAILURE),
    PARITY: ("reports a memory parity error", quality.BAD_DEVICE_FAILURE),
    GATEWAY_PATH: ("cannot be reached: the gateway has no path", quality.BAD_NO_COMMUNICATION),
    GATEWAY_TARGET: ("does not answer its gateway", quality.BAD_NO_COMMUNICATION),
}


def check_request(function: int, offset: int, count: int) -> None:
    """Refuse what the protocol forbids, before it is sent; the library lets some of it pass."""
    if function not in READS and function not in WRITES:
        raise ProtocolViolation(f"function 0x{function:02X} is not one that this product sends")
    limit = LIMITS[function]
    if not 1 <= count <= limit:
        raise ProtocolViolation(f"function 0x{function:02X} carries 1 to {limit} items, not {count}")
    if not (offset >= 0 and offset + count <= 65536):
        raise ProtocolViolation(f"items {offset} to {offset + count - 1} leave the range 0 to 65535")


def check_exception(function: int, answer: bytes, unit: int) -> None:
    """Raise DeviceError when a well-formed exception answers ``function``."""
    if len(answer) == 2 and answer[0] == function | 0x80:
        code = answer[1]
        text, status = EXCEPTIONS.get(code, (f"answers exception {code}", quality.BAD_DEVICE_FAILURE))
        raise DeviceError(f"unit {unit} {text} (exception {code:02X})", status=status, code=code)
    if not answer or answer[0] != function:
        got = answer[:1].hex() or "nothing"
        raise ProtocolViolation(f"unit {unit} answered function {got} to 0x{function:02X}")


def read_data(function: int, count: int, answer: bytes, unit: int) -> bytes:
    """Data bytes of a read answer that fits its question in function, byte count and length."""
    size = (count + 7) // 8 if function in (READ_COILS, READ_DISCRETE) else count * 2
    if len(answer) == size + 2 and answer[0] == function and answer[1] == size:
        return answer[2:]
    check_exception(function, answer, unit)
    raise ProtocolViolation(
        f"unit {unit} answered {len(answer)} bytes where {size + 2} were expected for {count} items"
    )


def check_echo(request: bytes, answer: bytes, unit: int) -> None:
    """The answer of a write repeats its request (0x0F and 0x10: its first five bytes)."""
    function = request[0]
    check_exception(function, answer, unit)
    expected = request[:5] if function in (WRITE_COILS, WRITE_REGISTERS) else request
    if answer != expected:
        raise ProtocolViolation(f"unit {unit} confirmed {answer.hex()} instead of {expected.hex()}")
