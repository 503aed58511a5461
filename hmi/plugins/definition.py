"""What a plugin folder declares about itself; importing a definition never imports heavy code.

Settings have one definition; defaults, schema, form and help come from it (style 30).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from hmi.core.values import ValueType


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: name, JSON type (``string integer number boolean array object``), default, help, bounds.

    ``also`` names further JSON types that are taken. ``path_from``: the text names a file or folder, a relative one
    starts at the ``plant`` folder or at what the runtime keeps (``data``). Unless ``is_folder``, one of the plant has
    to be there. ``is_secret``: a password or key, which is never shown and is looked for among the secrets of the
    runtime first; ``file_setting`` names the setting of a file that may hold it.
    """

    name: str
    type: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    also: tuple[str, ...] = ()
    path_from: str = ""
    is_folder: bool = False
    is_secret: bool = False
    file_setting: str = ""


class Footprint(NamedTuple):
    """What a point takes up in its device: bits ``first`` to before ``end`` of a table that ``space`` names.

    ``kind``: how the bits are read; two points of one place that differ in it cannot both be right. ``part``: bits of
    a larger item, which may be read as a whole too. ``low`` and ``high``: ends of the raw numbers, alike where unknown.
    """

    space: str
    first: int
    end: int
    kind: str
    part: bool = False
    low: float = 0.0
    high: float = 0.0


class Points(Protocol):
    """The points of one connection, as the check of a plant asks for them: 100,000 of them in a second."""

    def check(self, address: str, value_type: ValueType, options: Mapping[str, Any]) -> None:
        """Raise AddressError for a point that could never be read."""
        ...

    def footprint(self, address: str, value_type: ValueType, options: Mapping[str, Any]) -> Footprint | None:
        """What a point takes up, None where that says nothing; for addresses that were checked."""
        ...


def any_value(_name: str, _value: Any) -> None:
    """What a driver says of its settings when their types and bounds are all there is to check."""


def no_secrets(_settings: Mapping[str, Any]) -> tuple[str, ...]:
    """What a driver says whose connections need no secret."""
    return ()


@dataclass(frozen=True, slots=True)
class DriverDefinition:
    """A protocol. ``style`` is ``poll`` (acquisition schedules blocks) or ``push`` (the device sends).

    ``check_address(address, type, connection_settings, tag_options)`` raises AddressError;
    ``check_endpoint(text)`` raises ConfigurationError. ``isolated`` drivers run in a worker process. One that
    ``replans`` can ask for other points over an open connection (``Replans``); ``groups_of(points)`` in the folder's
    ``groups.py`` tells its source groups without the worker.
    ``check_setting(name, value)`` raises ConfigurationError for a value of the right type that is wrong.
    ``points(connection_settings)`` does the same for the many points of one connection, and says what they take up;
    without it every point is checked by itself.
    ``own_line(endpoint)`` names what one connection only can use, such as a serial port; empty for all else.
    ``place_of(address, connection_settings, tag_options)`` says one place of the device always in the same words.
    Without ``reaches_device`` it shows something of the product itself: its connections have no endpoint, and do not
    count where a plant is said to be simulated or real.
    ``secrets_of(connection_settings)`` names the secret settings that a connection with these settings uses.
    """

    name: str
    title: str
    style: str
    settings: tuple[Setting, ...]
    tag_options: tuple[Setting, ...]
    check_address: Callable[[str, ValueType, Mapping[str, Any], Mapping[str, Any]], None]
    check_endpoint: Callable[[str], None]
    isolated: bool = False
    replans: bool = False
    check_setting: Callable[[str, Any], None] = any_value
    own_line: Callable[[str], str] = lambda _endpoint: ""
    points: Callable[[Mapping[str, Any]], Points] | None = None
    reaches_device: bool = True
    place_of: Callable[[str, Mapping[str, Any], Mapping[str, Any]], str] = (
        lambda address, _settings, _options: address
    )
    secrets_of: Callable[[Mapping[str, Any]], tuple[str, ...]] = no_secrets
    version: int = 1

    def points_of(self, settings: Mapping[str, Any]) -> Points:
        """The points of a connection with these settings."""
        return (
            self.points(settings) if self.points is not None else _EachByItself(self.check_address, settings)
        )


@dataclass(frozen=True, slots=True)
class _EachByItself:
    """Points of a driver that knows nothing of its connection as a whole."""

    check_address: Callable[[str, ValueType, Mapping[str, Any], Mapping[str, Any]], None]
    settings: Mapping[str, Any]

    def check(self, address: str, value_type: ValueType, options: Mapping[str, Any]) -> None:
        self.check_address(address, value_type, self.settings, options)

    def footprint(self, address: str, value_type: ValueType, options: Mapping[str, Any]) -> Footprint | None:
        del address, value_type, options
        return None


@dataclass(frozen=True, slots=True)
class ExporterDefinition:
    """A place that the plant's data goes to. ``takes``: of ``samples`` and ``events`` what it can hold.

    ``check(settings)`` raises ConfigurationError for values of the right type that do not fit together.
    ``live``: it also shows how the plant is now (``hmi.export.port.LiveExporter``). ``reads``: it answers questions,
    and so may read archive and journal itself (``hmi.export.port.Stored``).
    ``host(settings)`` names the machine it sends to, empty for this one: a simulated plant sends to no other.
    The folder's ``exporter.py`` has ``create(settings, context)`` (``hmi.export.port``).
    """

    name: str
    title: str
    settings: tuple[Setting, ...]
    takes: frozenset[str]
    check: Callable[[Mapping[str, Any]], None]
    host: Callable[[Mapping[str, Any]], str] = lambda _settings: ""
    live: bool = False
    reads: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class ImporterDefinition:
    """A kind of file with tags. ``suffixes`` are the ends of its names, lower case with the dot.

    ``recognises(start)`` tells from the first 64 KiB, as decoded text (of a workbook its first rows, separated by
    tabs; empty for another binary file), how surely the file is of this kind, 0 to 1. The folder's ``importer.py``
    has ``read`` (``hmi.project.importing.Importer``). ``takes_columns``: people may say which column is which.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    recognises: Callable[[str], float]
    settings: tuple[Setting, ...] = ()
    takes_columns: bool = False
    version: int = 1
