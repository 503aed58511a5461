"""An OPC UA server in a process of its own, whose values all change every period.

Run as ``python -m hmi.bench.peers.opcua_server ITEMS PERIOD_S``; prints its port and ends with its parent.
"""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from asyncua import Server, ua

URI = "urn:watchkeeper:bench"
FOLDER = 100


def free_port() -> int:
    """A port that nobody uses at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def url(port: int) -> str:
    """Endpoint of the server."""
    return f"opc.tcp://127.0.0.1:{port}/bench/"


async def serve(items: int, period_s: float, port: int) -> None:
    """Write every value once each period until the standard input closes."""
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    server = Server()
    await server.init()
    server.set_endpoint(url(port))
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(URI)
    nodes = [ua.NodeId(f"V{number}", index) for number in range(items)]
    folder = server.nodes.objects
    for number, node in enumerate(nodes):
        if number % FOLDER == 0:  # adding a node gets slower with every neighbour
            folder = await server.nodes.objects.add_folder(index, f"F{number}")
        await folder.add_variable(node, f"V{number}", float(number))
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    async with server:
        print(port, flush=True)
        await _change(server, nodes, period_s, ended)


async def _change(
    server: Server, nodes: list[ua.NodeId], period_s: float, ended: asyncio.Future[str]
) -> None:
    turn, begin = 0, time.monotonic()
    while not ended.done():
        turn += 1
        for number, node in enumerate(nodes):
            now = datetime.now(UTC)
            value = ua.DataValue(
                ua.Variant(number + turn * 0.5, ua.VariantType.Double),
                SourceTimestamp=now,
                ServerTimestamp=now,
            )
            await server.write_attribute_value(node, value)
            if number % 200 == 0:
                await asyncio.sleep(0)
        begin += period_s
        await asyncio.sleep(max(0.01, begin - time.monotonic()))


@contextlib.contextmanager
def running(items: int, period_s: float) -> Iterator[str]:
    """Start the server; its endpoint. It ends when its standard input is closed."""
    command = [sys.executable, "-m", "hmi.bench.peers.opcua_server", str(items), str(period_s)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.strip().isdigit():
            raise RuntimeError("the OPC UA server of the benchmark did not start")
        yield url(int(line))
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), free_port()))
