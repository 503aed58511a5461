"""``hmi sim`` and ``hmi simctl``: a simulator alone, and how to speak to one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer

from hmi.cli._options import made_folder
from hmi.core.errors import UsageError

_FIRST_ARGUMENT = {
    "step": "seconds",
    "speed": "rate",
    "malfunction": "id",
    "snapshot": "name",
    "restore": "name",
}


def sim(
    name: Annotated[str, typer.Argument(help="Name of a shipped simulator.")] = "waterworks",
    ports: Annotated[str, typer.Option(help="default or auto.")] = "default",
    ready: Annotated[Path | None, typer.Option(help="Write the real endpoints to this file.")] = None,
    speed: Annotated[float, typer.Option(help="Simulated seconds per second.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 1,
) -> None:
    """A simulator alone: real sockets on loopback, for any client."""
    from hmi.supervisor import simulator_command, simulator_environment

    if ports not in ("default", "auto"):
        raise UsageError(f"--ports {ports} is neither default nor auto")
    extra = ("--speed", str(speed), "--seed", str(seed))
    command = simulator_command(name, ready=ready or _default_ready(), ports=ports, extra=extra)
    # it ends with its pipe from here, however this process ends
    with subprocess.Popen(command, env=simulator_environment(), stdin=subprocess.PIPE) as simulator:
        try:
            code = simulator.wait()
        except KeyboardInterrupt:
            code = 0
    raise typer.Exit(code)


def _default_ready() -> Path:
    from platformdirs import user_data_path

    return made_folder(user_data_path("watchkeeper", appauthor=False)) / "simulator.json"


def simctl(
    verb: Annotated[
        str, typer.Argument(help="status freeze run step speed malfunction snapshot restore shutdown")
    ],
    arguments: Annotated[list[str] | None, typer.Argument(help="name=value …")] = None,
    ready: Annotated[Path | None, typer.Option(help="The simulator's endpoints file.")] = None,
) -> None:
    """Speak to a running simulator: ``hmi simctl malfunction id=pump_trip_p101a action=set``."""
    from hmi.client.instructor import instructor_address, request

    answer = request(instructor_address(ready or _default_ready()), verb, _pairs(verb, arguments or []))
    typer.echo(json.dumps(answer, indent=1, ensure_ascii=False))
    if not answer.get("ok"):
        raise typer.Exit(1)


def _pairs(verb: str, arguments: list[str]) -> dict[str, Any]:
    """``name=value`` pairs; the first word may stand alone (``step 60``, ``speed 10``)."""
    pairs: dict[str, Any] = {}
    for index, text in enumerate(arguments):
        name, mark, value = text.partition("=")
        if not mark:
            if index or verb not in _FIRST_ARGUMENT:
                raise UsageError(f"{text!r} is not name=value")
            name, value = _FIRST_ARGUMENT[verb], text
        pairs[name] = _number(value)
    return pairs


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
