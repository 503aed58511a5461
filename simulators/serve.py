"""Command line: list simulators, or serve one on loopback until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from simulators import catalogue
from simulators._engine import MAX_RATE, Engine
from simulators._modbus import PortTaken

log = logging.getLogger("simulators")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulators", description="Simulated plants on real sockets.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="name the simulators")
    serve = verbs.add_parser("serve", help="run one simulator until it is stopped")
    serve.add_argument("name")
    serve.add_argument(
        "--ports", default="fixed", choices=("fixed", "auto"), help="fixed default ports or free ones"
    )
    serve.add_argument(
        "--ready", default="", metavar="FILE", help="write the endpoints here when everything is up"
    )
    serve.add_argument(
        "--speed", type=float, default=1.0, metavar="N", help=f"1 = real time, up to {MAX_RATE:g}"
    )
    serve.add_argument("--seed", type=int, default=1, metavar="N", help="same seed, same run")
    serve.add_argument(
        "--start-ns", type=int, default=0, metavar="NS", help="simulated UTC at the start; 0 = now"
    )
    serve.add_argument("--instructor", default="", metavar="PATH", help="path of the instructor socket")
    serve.add_argument("--parent-pipe", action="store_true", help="end when standard input closes")
    serve.add_argument("--verbose", action="store_true")
    return parser


def _stop_on_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    names = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")
    for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
        if sys.platform == "win32":  # its loop takes no signals
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(number, stop.set)


def _stop_with_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """A thread reads standard input to its end; works with pipes on every platform."""

    def watch() -> None:
        while os.read(0, 4096):
            pass  # only its end says something
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=watch, name="parent-pipe", daemon=True).start()


def _write_ready(path: str, document: dict[str, object]) -> None:
    """Whole or not at all: written beside and renamed, readable by the owner only."""
    target = Path(path)
    beside = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
    os.replace(beside, target)


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


async def _serve(options: argparse.Namespace) -> int:
    gc.disable()  # building the address space makes a million lasting objects; collecting meanwhile costs seconds
    module = catalogue.load(options.name)
    simulation = module.build(seed=options.seed, start_ns=options.start_ns or time.time_ns())
    engine = Engine(simulation, rate=options.speed)
    stop = asyncio.Event()
    _stop_on_signals(asyncio.get_running_loop(), stop)
    if options.parent_pipe:
        _stop_with_parent(asyncio.get_running_loop(), stop)
    ports = dict(module.PORTS) if options.ports == "fixed" else {}
    try:
        await engine.start(ports, instructor=options.instructor)
        if not options.start_ns:
            simulation.state["start_ns"] = time.time_ns()  # building the servers took seconds
        gc.freeze()
        gc.enable()
        ready = engine.ready()
        if options.ready:
            _write_ready(options.ready, ready)
        log.info("%s is up: %s", options.name, json.dumps(ready["connections"]))
        await engine.run(stop)
    finally:
        await engine.close()
        if options.ready:
            _remove(options.ready)
    return 0


def _fail(sentence: str) -> int:
    sys.stderr.write(f"simulators: {sentence}\n")
    return 2


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 when stopped, 2 when it cannot be carried out."""
    options = _parser().parse_args(arguments)
    if options.verb == "list":
        for name in catalogue.names():
            sys.stdout.write(f"{name}\t{catalogue.load(name).TITLE}\n")
        return 0
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )
    for library in ("asyncua", "pymodbus"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    if not 0.1 <= options.speed <= MAX_RATE:
        return _fail(f"--speed must lie between 0.1 and {MAX_RATE:g}, not {options.speed:g}")
    try:
        return asyncio.run(_serve(options))
    except (PortTaken, ValueError) as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"cannot start: {error.strerror or error} {error.filename or ''}".rstrip())


if __name__ == "__main__":
    raise SystemExit(main())
