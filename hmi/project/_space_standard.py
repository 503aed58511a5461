"""Data types of the standard itself: which built-in type is sent for each number of namespace 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STRUCTURE: Final = 22
ENUMERATION: Final = 29
_LAST_BUILT_IN: Final = 25
_OF_ANY_TYPE: Final = frozenset((24, 26, 27, 28, 50))
"""BaseDataType, Number, Integer, UInteger and Decimal: the value says which."""

_ENUMERATIONS: Final = (
    ENUMERATION, 98, 120, 256, 257, 302, 303, 307, 315, 348, 576, 851, 852, 890, 11234, 11293, 11939, 12077, 12552,
    14647, 15008, 15539, 15632, 15874, 18595, 18947, 18949, 18951, 19723, 19730, 20408, 24210, 24212, 24214, 24216,
    24218, 24220, 24222, 24224, 32417, 32436,
)  # fmt: skip
_SUBTYPES: Final[Mapping[int, tuple[int, ...]]] = {
    3: (15031, 15033),
    5: (95, 15904, 32251),
    7: (94, 288, 289, 347, 15406, 15583, 15642, 15646, 15654, 15658, 17588, 18956, 19749, 20998, 23564, 24277, 24279,
        25517, 31917),
    9: (11737,),
    11: (290,),
    12: (291, 295, 12877, 12878, 12879, 12880, 12881, 23751, 24263, 25726, 31918),
    13: (293, 294),
    15: (30, 311, 521, 2000, 2001, 2002, 2003, 16307),
    17: (388,),
}  # fmt: skip
_BUILT_IN_OF: Final = dict.fromkeys(_ENUMERATIONS, ENUMERATION) | {
    number: built_in for built_in, numbers in _SUBTYPES.items() for number in numbers
}


def standard_type(number: int) -> int:
    """The built-in type (or Enumeration) of a data type of namespace 0; 0 where only the value says it."""
    if number in _OF_ANY_TYPE:
        return 0
    if number <= _LAST_BUILT_IN:
        return number
    return _BUILT_IN_OF.get(number, STRUCTURE)
