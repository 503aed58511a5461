"""How alarms are told to people outside of the control room: ``[[notifications]]`` of plant.toml."""

from __future__ import annotations

from dataclasses import dataclass

FIELDS = (
    "plant", "priority", "tag", "name", "message", "area", "value", "limit", "unit", "time", "response", "id",
)  # fmt: skip
"""What stands in braces in a subject or text."""


@dataclass(frozen=True, slots=True)
class NotificationDef:
    """One channel. ``secret`` is the name of a secret. ``quiet``: minutes of the day [from, to), None = never.

    ``ca``: path of a PEM file, empty = what the system trusts. ``delay_s`` and ``give_up_s`` in seconds.
    ``is_local``: its host is this machine.
    """

    name: str
    kind: str
    priorities: frozenset[int]
    areas: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    sender: str = ""
    server: str = ""
    port: int = 587
    security: str = "starttls"
    url: str = ""
    user: str = ""
    secret: str = ""
    ca: str = ""
    delay_s: float = 0.0
    quiet: tuple[int, int] | None = None
    subject: str = ""
    text: str = ""
    give_up_s: float = 14_400.0
    simulator: bool = False
    is_local: bool = False
