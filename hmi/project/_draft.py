"""A plant while it is being read: everything that was right so far, and the findings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hmi.core.errors import AddressError, ConfigurationError
from hmi.core.identity import is_id, is_tag_name
from hmi.core.quick import quick
from hmi.core.values import ValueType
from hmi.plugins.definition import DriverDefinition, Points
from hmi.project._findings import FieldError, Findings
from hmi.project._record_fields import problem_of_record
from hmi.project.plant import (
    AlarmDef,
    Area,
    ComponentType,
    ConnectionDef,
    DisplayFile,
    Instance,
    ScanClass,
    Source,
    TagDef,
)

_NO_OPTIONS: Mapping[str, Any] = {}
_new_tag = quick(TagDef)


@dataclass(frozen=True, slots=True)
class TrainingFile:
    """A scenario as written."""

    shown: str
    data: Mapping[str, Any]
    text: str

    def line_of(self, name: str) -> int:
        """The first line with a text in it; 1 when it is written in another way."""
        at = self.text.find(name)
        return self.text.count("\n", 0, at) + 1 if at >= 0 else 1


@dataclass(slots=True)
class Draft:
    """Mutable; becomes a Plant when the reading ends. ``digest`` collects the canonical content."""

    folder: str
    findings: Findings = field(default_factory=Findings)
    head: dict[str, Any] = field(default_factory=dict)
    areas: dict[str, Area] = field(default_factory=dict)
    scans: dict[str, ScanClass] = field(default_factory=dict)
    connections: dict[str, ConnectionDef] = field(default_factory=dict)
    drivers: dict[str, DriverDefinition] = field(default_factory=dict)
    tags: list[TagDef] = field(default_factory=list)
    by_name: dict[str, TagDef] = field(default_factory=dict)
    by_id: dict[str, TagDef] = field(default_factory=dict)
    alarms: list[AlarmDef] = field(default_factory=list)
    instances: dict[str, Instance] = field(default_factory=dict)
    types: dict[str, ComponentType] = field(default_factory=dict)
    displays: dict[str, DisplayFile] = field(default_factory=dict)
    ids: dict[str, Source] = field(default_factory=dict)
    digest: Any = field(default_factory=hashlib.sha256)
    head_file: str = ""
    home_line: int = 1
    head_line: Callable[[Sequence[str | int]], int] = lambda _path: 1
    left_out: tuple[str, ...] = ()
    export_lines: dict[str, int] = field(default_factory=dict)
    training: dict[str, TrainingFile] = field(default_factory=dict)
    without_class: list[tuple[str, Source]] = field(default_factory=list)
    signal_sources: dict[tuple[str, str], Source] = field(default_factory=dict)
    extended_types: set[str] = field(default_factory=set)
    broken_types: set[str] = field(default_factory=set)
    broken_names: set[str] = field(default_factory=set)
    broken_displays: set[str] = field(default_factory=set)
    display_texts: dict[str, str] = field(default_factory=dict)
    _area_of: dict[str, str] = field(default_factory=dict)
    _points: dict[str, Points] = field(default_factory=dict)

    def claim_id(self, text: str, source: Source, *, made: bool = False) -> bool:
        """Take an id; a finding and False when it is malformed or taken."""
        if not made and not is_id(text):
            what = f"the id {text!r} is not an id"
            self.findings.error(
                source.file, source.line, what, "leave it empty and run hmi format", rule="malformed-id"
            )
            return False
        first = self.ids.setdefault(text, source)
        if first is source:
            return True
        what = f"the id {text} is taken by {first.file}:{first.line}"
        self.findings.error(
            source.file, source.line, what, "leave it empty and run hmi format", rule="duplicate-id"
        )
        return False

    def refuse(self, name: str, source: Source, problem: FieldError) -> None:
        """An error of a tag or instance; what names it later is not reported once more."""
        self.broken_names.add(name)
        self.findings.error(source.file, source.line, f"{name}: {problem.text}", problem.do, problem.rule)

    def is_known(self, name: str) -> bool:
        """True for a tag, and for a name whose own definition has been reported as wrong."""
        if name in self.by_name or name in self.broken_names:
            return True
        owner = name.rpartition(".")[0]
        while owner and owner not in self.broken_names:  # the equipment, or that which it is a member of
            owner = owner.rpartition("/")[0]
        return bool(owner)

    def origin_of(self, tag: TagDef) -> Source:
        """Where a tag is described: the signal of its type, else its own row."""
        instance = self.instances.get(tag.instance)
        return self.signal_sources.get((instance.type, tag.signal), tag.source) if instance else tag.source

    def area_for(self, name: str, given: str, source: Source) -> str:
        """The area of a tag: as given, else the longest area that begins its name."""
        if given:
            if given not in self.areas:
                what, known = f"the area {given!r} is not known", ", ".join(self.areas) or "none yet"
                self.findings.error(source.file, source.line, what, f"areas in plant.toml: {known}")
            return given
        head = name.rpartition("/")[0]
        if head not in self._area_of:
            self._area_of[head] = self._longest_area(head)
        return self._area_of[head]

    def _longest_area(self, head: str) -> str:
        while head and head not in self.areas:
            head = head.rpartition("/")[0]
        return head

    def add_tag(self, fields: dict[str, Any], source: Source) -> TagDef | None:
        """Check and keep one tag; findings and None when it cannot be kept."""
        name = fields["name"]
        problem = self._problem_of_tag(name, fields)
        if problem is not None:
            self.refuse(name, source, problem)
            return None
        tag = _new_tag(handle=len(self.tags), source=source, **fields)
        self.tags.append(tag)
        self.by_name[name] = self.by_id[tag.id] = tag
        return tag

    def _problem_of_tag(self, name: str, fields: dict[str, Any]) -> FieldError | None:
        if "signal" not in fields and not is_tag_name(name):
            return FieldError(f"{name!r} is not a tag name", "write area/unit/equipment.signal", "name")
        first = self.by_name.get(name)
        if first is not None:
            return FieldError(
                f"is already a tag in {first.source.file}:{first.source.line}",
                "rename one of them",
                "duplicate-name",
            )
        scan = fields.get("scan", "normal")
        if scan not in self.scans:
            return FieldError(f"scan class {scan!r} is not known", f"use one of {', '.join(self.scans)}")
        return problem_of_record(fields) or self._problem_of_source(fields)

    def _problem_of_source(self, fields: dict[str, Any]) -> FieldError | None:
        connection, address = fields.get("connection", ""), fields.get("address", "")
        if fields.get("manual"):
            return _problem_of_manual(fields)
        if fields.get("calculation") is not None:
            return None
        if fields.get("manual_max_age_s"):
            return FieldError("has a manual_max_age but is not manual", "write manual = true, or take it out")
        if fields.get("expression"):
            if fields.get("command") is not None:
                return FieldError("is calculated and cannot be written", "remove writable")
            return FieldError("has an address and an expression", "keep one of them") if address else None
        if not address:
            return FieldError("has neither an address nor an expression", "or write manual = true")
        if not connection:
            return FieldError("has an address but no connection", "name a connection of plant.toml")
        if connection not in self.connections:
            known = ", ".join(self.connections) or "none yet"
            return FieldError(
                f"connection {connection!r} is not known", f"connections in plant.toml: {known}"
            )
        return self._problem_of_address(self.connections[connection], address, fields)

    def _problem_of_address(
        self, connection: ConnectionDef, address: str, fields: Mapping[str, Any]
    ) -> FieldError | None:
        points = self._points.get(connection.name)
        if points is None:
            found = self.drivers.get(connection.driver)
            if found is None:
                return None
            points = self._points[connection.name] = found.points_of(connection.settings)
        try:
            points.check(address, fields.get("type", ValueType.FLOAT64), fields.get("options", _NO_OPTIONS))
        except (AddressError, ConfigurationError) as error:
            return FieldError(error.what, error.do, "address")
        return None


def _problem_of_manual(fields: Mapping[str, Any]) -> FieldError | None:
    others = {"address": "an address", "expression": "an expression", "connection": "a connection",
              "command": "writable"}  # fmt: skip
    for name, what in others.items():
        if fields.get(name):
            return FieldError(
                f"is manual and has {what}", "a manual tag has no other source; keep one of them"
            )
    return None
