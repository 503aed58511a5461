"""One question or request to the runtime of a data folder, without a loop: for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

from hmi.client._transport import check_token, endpoint_of, plain_client, sentence_of
from hmi.core.errors import AccessRefused, CommunicationError

ANSWER_S = 180.0
"""Figures over a long time take so long at most."""


def ask(
    data: Path,
    path: str,
    query: Mapping[str, Any] | None = None,
    *,
    session: str = "",
    timeout: float = ANSWER_S,
) -> Any:
    """The JSON of a GET, under a session where one is given; CommunicationError in one sentence, AccessRefused
    without the right.

    ``timeout`` in seconds.
    """
    return _answered(data, "GET", path, timeout, params=dict(query or {}), headers=_headers(session))


def tell(
    data: Path, path: str, body: Mapping[str, Any], *, session: str = "", timeout: float = ANSWER_S
) -> Any:
    """The JSON of a POST under a session; raises as ``ask`` does. It is sent once."""
    content = msgspec.json.encode(body)
    return _answered(data, "POST", path, timeout, content=content, headers=_headers(session))


def _headers(session: str) -> dict[str, str]:
    return {"watchkeeper-session": session} if session else {}


def _answered(data: Path, method: str, path: str, timeout: float, **content: Any) -> Any:
    endpoint = endpoint_of(data)
    try:
        with plain_client(endpoint, timeout) as client:
            answer = client.request(method, path, **content)
    except (httpx.HTTPError, OSError) as error:
        raise sentence_of(error, endpoint) or CommunicationError(
            f"the runtime does not answer: {error or type(error).__name__}"
        ) from error
    check_token(answer, endpoint)
    if answer.status_code == 200:
        return msgspec.json.decode(answer.content)
    raise _refused(answer)


def _refused(answer: httpx.Response) -> CommunicationError | AccessRefused:
    try:
        text = msgspec.json.decode(answer.content, type=dict[str, str])["error"]
    except (msgspec.MsgspecError, KeyError):
        text = f"the runtime answered with {answer.status_code}"
    return AccessRefused(text) if answer.status_code == 403 else CommunicationError(text)
