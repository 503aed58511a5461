"""What is answered instead of data: a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

MEDIA: Final = "application/problem+json"


class Problem(Exception):
    """``detail`` is one sentence for a person; ``more`` are further members, ``headers`` go with the answer."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        self.status, self.detail, self.headers, self.more = status, detail, dict(headers or {}), more
        super().__init__(detail)

    def content(self, instance: str) -> bytes:
        """The document. ``instance``: the path that was asked for."""
        title = HTTPStatus(self.status).phrase
        return msgspec.json.encode(
            {
                "type": "about:blank", "title": title, "status": self.status, "detail": self.detail,
                "instance": instance, **self.more,
            }
        )  # fmt: skip


def bad_request(detail: str) -> Problem:
    """The request does not fit."""
    return Problem(400, detail)


def gone(detail: str, **more: Any) -> Problem:
    """A cursor that leads nowhere any more."""
    return Problem(410, detail, **more)


def too_many(detail: str, wait_s: int = 1) -> Problem:
    """The rate of the caller is used up."""
    return Problem(429, detail, headers={"retry-after": str(wait_s)})


def busy(detail: str, wait_s: int = 1) -> Problem:
    """Not now."""
    return Problem(503, detail, headers={"retry-after": str(wait_s)})
