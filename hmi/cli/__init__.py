"""The command line: every capability is scriptable and runs without a display (design section 7).

Exit codes: 0 done, 1 findings or refusal, 2 bad usage or input. Heavy modules are imported by the verb
that needs them, so that ``hmi check`` never loads Qt and ``hmi --help`` is quick. A new verb is a function
in a module here and a line in ``VERBS``.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

import typer

from hmi.cli._alarms import alarms
from hmi.cli._audit import audit
from hmi.cli._backup import backup, restore
from hmi.cli._browse import browse
from hmi.cli._comms import comms
from hmi.cli._demo import demo
from hmi.cli._diff import diff, merge
from hmi.cli._export import export
from hmi.cli._figures import bench
from hmi.cli._history import history
from hmi.cli._import import import_
from hmi.cli._notify import notify
from hmi.cli._pictures import shot
from hmi.cli._plants import check, format_, generate, new
from hmi.cli._printable import printable
from hmi.cli._program import sbom, selftest
from hmi.cli._prove import prove
from hmi.cli._reload import reload, rollback
from hmi.cli._revisions import revisions
from hmi.cli._secrets import secret
from hmi.cli._sessions import open_station, run, serve, sound
from hmi.cli._simulators import sim, simctl
from hmi.cli._tags import tags
from hmi.cli._tls import station, tls
from hmi.cli._trust import trust
from hmi.cli._users import user
from hmi.cli._where import where
from hmi.core.errors import AccessRefused, WatchkeeperError
from hmi.core.logs import is_json, set_up

__all__ = ["VERBS", "main"]

_HELP = "Watchkeeper: control-room HMI and SCADA."

# in the order in which ``hmi --help`` lists them
VERBS: Mapping[str, Callable[..., Any]] = {
    "demo": demo,
    "run": run,
    "serve": serve,
    "open": open_station,
    "sound": sound,
    "sim": sim,
    "simctl": simctl,
    "new": new,
    "check": check,
    "where": where,
    "import": import_,
    "browse": browse,
    "tags": tags,
    "format": format_,
    "reload": reload,
    "rollback": rollback,
    "revisions": revisions,
    "diff": diff,
    "merge": merge,
    "shot": shot,
    "alarms": alarms,
    "history": history,
    "audit": audit,
    "backup": backup,
    "restore": restore,
    "export": export,
    "prove": prove,
    "notify": notify,
    "comms": comms,
    "user": user,
    "trust": trust,
    "tls": tls,
    "station": station,
    "secret": secret,
    "selftest": selftest,
    "sbom": sbom,
    "generate": generate,
    "bench": bench,
}


def main() -> None:
    """Entry point: an error the product raises on purpose becomes one sentence and an exit code."""
    set_up()
    try:
        _app()()
    except AccessRefused as refusal:
        _end(str(refusal), 1)
    except WatchkeeperError as error:
        told = getattr(error, "was_told", False)
        _end("" if told else str(error), getattr(error, "exit_code", 2) or 2)


def _app() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=_HELP)
    for name, verb in VERBS.items():
        app.command(name=name)(verb)
    return app


def _end(sentence: str, code: int) -> None:
    if sentence and is_json():
        logging.getLogger("hmi").error("%s", sentence)
    elif sentence:
        typer.echo("\n".join(map(printable, sentence.split("\n"))), err=True)
    sys.exit(code)
