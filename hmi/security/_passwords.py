"""Passwords: how they are kept (argon2id, library default) and which ones are refused (CR 1.5, CR 1.7, 11.300)."""

from __future__ import annotations

import base64
import logging
import re
import secrets
import unicodedata
from collections.abc import Iterable
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from hmi.core.texts import tr
from hmi.security._common_words import COMMON, ROWS

log = logging.getLogger(__name__)

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 256
HISTORY: Final = 5
"""So many last passwords, the present one among them, are not taken again."""

_hasher = PasswordHasher()
_LEAST_LEFT = 4  # letters that belong to no known word
_LEAST_DIFFERENT = 5
_ROW = 3
_REPEATED = re.compile(r"(.{1,6}?)\1+.{0,2}", re.DOTALL)
_LEET = str.maketrans("013457@$!", "oieastasi")
_SHORT_WORD = 3


def make_hash(password: str) -> str:
    """About 0.3 s and 64 MiB: never on an event loop."""
    return _hasher.hash(_bytes(password))


def is_match(kept: str, password: str) -> bool:
    """Whether the password belongs to a kept hash; as slow as ``make_hash``."""
    try:
        return _hasher.verify(kept, _bytes(password))
    except VerificationError:
        return False
    except InvalidHashError:
        log.error(
            "The kept hash of a password cannot be read; nobody can sign in with it until it is set again."
        )
        return False


def is_outdated(kept: str) -> bool:
    """True for a hash with other parameters than those of today."""
    return _hasher.check_needs_rehash(kept)


def hash_of_nobody() -> str:
    """Costs as much as that of a person, and no password belongs to it: the asker cannot tell an unknown user."""
    kind = {Type.ID: "argon2id", Type.I: "argon2i", Type.D: "argon2d"}[_hasher.type]
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    salt, digest = (_base64(secrets.token_bytes(size)) for size in (_hasher.salt_len, _hasher.hash_len))
    return f"${kind}$v=19${costs}${salt}${digest}"


def weakness(password: str, user: str, words: Iterable[str] = ()) -> str:
    """Why a password is not taken, in one sentence; empty for a good one. ``words``: those of the plant's name."""
    if len(password) < MIN_LENGTH:
        return tr("the password is too short; take at least {least} characters", least=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        return tr("the password is too long; take at most {most} characters", most=MAX_LENGTH)
    plain = unicodedata.normalize("NFKC", password).casefold()
    if len(set(plain)) < _LEAST_DIFFERENT or _REPEATED.fullmatch(plain):
        return tr("the password repeats the same characters; take others")
    if _holds(plain, user):
        return tr("the password holds the user id; take another one")
    own = [user, *words]
    if any(_is_guessable(variant, own) for variant in (plain, plain.translate(_LEET))):
        return tr("the password is made of words, rows and numbers that are tried first; take others")
    return ""


def _holds(plain: str, user: str) -> bool:
    return len(user) > _SHORT_WORD and user.casefold() in plain


def _is_guessable(text: str, own: Iterable[str]) -> bool:
    """Too little is left besides common words, words of the place, rows of keys and numbers."""
    words = {word.casefold() for word in own if len(word) >= _SHORT_WORD} | COMMON
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, " ")
    letters = "".join(part for part in _without_rows(text) if part.isalpha())
    return len(_without_rows(letters)) < _LEAST_LEFT  # once more: digits may stand between what is a row


def _without_rows(text: str) -> str:
    """Without what lies side by side on a keyboard or in the alphabet, either way, and without repeats."""
    kept, at = "", 0
    while at < len(text):
        end = _end_of_row(text, at)
        if end - at >= _ROW:
            at = end
            continue
        kept += text[at]
        at += 1
    return kept


def _end_of_row(text: str, start: int) -> int:
    end = start + 1
    while end < len(text) and _is_row(text[start : end + 1]):
        end += 1
    return end


def _is_row(part: str) -> bool:
    return len(set(part)) == 1 or any(part in row or part[::-1] in row for row in ROWS)


def _bytes(password: str) -> bytes:
    """The same for every keyboard that can type it; a length that is never taken is not worked on."""
    text = unicodedata.normalize("NFKC", password[: MAX_LENGTH + 1])
    return text.encode("utf-8", "surrogatepass")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii").rstrip("=")
