"""A small plant that records everything it shows, with a runtime over a fake device in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import tomlkit
from fake_runtime import fake_runtime

from hmi.core.principal import Principal, Role
from hmi.core.values import Value
from hmi.project import new_plant, open_plant
from hmi.project.folder_files import signature_of
from hmi.runtime import Runtime, keep_revision
from hmi.testing.driver import FakePlc

LEVEL, FLOW = "area1/lt101", "area1/ft101"
ENGINEER = Principal("engineer", "local", "test", frozenset({Role.VIEW, Role.ENGINEER}))
T = TypeVar("T")
PATIENCE_S = 60.0


def works_that_record(folder: Path) -> Path:
    """The plant that ``hmi new`` makes: fake devices, alarms without delay, every change of every tag recorded.

    Without curves on its display: where their columns begin is told by the time at which a window was opened.
    """
    new_plant(folder)
    toml = folder / "plant.toml"
    text = toml.read_text(encoding="utf-8").replace("tcp://127.0.0.1:502", "tcp://127.0.0.1:1")
    text = text.replace('driver = "modbus"', 'driver = "modbus"\nsimulated = true')
    toml.write_text(text, encoding="utf-8")
    alarms = folder / "alarms.csv"
    alarms.write_text(alarms.read_text(encoding="utf-8").replace(",0.1,5,2,", ",0.1,0,2,"), encoding="utf-8")
    tags = folder / "tags.csv"
    head, *rows = tags.read_text(encoding="utf-8").replace(",normal,m", ",fast,m").splitlines()
    every_change = [f"{head},compression,exc_dev", *(row + ",off,0" for row in rows)]
    tags.write_text("\n".join(every_change) + "\n", encoding="utf-8")
    for file in (folder / "displays").glob("*.json"):
        display = json.loads(file.read_text(encoding="utf-8"))
        display["elements"] = [one for one in display["elements"] if one["type"] != "trend"]
        file.write_text(json.dumps(display), encoding="utf-8")
    for file in (folder / "types").glob("*.toml"):
        document = tomlkit.parse(file.read_text(encoding="utf-8"))
        for signal in document["signals"].values():  # type: ignore[union-attr]
            signal["history"] = True
        file.write_text(tomlkit.dumps(document), encoding="utf-8")
    return folder


class Works:
    """One runtime at ``data``; every call into it goes to its own loop."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.data, self.plc = folder, data, FakePlc()
        self.runtime: Runtime
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="runtime", daemon=True)
        self._stack = AsyncExitStack()

    def start(self, values: Mapping[str, Value]) -> None:
        plant = open_plant(self.folder)
        self.plc.values = {tag.handle: False for tag in plant.tags if tag.type.value == "bool"}
        self.plc.values |= {tag.handle: 0.0 for tag in plant.tags if tag.handle not in self.plc.values}
        self.plc.values |= {plant.by_name[name].handle: value for name, value in values.items()}
        self.data.mkdir(exist_ok=True)
        keep_revision(self.data, self.folder, plant.revision, signature_of(self.folder))
        self._thread.start()
        self.runtime = self.call(self._stack.enter_async_context(fake_runtime(plant, self.plc, self.data)))
        until(lambda: all(self.value(name) == value for name, value in values.items()))

    def stop(self) -> None:
        self.call(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def value(self, name: str) -> Value:
        return self.runtime.services.tags.values[name].value

    def put(self, **values: Value) -> None:
        """Tags by the last part of their name; returns when the runtime has them."""
        names = {name: f"area1/{name}" for name in values}
        handles = self.runtime.plant.by_name
        self.plc.values.update({handles[names[key]].handle: value for key, value in values.items()})
        until(lambda: all(self.value(names[key]) == value for key, value in values.items()))

    def now(self) -> int:
        """Session time, UTC ns."""
        return self.runtime.services.clock.now_ns()

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def reload(self) -> None:
        """Take the plant folder as it is now."""
        result = self.call(self.runtime.reload(ENGINEER))
        assert not result.refusals


def until(done: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait for a condition; fails the test when it does not come."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.02)


@contextmanager
def works_at(folder: Path, values: Mapping[str, Value]) -> Iterator[Works]:
    """A new plant below ``folder`` and its runtime."""
    works = Works(works_that_record(folder / "works"), folder / "data")
    works.start(values)
    try:
        yield works
    finally:
        works.stop()
