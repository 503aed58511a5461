"""What the tag engine asks of a source of values; the records of ``hmi.acquisition.port`` fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hmi.core.values import DataValue


class SourceBatch(Protocol):
    """Raw values by handle of one source group; ``alive`` when the group gave proof of life."""

    @property
    def group(self) -> str: ...

    @property
    def updates(self) -> Sequence[tuple[int, DataValue]]: ...

    @property
    def alive(self) -> bool: ...


class SourceGroup(Protocol):
    """Tags that live and die together, with the period their age is judged by."""

    @property
    def name(self) -> str: ...

    @property
    def period_ms(self) -> int: ...

    @property
    def handles(self) -> Sequence[int]: ...
