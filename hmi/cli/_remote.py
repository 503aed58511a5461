"""How ``hmi open`` takes the address of a runtime on another machine, and what it remembers of it."""

from __future__ import annotations

from pathlib import Path

from hmi.cli._passwords import hidden_line, is_console
from hmi.core.errors import CommunicationError, UsageError
from hmi.core.texts import tr

FOLDER = "stations"
ANSWER_S = 10.0


def remote_folder(url: str, *, ca: Path | None, token_stdin: bool) -> Path:
    """The folder that stands for a runtime on another machine, with authority and token remembered in it.

    UsageError or CommunicationError in one sentence when both ends do not take each other; one that does not answer
    now is no error: the station waits for it as for any other.
    """
    from platformdirs import user_data_path

    from hmi.client.remote import folder_name, has_token, parse_url, remember

    host, port = parse_url(url)
    folder = user_data_path("watchkeeper", appauthor=False) / FOLDER / folder_name(host, port)
    token = _token(url, token_stdin, known=has_token(folder))
    remember(folder, host, port, ca=ca, token=token)
    _try(folder)
    return folder


def _token(url: str, from_stdin: bool, *, known: bool) -> str:
    """Empty: the one that is remembered."""
    if known and not from_stdin:
        return ""
    if not from_stdin and not is_console():
        raise UsageError(
            tr(
                "{url}: this station has no token for it; pipe it in with --token-stdin (hmi station PLANT add NAME)",
                url=url,
            )
        )
    return hidden_line(tr("Token of this station (not shown): "))


def _try(folder: Path) -> None:
    from hmi.client.once import ask
    from hmi.client.remote import RemoteRefused

    try:
        ask(folder, "/v1/status", timeout=ANSWER_S)
    except RemoteRefused:
        raise
    except CommunicationError:
        return
