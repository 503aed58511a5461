"""Names and ids: a name is what people read and may change, an id is for ever (design 2b.1)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import NewType

TagName = NewType("TagName", str)
TagId = NewType("TagId", str)

_PART = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_NAME = re.compile(rf"{_PART}(/{_PART}){{0,7}}(\.[A-Za-z][A-Za-z0-9_]{{0,63}})?")
_ID = re.compile(r"[a-z]{1,3}_[a-z0-9]{6,26}")
_ALPHABET = b"0123456789abcdefghjkmnpqrstvwxyz"
_LETTERS = _ALPHABET * (256 // len(_ALPHABET))  # a letter for every byte, each as likely
_ID_LETTERS = 12
_RUNTIME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
FILE_NAME = re.compile(r"[a-z0-9_-]{1,64}")
RUNTIME_MARK = "::"


def is_tag_name(text: str) -> bool:
    """True for ``area/unit/equipment.signal`` (the signal part may be missing for a plain tag)."""
    return _NAME.fullmatch(text) is not None


def is_runtime_name(text: str) -> bool:
    """True for what may stand before ``::``: a letter, then letters, digits, _ and -, at most 32 in all."""
    return _RUNTIME.fullmatch(text) is not None


def is_tag_reference(text: str) -> bool:
    """True for a tag name, and for one with the name of a runtime and ``::`` before it."""
    reference = TagRef.parse(text)
    of_home = RUNTIME_MARK not in text
    return is_tag_name(reference.name) and (of_home or is_runtime_name(reference.runtime))


def is_id(text: str) -> bool:
    """True for a prefix and a token such as ``t_0h2k4m6n8p``."""
    return _ID.fullmatch(text) is not None


def new_id(prefix: str) -> str:
    """A fresh id: ``t`` tag, ``i`` instance, ``a`` alarm, ``d`` display, ``e`` element, ``c`` command, ``p`` plant."""
    return f"{prefix}_{secrets.token_bytes(_ID_LETTERS).translate(_LETTERS).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class TagRef:
    """A reference to a tag, with an optional runtime before ``::`` (design 2b.9).

    No tag name and no id can contain the mark, so that a reference reads in one way only.
    """

    runtime: str
    name: str

    @classmethod
    def parse(cls, text: str) -> TagRef:
        runtime, mark, name = text.rpartition(RUNTIME_MARK)
        return cls(runtime if mark else "", name)

    @property
    def prefix(self) -> str:
        """``runtime::``, or empty for what the home runtime holds."""
        return self.runtime + RUNTIME_MARK if self.runtime else ""


def is_elsewhere(name: str) -> bool:
    """True for what another runtime of the station holds: it is looked up there, not in this plant."""
    return bool(TagRef.parse(name).runtime) and is_tag_reference(name)
