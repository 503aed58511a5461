"""The command line: every capability is scriptable and runs without a display (design section 7).

Exit codes: 0 done, 1 findings or refusal, 2 bad usage or input. Heavy modules are imported by the verb
that needs them, so that ``hmi check`` never loads Qt and ``hmi --help`` is quick; of the modules here only the one
of the verb that is asked for. A new verb is a function in a module here and a line in ``VERBS``.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import typer

from hmi.cli._printable import printable
from hmi.core.errors import AccessRefused, WatchkeeperError
from hmi.core.logs import is_json, set_up

__all__ = ["VERBS", "main"]

_HELP = "Watchkeeper: control-room HMI and SCADA."

# module and function of each, in the order in which ``hmi --help`` lists them
VERBS: Mapping[str, str] = {
    "demo": "_demo:demo",
    "run": "_sessions:run",
    "serve": "_sessions:serve",
    "open": "_sessions:open_station",
    "sound": "_sessions:sound",
    "sim": "_simulators:sim",
    "simctl": "_simulators:simctl",
    "new": "_plants:new",
    "check": "_plants:check",
    "where": "_where:where",
    "import": "_import:import_",
    "browse": "_browse:browse",
    "tags": "_tags:tags",
    "format": "_plants:format_",
    "reload": "_reload:reload",
    "rollback": "_reload:rollback",
    "revisions": "_revisions:revisions",
    "diff": "_diff:diff",
    "merge": "_diff:merge",
    "shot": "_pictures:shot",
    "alarms": "_alarms:alarms",
    "history": "_history:history",
    "audit": "_audit:audit",
    "backup": "_backup:backup",
    "restore": "_backup:restore",
    "export": "_export:export",
    "prove": "_prove:prove",
    "notify": "_notify:notify",
    "comms": "_comms:comms",
    "user": "_users:user",
    "trust": "_trust:trust",
    "tls": "_tls:tls",
    "station": "_tls:station",
    "secret": "_secrets:secret",
    "selftest": "_program:selftest",
    "sbom": "_program:sbom",
    "generate": "_plants:generate",
    "bench": "_figures:bench",
}


def main() -> None:
    """Entry point: an error the product raises on purpose becomes one sentence and an exit code."""
    set_up()
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        _app((asked,) if asked in VERBS else VERBS)()
    except AccessRefused as refusal:
        _end(str(refusal), 1)
    except WatchkeeperError as error:
        told = getattr(error, "was_told", False)
        _end("" if told else str(error), getattr(error, "exit_code", 2) or 2)


def _app(names: Iterable[str] = VERBS) -> typer.Typer:
    """The command line with these verbs; all others stay unread, which halves the start of a runtime's own line."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=_HELP)
    app.callback()(_every_verb_by_its_name)
    for name in names:
        app.command(name=name)(_verb(name))
    return app


def _every_verb_by_its_name() -> None:
    """With one verb alone its name would be none of the line."""


def _verb(name: str) -> Callable[..., Any]:
    module, _, function = VERBS[name].partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(f"hmi.cli.{module}"), function)
    return found


def _end(sentence: str, code: int) -> None:
    if sentence and is_json():
        logging.getLogger("hmi").error("%s", sentence)
    elif sentence:
        typer.echo("\n".join(map(printable, sentence.split("\n"))), err=True)
    sys.exit(code)
