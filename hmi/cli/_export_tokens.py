"""``hmi export PLANT token``: who may ask the REST server of the exports, and for what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hmi.cli._tables import print_table
from hmi.cli._users import console_actor
from hmi.core.errors import UsageError
from hmi.core.texts import tr

if TYPE_CHECKING:
    from hmi.project.plant import Plant
    from hmi.security.it_tokens import ItTokens


@dataclass(frozen=True, slots=True)
class Wish:
    """What ``add`` was given: scopes, areas with commas between them, and the end as it was written."""

    scopes: tuple[str, ...]
    areas: str
    expires: str


def token_act(plant: Plant, data: Path, words: tuple[str, ...], wish: Wish, *, as_json: bool) -> None:
    """``add NAME``, ``remove NAME`` or ``list``."""
    from hmi.security.it_tokens import ItTokens

    tokens = ItTokens(data)
    match words:
        case ("list",):
            _list(tokens, as_json=as_json)
        case ("remove", name):
            tokens.remove(name, by=console_actor())
            typer.echo(tr("{name}: removed; a live connection of it ends within a second", name=name))
        case ("add", name):
            _add(plant, tokens, name, wish)
        case _:
            raise UsageError(
                tr(
                    "write: hmi export PLANT token add NAME --scope read:live, token remove NAME, or token list"
                )
            )


def _add(plant: Plant, tokens: ItTokens, name: str, wish: Wish) -> None:
    scopes = [one for text in wish.scopes for one in text.split(",") if one]
    areas = [one.strip() for one in wish.areas.split(",") if one.strip()]
    known = [area.path for area in plant.areas]
    if unknown := [one for one in areas if one not in known]:
        raise UsageError(
            tr(
                "there is no area {area}; areas: {known}",
                area=repr(unknown[0]),
                known=", ".join(known) or tr("none"),
            )
        )
    ends = _end(wish.expires, plant.zone)
    token = tokens.add(name, scopes, areas=areas, expires=ends, by=console_actor())
    typer.echo(tr("{name}: its token follows; it is shown this once and kept nowhere", name=name), err=True)
    typer.echo(token)


def _end(text: str, zone: str) -> int:
    """UTC ns; 0 for never."""
    from hmi.cli._times import instant_ns, length_ns
    from hmi.core.clock import wall_ns

    if not text:
        return 0
    now = wall_ns()
    if text[-1:].isalpha() and "T" not in text:
        return now + length_ns(text, "expires")
    return instant_ns(text, zone, "expires", now)


def _list(tokens: ItTokens, *, as_json: bool) -> None:
    from hmi.core.clock import wall_ns

    now = wall_ns()
    rows = [
        {
            "name": one.name, "scopes": " ".join(one.scopes), "areas": ", ".join(one.areas),
            "expires": _day(one.expires), "ended": one.has_ended(now), "since": _day(one.made_at),
            "by": one.made_by,
        }
        for one in tokens.all() if one.is_active
    ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    if not rows:
        typer.echo(tr("there is no token; make one: hmi export PLANT token add NAME --scope read:live"))
        return
    print_table(list(rows[0]), ([str(row[column]) for column in row] for row in rows))


def _day(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""
