"""The steps of commands over real sockets: confirm, select, sign, and what each of them refuses."""

from __future__ import annotations

from typing import Any

import pytest
from waterworks_session import Watcher, WaterworksSession, all_links_up, watching

from hmi.core.commands import CommandResult, CommandState, OperatorCommand, Reason
from hmi.core.identity import new_id
from hmi.core.values import Value

pytestmark = pytest.mark.asyncio


def reasons(result: CommandResult) -> set[Reason]:
    return {refusal.reason for refusal in result.refusals}


def stands(watcher: Watcher, service: str) -> bool:
    """It can be taken out of service: it stands still and is in remote."""
    pump = service.removesuffix(".oos")
    return not watcher.values[f"{pump}.running"].value and bool(watcher.values[f"{pump}.remote"].value)


async def give(client: Any, beat: int, tag_id: str, value: Value, **steps: Any) -> CommandResult:
    return await client.submit(OperatorCommand(steps.pop("id", new_id("c")), tag_id, value, beat, **steps))


async def test_cm_01_cm_04_the_steps_hold_at_the_runtime_itself(waterworks: WaterworksSession) -> None:
    client, watcher = await watching(waterworks.data)
    try:
        await all_links_up(client, watcher)
        tags = {tag.name: tag for tag in (await client.plant()).tags}
        pump = next(
            name.removesuffix(".oos") for name in tags if name.endswith(".oos") and stands(watcher, name)
        )
        mode, service = tags[f"{pump}.auto_cmd"].id, tags[f"{pump}.oos"].id
        bare = await give(client, watcher.heartbeat, mode, False)
        assert Reason.INCONSISTENT_PARAMETERS in reasons(bare)
        unsigned = await give(client, watcher.heartbeat, service, True, confirmed=True)
        assert {Reason.OBJECT_NOT_SELECTED, Reason.NO_ACCESS_AUTHORITY} <= reasons(unsigned)

        chosen = await client.select(service, True, watcher.heartbeat)
        assert (chosen.refusals, 29_000 < chosen.left_ms <= 30_000) == ((), True)
        wrong = await give(client, watcher.heartbeat, service, False, selection=chosen.id, reason="bearing")
        assert Reason.INCONSISTENT_PARAMETERS in reasons(wrong)

        chosen = await client.select(service, True, watcher.heartbeat)
        command_id = new_id("c")
        signature = await client.sign(
            "demo-operator", "", "authorised", command_id=command_id, object_id=service, value=True
        )
        done = await give(
            client, watcher.heartbeat, service, True, id=command_id, selection=chosen.id, reason="bearing",
            signatures=(signature,),
        )  # fmt: skip
        assert done.state is CommandState.CONFIRMED, done.text
        refused = await give(client, watcher.heartbeat, tags[f"{pump}.start"].id, True, confirmed=True)
        assert Reason.BLOCKED_BY_MODE in reasons(refused)
        records = await client.journal(after=0, kind="audit", limit=1_000)
        own = [record for record in records if record["payload"].get("command_id") == command_id]
        assert [record["event"] for record in own] == [
            "signature.given", "command.requested", "command.confirmed",
        ]  # fmt: skip
        assert own[-1]["payload"]["confirmation"] == "signed"
        assert [one["user"] for one in own[-1]["payload"]["signers"]] == ["demo-operator"]
    finally:
        await client.close()
