"""Lets the library decode a message only as long as it makes headway in the bytes that are there.

The seams used are ``ua_binary.unpack_uatype_array`` and ``ua_binary._reshape``; they belong to asyncua 2.1 and are
covered by the fuzz tests.
"""

# pyright: reportPrivateImportUsage=false, reportPrivateUsage=false
# the library re-exports its names without saying so; where its buffer stands is known to the buffer alone
from __future__ import annotations

from math import prod
from typing import Any, Final

from asyncua import ua
from asyncua.common.utils import Buffer, NotEnoughData
from asyncua.ua import ua_binary

from hmi.core.errors import ProtocolViolation

MAX_PARTS: Final = 150_000
"""Parts of one message that are read one by one; an array of numbers is one part. The time to decode goes with them."""
_unpack_array, _unfold = ua_binary.unpack_uatype_array, ua_binary._reshape


class BoundedBuffer(Buffer):
    """Goes forward only, and not without end: the library takes a negative length for a step back."""

    def __init__(
        self, data: bytes, start_pos: int, size: int, most: int = MAX_PARTS, spent: list[int] | None = None
    ) -> None:
        super().__init__(data, start_pos, size)
        self._most, self._spent = most, [0] if spent is None else spent  # shared with the copies

    def read(self, size: int) -> bytes:
        if size < 0:
            raise NotEnoughData(f"a length of {size}")
        self._spent[0] += 1
        if self._spent[0] > self._most:
            raise NotEnoughData(f"more than {self._most} parts")
        return super().read(size)

    def copy(self, size: int = -1) -> BoundedBuffer:
        size = self._size if size < 0 else min(size, self._size)
        return BoundedBuffer(self._data, self._cur_pos, size, self._most, self._spent)


def _array(vtype: Any, data: Any) -> list[Any] | None:
    """Elements of the type Null take no bytes, so that any number of them would fit; nobody sends them."""
    if vtype is not ua.VariantType.Null:
        return _unpack_array(vtype, data)
    if ua_binary.Primitives.Int32.unpack(data) > 0:
        raise ua.UaError("an array whose elements have no type")
    return None


def _matrix(flat: list[Any], sizes: list[int] | None) -> list[Any]:
    """The library fills up what the sizes announce and the message does not hold, up to a million elements."""
    if not sizes:
        return flat
    if min(sizes) < 0 or prod(sizes) != len(flat):
        raise ua.UaError("a matrix of another size than it announces")
    return _unfold(flat, sizes) if flat else flat


ua_binary.unpack_uatype_array = _array
ua_binary._reshape = _matrix


def decoded(kind: Any, answer: Any, most: int = MAX_PARTS) -> Any:
    """The answer as the library's ``kind``; ProtocolViolation when it is malformed or has more than ``most`` parts.

    ``answer`` is a buffer of the library that stands at the beginning of the response.
    """
    bounded = BoundedBuffer(answer._data, answer._cur_pos, answer._size, most)
    try:
        return ua_binary.struct_from_binary(kind, bounded)
    # whatever a malformed message raises inside the library, the message is not used
    except Exception as error:
        raise ProtocolViolation(f"{kind.__name__} cannot be decoded: {error}") from error
