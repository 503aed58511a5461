"""How likely words are a text: characters that can be printed, in an order that languages and type names have; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hmi.drivers.modbus._guess_costs import LIVES, NEVER
from hmi.drivers.modbus._guess_kinds import Bits, Words

_NUL, _SPACE, _DIGIT, _UPPER, _LOWER, _MARK, _OTHER = range(7)
_CLASS_COST = (0.0, 4.0, 4.6, 5.2, 5.0, 6.5, NEVER)
_CLASSES = np.full(256, _OTHER)
_CLASSES[0] = _NUL
_CLASSES[33:127] = _MARK
_CLASSES[32] = _SPACE
_CLASSES[ord("0") : ord("9") + 1] = _DIGIT
_CLASSES[ord("A") : ord("Z") + 1] = _UPPER
_CLASSES[ord("a") : ord("z") + 1] = _LOWER

# from class (row) to class: nothing comes behind the end of a text, and words do not change case in the middle
_FOLLOWS = np.array(
    [  # nul  space digit upper lower mark other
        [0.3, 9.0, 9.0, 9.0, 9.0, 9.0, NEVER],
        [1.0, 0.5, 0.0, -0.5, 0.0, 0.5, NEVER],
        [0.5, 0.5, -1.5, 1.0, 2.0, 0.0, NEVER],
        [1.0, 0.8, 0.5, -1.0, 0.3, 0.0, NEVER],
        [1.0, 0.3, 1.0, 3.5, -1.2, 0.5, NEVER],
        [1.5, 0.5, -0.5, 0.0, 0.5, 1.0, NEVER],
        [NEVER] * 7,
    ]
)
_PAIRS = (
    "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me "
    "de hi ri ro ic ne ea ra ce li ch ll be ma si om ur pu um mp va lv ta nk ev el fl lo ow mo ot pr ss "
    "su sp ee po we pe nu no mb br vo lt cu rr tr ol sy em vi un et rt"
)
_USUAL = np.zeros((256, 256))
for _pair in _PAIRS.split():
    for _text in (_pair, _pair.upper(), _pair.capitalize()):
        _USUAL[ord(_text[0]), ord(_text[1])] = -1.6
_FIRST_COST = np.array(_CLASS_COST)
ENTRY = 9.0  # one word alone is hardly a text


def text_cost(words: Words, *, swapped: bool) -> tuple[Bits, Bits]:
    """Cost of each word as the first one of a text, and as one that goes on from the word before."""
    first, second = _characters(words[0], swapped=swapped)
    moving = ~(words == words[0]).all(axis=0)
    own = _pair_cost(first, second) + LIVES + np.where(moving, NEVER, 0.0)
    begin = _FIRST_COST[_CLASSES[first]] + own + ENTRY
    begin = np.where(first == 0, NEVER, begin)
    go_on = np.full(len(first), NEVER)
    go_on[1:] = _pair_cost(second[:-1], first[1:]) + own[1:]
    return begin, go_on


def _characters(words: NDArray[np.uint16], *, swapped: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    high, low = (words >> 8).astype(np.int64), (words & 0xFF).astype(np.int64)
    return (low, high) if swapped else (high, low)


def _pair_cost(before: NDArray[np.int64], after: NDArray[np.int64]) -> Bits:
    """Cost of a character behind another one."""
    classes = _CLASSES[after]
    own = np.where(after == 0, 0.7, _FIRST_COST[classes])
    return own + _FOLLOWS[_CLASSES[before], classes] + _USUAL[before, after]


def as_text(words: NDArray[np.uint16], *, swapped: bool) -> str:
    """The characters up to the first zero."""
    raw = words.astype("<u2" if swapped else ">u2").tobytes()
    return raw.split(b"\0", 1)[0].decode("latin-1").rstrip(" ")
