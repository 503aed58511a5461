"""Accounts in words: their states, what is known of one, and the question before each change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Final

from hmi.client.people import AccountInfo
from hmi.core.texts import tr
from hmi.ui.people.words import left_text, roles_text
from hmi.ui.times import clock_text

_MS: Final = 1000
# an act: its button, its question, and what follows from it
ACTS: Final = {
    "grant": ("Grant a right", "Grant {user} further rights?", ""),
    "revoke": (
        "Take a right away",
        "Take rights away from {user}?",
        "It holds at once, also where the person is signed in.",
    ),
    "passwd": (
        "New password",
        "Give {user} a new password?",
        "It is for the first sign-in only: the person has to choose another one then.",
    ),
    "unlock": ("Unlock", "Let {user} try to sign in again?", ""),
    "sign_out": ("Sign out", "Sign {user} out at every station?", "Viewing goes on there."),
    "disable": (
        "Disable",
        "Disable the account of {user}?",
        "The person is signed out everywhere and cannot sign in until it is enabled again.",
    ),
    "enable": ("Enable", "Enable the account of {user}?", ""),
    "remove": (
        "Remove",
        "Remove the account of {user} for ever?",
        "The name is never given to another person, because the records name it.",
    ),
}  # fmt: skip
STATES: Final = {"active": "Active", "disabled": "Disabled", "removed": "Removed"}
TITLE_OF = Callable[[str], str]


def state_words(one: AccountInfo) -> str:
    """One state that matters most to who looks after accounts."""
    if one.state == "active" and one.locked_ms:
        return tr("Locked for {time}", time=left_text(one.locked_ms // _MS))
    if one.state == "active" and one.must_change:
        return tr("Waits for the first password")
    return tr(STATES.get(one.state, one.state))


def rights_words(one: AccountInfo, title_of: TITLE_OF) -> list[tuple[str, str]]:
    """(where, roles): everywhere first, then each area that has its own."""
    areas = [(title_of(area), roles_text(roles)) for area, roles in sorted(one.by_area.items())]
    return [(tr("Everywhere"), roles_text(one.roles)), *areas]


def short_rights(one: AccountInfo, title_of: TITLE_OF) -> str:
    """All rights in one line."""
    return "; ".join(
        roles if where == tr("Everywhere") else f"{where}: {roles}"
        for where, roles in rights_words(one, title_of)
        if where != tr("Everywhere") or one.roles or not one.by_area
    )


def facts_of(one: AccountInfo, zone: tzinfo) -> list[tuple[str, str]]:
    """What else is known of an account."""

    def when(at: int) -> str:
        return clock_text(at, zone) if at else tr("never")

    return [
        (tr("User"), one.user),
        (tr("Signed in at"), ", ".join(one.stations) or tr("no station")),
        (tr("Last sign-in"), when(one.last_sign_in)),
        (tr("Password set"), when(one.changed_at)),
        (tr("Account made"), when(one.created_at)),
    ]
