"""GET /v1/reload: what a reload would change, for whoever may look; one at a time, so that no reload waits long."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from hmi.client.port import ReloadResult
from hmi.core.principal import DEMO_OPERATOR, Role
from hmi.runtime._reload_api import ReloadApi
from hmi.runtime._verbs import BadRequest


@pytest.mark.asyncio
async def test_a_second_question_is_refused_while_the_folder_is_read() -> None:
    asked: list[bool] = []
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def reload(_principal: Any, *, dry_run: bool) -> ReloadResult:
        asked.append(dry_run)
        begun.set()
        await go_on.wait()
        return ReloadResult("r1", ["one change"])

    runtime: Any = SimpleNamespace(reload=reload, plant=SimpleNamespace(folder="/works"))
    verb = next(one for one in ReloadApi(runtime).verbs() if (one.method, one.path) == ("GET", "/v1/reload"))
    assert verb.role is Role.VIEW
    first = asyncio.ensure_future(verb.handler(DEMO_OPERATOR, {"folder": ""}))
    await begun.wait()
    with pytest.raises(BadRequest, match="ask again in a moment"):
        await verb.handler(DEMO_OPERATOR, {"folder": ""})
    go_on.set()
    assert (await first).changes == ["one change"]
    assert (await verb.handler(DEMO_OPERATOR, {"folder": ""})).revision == "r1"
    assert asked == [True, True]
