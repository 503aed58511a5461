"""A server in its own process, for tests that freeze or kill it."""

from __future__ import annotations

import asyncio
import sys

from asyncua import ua
from opcua_plant import Plant


async def main(port: int) -> None:
    plant = Plant(port)
    await plant.start()
    await plant.add("A", 0.0, ua.VariantType.Double, writable=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    async with plant.server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        turn = 0.0
        while not ended.done():
            turn += 1
            await plant.put("A", turn, ua.VariantType.Double)
            await asyncio.sleep(0.1)


asyncio.run(main(int(sys.argv[1])))
