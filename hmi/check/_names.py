"""A plant folder as its displays see it, and displays opened by hand."""

from __future__ import annotations

from collections.abc import Mapping

from hmi.client.port import InstanceInfo, TypeInfo
from hmi.core.errors import ConfigurationError
from hmi.mimics import DisplaySource, arguments_from_texts, declared_parameters, display_address
from hmi.project.draft import Draft
from hmi.project.plant import Instance, Plant, TagDef


class FolderNames:
    """Looks names up in what could be read; what was refused there counts as broken, not as unknown."""

    def __init__(self, read: Draft | Plant) -> None:
        self.tags: Mapping[str, TagDef] = read.by_name
        self.instances: Mapping[str, InstanceInfo] = {
            instance.name: _instance(instance, read.by_id) for instance in read.instances.values()
        }
        self.types: Mapping[str, TypeInfo] = {
            t.name: TypeInfo(t.name, t.title, t.extends, list(t.signals), dict(t.parameters))
            for t in read.types.values()
        }
        self.displays: Mapping[str, DisplaySource] = {
            d.name: DisplaySource(d.document, d.source.file) for d in read.displays.values()
        }
        self.broken: frozenset[str] = frozenset()
        if isinstance(read, Draft):
            self.broken = frozenset(read.broken_names | read.broken_displays | read.broken_types)


def opened_with(plant: Plant, display: str, texts: Mapping[str, str]) -> str:
    """The address of a display with arguments as they were typed; ConfigurationError for one that does not fit."""
    names = FolderNames(plant)
    parameters = declared_parameters(plant.displays[display].document, names)
    arguments, problems = arguments_from_texts(parameters, texts, names)
    if problems:
        raise ConfigurationError(f"display {display}: {problems[0]}")
    return display_address(display, arguments)


def _instance(instance: Instance, by_id: Mapping[str, TagDef]) -> InstanceInfo:
    signals = {signal: by_id[tag].name for signal, tag in instance.signals.items() if tag in by_id}
    return InstanceInfo(
        instance.id,
        instance.name,
        instance.type,
        instance.description,
        instance.area,
        "",
        "",
        signals,
        dict(instance.parameters),
    )
