"""The verbs of people: sign in and out, lock, elevate, sign a command (docs/security.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from hmi.client.people import SessionInfo, SignIn
from hmi.core.principal import DEMO_OPERATOR, Principal, Role
from hmi.runtime._verbs import BadRequest, Verb
from hmi.security._session_book import CONSOLE_DESK, LOCAL
from hmi.security.signatures import MEANING_LIMIT, SignRequest

if TYPE_CHECKING:
    from hmi.runtime._people import People
    from hmi.runtime._runtime import Runtime

USER_LIMIT: Final = 64
PASSWORD_LIMIT: Final = 1_000
ID_LIMIT: Final = 64
Body = TypeVar("Body", bound=msgspec.Struct)


class PeopleApi:
    """Whoever may look may sign in; what a session may is looked up again with each request."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @property
    def _people(self) -> People:
        return self._runtime.people

    def verbs(self) -> tuple[Verb, ...]:
        """What the API has of it."""
        return (
            Verb("GET", "/v1/session", Role.VIEW, self._session, "Who is signed in at this station, and until when."),
            Verb(
                "POST", "/v1/session", Role.VIEW, self._sign_in,
                "Sign in; the token goes into the header `watchkeeper-session` of all later requests. The session of "
                "before at this station ends; with `console` that of a command line beside it.",
                {"user": "string", "password": "string", "new_password": "string", "console": "boolean"},
            ),
            Verb("POST", "/v1/session/end", Role.VIEW, self._sign_out, "Sign out."),
            Verb("POST", "/v1/session/lock", Role.VIEW, self._lock, "Rights rest until the password is given again."),
            Verb("POST", "/v1/session/unlock", Role.VIEW, self._unlock, "Go on.", {"password": "string"}),
            Verb(
                "POST", "/v1/session/elevate", Role.VIEW, self._elevate,
                "The rights of another account besides one's own, for at most 1800 s; 0 ends it.",
                {"user": "string", "password": "string", "seconds": "number"},
            ),
            Verb("POST", "/v1/session/touch", Role.VIEW, self._touch, "Somebody is there: the idle time begins again."),
            Verb(
                "POST", "/v1/signatures", Role.VIEW, self._sign,
                "Sign exactly one command; good for 60 s and once. Without `user` the person of the session, from the "
                "second signature on.",
                {"user": "string", "password": "string", "meaning": "string", "command_id": "string",
                 "object_id": "string", "value": "any"},
            ),
        )  # fmt: skip

    async def _session(self, principal: Principal, given: Mapping[str, Any]) -> SessionInfo:
        return self._people.info(principal)

    async def _sign_in(self, principal: Principal, given: Mapping[str, Any]) -> SignIn:
        asked = _body(given, _SignInBody)
        if asked.console and principal.station not in (LOCAL, CONSOLE_DESK):
            raise BadRequest("a console is on the machine of the runtime")
        station = CONSOLE_DESK if asked.console else principal.station
        found = await self._people.sessions.sign_in(
            station, asked.user.strip(), asked.password, asked.new_password
        )
        return self._complete(found)

    async def _sign_out(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, Any]:
        """One that has ended already is no error."""
        if (session := self._people.sessions.by_id(principal.session)) is not None:
            self._people.sessions.sign_out(session)
        return {}

    async def _lock(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, Any]:
        self._people.sessions.lock(self._people.session_of(principal))
        return {}

    async def _unlock(self, principal: Principal, given: Mapping[str, Any]) -> SignIn:
        asked, session = _body(given, _UnlockBody), self._people.session_of(principal)
        return self._complete(await self._people.sessions.unlock(session, asked.password))

    async def _elevate(self, principal: Principal, given: Mapping[str, Any]) -> SignIn:
        asked, session = _body(given, _ElevateBody), self._people.session_of(principal)
        if not math.isfinite(asked.seconds) or asked.seconds < 0:
            raise BadRequest("seconds is not a number from 0 on")
        found = await self._people.sessions.elevate(
            session, asked.user.strip(), asked.password, asked.seconds
        )
        return self._complete(found)

    async def _touch(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, Any]:
        """Each request that does something touches already."""
        return {}

    async def _sign(self, principal: Principal, given: Mapping[str, Any]) -> dict[str, str]:
        if principal.session != DEMO_OPERATOR.session:
            self._people.session_of(principal)
        asked = _body(given, _SignBody)
        if not asked.meaning.strip() or len(asked.meaning) > MEANING_LIMIT or not asked.meaning.isprintable():
            raise BadRequest(f"a signature has a meaning of at most {MEANING_LIMIT} characters")
        if not asked.command_id or not asked.object_id:
            raise BadRequest("a signature names its command and the object of that")
        if type(asked.value) is int and not -(2**63) <= asked.value < 2**64:
            raise BadRequest("the value is a number of at most 64 bits, a text, true or false")
        request = SignRequest(**{one.name: getattr(asked, one.name) for one in fields(SignRequest)})
        return {"id": await self._people.signatures.sign(principal, request)}

    def _complete(self, answer: SignIn) -> SignIn:
        """With what the runtime knows beside the session."""
        if not answer.session.user:
            return answer
        session = msgspec.structs.replace(
            answer.session, accounts=self._people.exist, notice=self._runtime.plant.sessions.notice
        )
        return msgspec.structs.replace(answer, session=session)


class _SignInBody(msgspec.Struct):
    user: str
    password: str
    new_password: str = ""
    console: bool = False


class _UnlockBody(msgspec.Struct):
    password: str


class _ElevateBody(msgspec.Struct):
    user: str = ""
    password: str = ""
    seconds: float = 0


class _SignBody(msgspec.Struct):
    password: str
    meaning: str
    command_id: str
    object_id: str
    value: bool | int | float | str | None = None
    user: str = ""


_LIMITS: Final = {
    "user": USER_LIMIT, "password": PASSWORD_LIMIT, "new_password": PASSWORD_LIMIT, "command_id": ID_LIMIT,
    "object_id": 200,
}  # fmt: skip


def _body(given: Mapping[str, Any], kind: type[Body]) -> Body:
    """BadRequest with one sentence, which holds nothing of what was sent: it may be a password."""
    try:
        body = msgspec.convert(given, kind)
    except msgspec.ValidationError:
        names = ", ".join(kind.__struct_fields__)
        raise BadRequest(f"the body does not fit: it has {names}") from None
    for name, limit in _LIMITS.items():
        if len(getattr(body, name, "")) > limit:
            raise BadRequest(f"{name} is longer than {limit} characters")
    return body
