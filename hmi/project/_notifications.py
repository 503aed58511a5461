"""Reads ``[[notifications]]`` of plant.toml."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from hmi.project._draft import Draft
from hmi.project._loopback import is_loopback_host
from hmi.project._read import TomlFile
from hmi.project.models import NotificationModel
from hmi.project.notifications import FIELDS, NotificationDef

_ADDRESS = re.compile(r"^[^@\s,;<>\"\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,253}$")
_FORMATTER = string.Formatter()


class Problem(NamedTuple):
    """``field`` where it stands, empty for the whole channel."""

    field: str
    what: str
    do: str


def notifications(
    models: Sequence[NotificationModel], folder: Path, file: TomlFile, draft: Draft
) -> tuple[NotificationDef, ...]:
    """The channels as written; what does not work is a finding."""
    names: set[str] = set()
    for index, model in enumerate(models):
        problems = [*_of_kind(model), *_of_rest(model, folder, draft)]
        if model.name in names:
            problems.append(Problem("name", "this name stands twice", "rename one of them"))
        names.add(model.name)
        for field, what, do in problems:
            path = ("notifications", index, field) if field else ("notifications", index)
            line = file.lines.find(path) or file.lines.find(("notifications", index))
            draft.findings.error(file.shown, line, f"notification {model.name}: {what}", do)
    return tuple(_definition(model, folder) for model in models)


def _definition(model: NotificationModel, folder: Path) -> NotificationDef:
    return NotificationDef(
        name=model.name,
        kind=model.kind,
        priorities=frozenset(model.priorities),
        areas=tuple(model.areas),
        to=tuple(dict.fromkeys(model.to)),
        sender=model.from_,
        server=model.server,
        port=model.port or (465 if model.security == "tls" else 587),
        security=model.security,
        url=model.url,
        user=model.user,
        secret=model.secret,
        ca=str(folder / model.ca) if model.ca else "",
        delay_s=model.delay_s,
        quiet=(_minutes(model.quiet[0]), _minutes(model.quiet[1])) if len(model.quiet) == 2 else None,
        subject=model.subject,
        text=model.text,
        give_up_s=model.give_up_min * 60,
        simulator=model.simulator,
        is_local=is_loopback_host(_host(model)),
    )


def _of_kind(model: NotificationModel) -> Iterator[Problem]:
    local = is_loopback_host(_host(model))
    if model.kind == "webhook":
        scheme = _scheme(model.url)
        if scheme not in {"http", "https"} or not _host(model):
            yield Problem("url", f"{model.url!r} is not a URL", "write https://host/path")
        elif scheme == "http" and not local:
            yield Problem("url", "http shows the message to the whole network", "use https")
        if "@" in urlsplit(model.url).netloc if scheme else False:
            yield Problem("url", "the URL holds a name or password", 'use secret = "name"')
        return
    if not model.server:
        yield Problem("server", "no mail server is named", 'write server = "mail.example.com"')
    if not model.to:
        yield Problem("to", "nobody is named", 'write to = ["name@example.com"]')
    for field, address in [("from", model.from_), *(("to", one) for one in model.to)]:
        if not _ADDRESS.match(address):
            yield Problem(field, f"{address!r} is not a mail address", "write name@example.com")
    if model.security == "none" and not local:
        yield Problem("security", "none shows the message to the whole network", "use starttls or tls")
    if bool(model.user) != bool(model.secret):
        yield Problem("user", "user and secret belong together", "write both or none")


def _of_rest(model: NotificationModel, folder: Path, draft: Draft) -> Iterator[Problem]:
    for area in model.areas:
        if area not in draft.areas:
            yield Problem(
                "areas", f"the area {area!r} is not known", f"areas: {', '.join(draft.areas) or 'none yet'}"
            )
    if model.ca and not (folder / model.ca).is_file():
        yield Problem("ca", f"there is no file {model.ca}", "put the certificate into the plant folder")
    if len(model.quiet) == 1 or (model.quiet and model.quiet[0] == model.quiet[1]):
        yield Problem("quiet", "a quiet time has a begin and another end", 'write quiet = ["22:00", "06:00"]')
    if model.simulator and not is_loopback_host(_host(model)):
        yield Problem(
            "simulator",
            "a simulated plant sends nothing to other machines",
            "use 127.0.0.1 or remove simulator",
        )
    for field, text in (("subject", model.subject), ("text", model.text)):
        if wrong := _wrong_field(text):
            yield Problem(
                field, f"{wrong} is not a field", f"fields are {', '.join(f'{{{f}}}' for f in FIELDS)}"
            )


def _wrong_field(text: str) -> str:
    """The first part of a template that is not one of ``FIELDS`` alone in braces."""
    try:
        for _, name, spec, conversion in _FORMATTER.parse(text):
            if name is not None and (name not in FIELDS or spec or conversion):
                return f"{{{name}}}"
    except ValueError:
        return "a single brace"
    return ""


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def _host(model: NotificationModel) -> str:
    if model.kind == "smtp":
        return model.server
    try:
        return urlsplit(model.url).hostname or ""
    except ValueError:
        return ""


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
