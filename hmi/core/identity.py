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
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
FILE_NAME = re.compile(r"[a-z0-9_-]{1,64}")


def is_tag_name(text: str) -> bool:
    """True for ``area/unit/equipment.signal`` (the signal part may be missing for a plain tag)."""
    return _NAME.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """True for a prefix and a token such as ``t_0h2k4m6n8p``."""
    return _ID.fullmatch(text) is not None


def new_id(prefix: str) -> str:
    """A fresh id: ``t`` tag, ``i`` instance, ``a`` alarm, ``d`` display, ``e`` element, ``c`` command, ``p`` plant."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(12))}"


@dataclass(frozen=True, slots=True)
class TagRef:
    """A reference to a tag, with an optional runtime before ``::`` (design 2b.9)."""

    runtime: str
    name: str

    @classmethod
    def parse(cls, text: str) -> TagRef:
        runtime, mark, name = text.rpartition("::")
        return cls(runtime if mark else "", name)
