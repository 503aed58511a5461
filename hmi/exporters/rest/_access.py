"""Who may read what: follows the file of tokens, and bounds how much each of them asks."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from hmi.core.clock import monotonic_ns
from hmi.core.errors import StorageError
from hmi.exporters.rest._problem import Problem, busy, too_many
from hmi.security.it_tokens import ItToken, ItTokens
from hmi.security.stations import token_hash
from hmi.serving import Buckets, Rate

log = logging.getLogger(__name__)
STRANGER: Final = Rate(1.0, 20.0)
"""Requests without a valid token, of one address."""
MOST_AT_ONCE: Final = 16
"""Requests that are answered or wait at a time, of all tokens."""
_TELL_NS: Final = 60 * 10**9
_CHALLENGE: Final = {"www-authenticate": 'Bearer realm="watchkeeper"'}


class Access:
    """Used by the loop of the server alone. ``look`` takes over what has changed in the file; it costs a moment."""

    def __init__(
        self,
        tokens: ItTokens,
        settings: Mapping[str, Any],
        now: Callable[[], int],
        monotonic: Callable[[], int] = monotonic_ns,
    ) -> None:
        self._tokens, self._now, self._monotonic = tokens, now, monotonic
        self._state: tuple[int, int] | None = None
        self._known: dict[str, ItToken] = {}
        self._fault = ""
        self._rates = Buckets(Rate(float(settings["requests_per_s"]), float(settings["burst"])))
        self._wait_s = max(1, round(1 / float(settings["requests_per_s"])))
        self._strangers = Buckets(STRANGER)
        self._most, self._running = int(settings["max_requests"]), Counter[str]()
        self._streams: Counter[str] = Counter()
        self._most_streams = int(settings["max_streams"])
        self._refused, self._told_at = 0, -_TELL_NS

    def look(self) -> None:
        """While the file cannot be read nobody is let in."""
        try:
            state = self._tokens.state()
            if state != self._state:
                self._known = {one.sha256: one for one in self._tokens.all() if one.is_active}
                self._state = state
            self._fault = ""
        except StorageError as error:
            self._known, self._state = {}, None
            if str(error) != self._fault:
                self._fault = str(error)
                log.error("%s", error)

    def caller(self, headers: Mapping[bytes, bytes], address: str) -> ItToken:
        """Who asks; Problem 401, or 429 for an address that tries too often."""
        self.look()
        scheme, _, given = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        token = given.strip() if scheme.lower() == "bearer" else ""
        found = self._known.get(token_hash(token)) if token else None
        if found is not None and not found.has_ended(self._now()):
            return found
        self._note_refused(address)
        if not self._strangers.take(address, self._monotonic()):
            raise too_many("too many requests without a valid token")
        if self._fault:
            raise busy("tokens cannot be checked now")
        detail = (
            "this token has ended" if found is not None else "a token is needed: Authorization: Bearer TOKEN"
        )
        raise Problem(401, detail, headers=_CHALLENGE)

    def check_rate(self, token: ItToken) -> None:
        """Problem 429 when the token has asked too often."""
        if not self._rates.take(token.name, self._monotonic()):
            raise too_many("this token asks too often", self._wait_s)

    def is_valid(self, token: ItToken) -> bool:
        """Whether what it opened may go on."""
        return self._known.get(token.sha256) == token and not token.has_ended(self._now())

    @contextlib.contextmanager
    def answering(self, token: ItToken) -> Iterator[None]:
        """While one request is worked on; Problem when there are too many."""
        if self._running[token.name] >= self._most:
            raise too_many(f"{self._most} requests of this token are being answered; wait for one of them")
        if self._running.total() >= MOST_AT_ONCE:
            raise busy("too many requests are being answered")
        with _counted(self._running, token.name):
            yield

    @contextlib.contextmanager
    def streaming(self, token: ItToken) -> Iterator[None]:
        """While one live connection is open; Problem when there are too many: a token has at most half of all."""
        own = max(1, self._most_streams // 2)
        if self._streams.total() >= self._most_streams or self._streams[token.name] >= own:
            raise busy("too many live connections", 10)
        with _counted(self._streams, token.name):
            yield

    def _note_refused(self, address: str) -> None:
        self._refused += 1
        now = self._monotonic()
        if now - self._told_at >= _TELL_NS:
            log.warning(
                "%d requests for data without a valid token, the last from %s.", self._refused, address
            )
            self._refused, self._told_at = 0, now


@contextlib.contextmanager
def _counted(counter: Counter[str], name: str) -> Iterator[None]:
    counter[name] += 1
    try:
        yield
    finally:
        counter[name] -= 1
        if not counter[name]:
            del counter[name]
