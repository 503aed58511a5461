"""SE-13: under ten times the usual updates a display still opens and a command is still confirmed in usual time."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from fake_runtime import fake_runtime

from hmi.client.port import Event, LiveUpdate
from hmi.client.socket import SocketClient
from hmi.core.commands import CommandState, OperatorCommand
from hmi.core.values import EURange, ValueType
from hmi.project.plant import CommandRule, Plant
from hmi.testing.driver import SIMULATOR, FakePlc
from hmi.testing.plant import make_plant, make_tag

TAGS, STEP_S = 500, 0.1
USUAL, FLOOD = TAGS, 10 * TAGS
"""Changed values a second."""
TIMES, AT_MOST, RECOVERY_S = 15, 2.0, 30.0
SET = "sp"


class Screen:
    """What a station gets, and since when it has a value of every tag."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.heartbeat = 0
        self.news = asyncio.Event()

    def on_live(self, update: LiveUpdate) -> None:
        self.heartbeat = update.heartbeat
        for name, value in zip(update.tags, update.values, strict=True):
            self.values[name] = value.value
        self.news.set()

    def on_event(self, event: Event) -> None:
        return

    def on_link(self, up: bool, text: str) -> None:
        return

    async def until(self, names: list[str]) -> None:
        async with asyncio.timeout(60):
            while not self.values.keys() >= set(names):
                self.news.clear()
                await self.news.wait()
