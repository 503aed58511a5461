"""POST /v1/reload and GET /v1/revisions: another revision of the plant, and which was in force when."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hmi.client.port import ReloadResult
from hmi.core.principal import Principal, Role
from hmi.core.texts import tr
from hmi.journal import RevisionTime, revision_times, revision_valid_at
from hmi.runtime._peer import os_user
from hmi.runtime._reload import Why
from hmi.runtime._runtime import Runtime
from hmi.runtime._verbs import BadRequest, Verb

TEXT_LIMIT: Final = 1_000
CONSOLE: Final = "console:"


class ReloadApi:
    """One for a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._previewing = asyncio.Lock()

    def verbs(self) -> tuple[Verb, ...]:
        return (
            Verb(
                "POST", "/v1/reload", Role.ENGINEER, self._reload,
                "Take the plant folder as it is now, without a stop; refused with every error in it. The journal keeps "
                "`reason` and, where nobody is signed in, `author` (console:NAME). `dry_run`: take nothing. "
                "`folder`: refused where this is not the folder of the runtime's plant.",
                {"reason": "string", "author": "string", "dry_run": "boolean", "folder": "string"},
            ),
            Verb(
                "GET", "/v1/reload", Role.VIEW, self._preview,
                "What a reload would change now, or why it would be refused; nothing is taken. One at a time. `folder` "
                "as for POST.",
                {"folder": "string"},
            ),
            Verb(
                "GET", "/v1/revisions", Role.VIEW, self._revisions,
                "Every revision of the plant that was in force, from when up to when (UTC ns; `end` 0: still), who "
                "applied it, why and what changed; with `at` only the one of that time.",
                {"at": "integer"},
            ),
        )  # fmt: skip

    async def _reload(self, principal: Principal, given: Mapping[str, Any]) -> ReloadResult:
        dry_run = given.get("dry_run", False)
        if not isinstance(dry_run, bool):
            raise BadRequest("dry_run is not true or false")
        author = _line(given, "author")
        if author and not author.startswith(CONSOLE):
            raise BadRequest(f"author is no {CONSOLE}NAME; a person who is signed in needs none")
        self._check_folder(_text(given, "folder"))
        signed_in = self._runtime.people.sessions.by_id(principal.session) is not None
        why = Why(_line(given, "reason"), "" if signed_in else author, await os_user())
        return await self._runtime.reload(principal, why, dry_run=dry_run)

    async def _preview(self, principal: Principal, given: Mapping[str, Any]) -> ReloadResult:
        """Whoever may only look never makes a reload wait for more than one reading of the folder."""
        self._check_folder(_text(given, "folder"))
        if self._previewing.locked():
            raise BadRequest(tr("somebody else is asking what would change; ask again in a moment"))
        async with self._previewing:
            return await self._runtime.reload(principal, dry_run=True)

    def _check_folder(self, asked: str) -> None:
        """A copy of the plant has the same id, and is not what this runtime would read."""
        own = Path(self._runtime.plant.folder).resolve()
        if asked and Path(asked) != own:
            raise BadRequest(tr("the runtime of this plant runs {own}, not {asked}", own=own, asked=asked))

    async def _revisions(self, principal: Principal, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        at, path = given["at"], self._runtime.services.journal.path
        if at < 0:
            raise BadRequest("at is a time, UTC ns")
        found = await asyncio.to_thread(revision_times, path)
        if not at:
            return [revision_as_json(one) for one in found]
        wanted = await asyncio.to_thread(revision_valid_at, path, at)
        chosen = [one for one in found if one.revision == wanted]
        within = [one for one in chosen if one.start <= at and (not one.end or at < one.end)]
        return [revision_as_json(one) for one in (within or chosen)[-1:]]


def revision_as_json(one: RevisionTime) -> dict[str, Any]:
    """The answer of the API, and of ``hmi revisions --json``."""
    return {**one._asdict(), "changes": list(one.changes)}


def _line(given: Mapping[str, Any], name: str) -> str:
    """What the journal keeps and terminals show: no further line, and nothing that moves the cursor."""
    found = _text(given, name)
    if not found.isprintable():
        raise BadRequest(
            f"{name} holds a line end or another sign that cannot be printed; write it on one line"
        )
    return found


def _text(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name, "")
    if not isinstance(found, str) or len(found) > TEXT_LIMIT:
        raise BadRequest(f"{name} is no text of at most {TEXT_LIMIT} characters")
    return found.strip()
