"""The plant as a station sees it; pure."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hmi.client.port import DisplayInfo, InstanceInfo, PlantInfo, TagInfo, TypeInfo
from hmi.core.principal import Mode
from hmi.project.plant import AlarmDef, CommandRule, Instance, Plant, TagDef


def plant_info(plant: Plant, mode: Mode) -> PlantInfo:
    """Everything a station needs to show the plant, at its revision."""
    alarms: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for alarm in plant.alarms:
        alarms[alarm.tag_id].append(_alarm(alarm))
    names = {tag.id: tag.name for tag in plant.tags}
    return PlantInfo(
        id=plant.id,
        name=plant.name,
        title=plant.title,
        revision=plant.revision,
        zone=plant.zone,
        mode=mode.value,
        home=plant.home,
        area_control=plant.area_control_required,
        areas=[{"path": a.path, "title": a.title, "parent": a.parent} for a in plant.areas],
        tags=[_tag(plant, tag, alarms.get(tag.id, [])) for tag in plant.tags],
        instances=[_instance(plant, i, names) for i in plant.instances.values()],
        displays=[
            DisplayInfo(d.id, d.name, d.title, d.level, d.area, dict(d.document))
            for d in plant.displays.values()
        ],
        types=[
            TypeInfo(t.name, t.title, t.extends, list(t.signals), dict(t.parameters))
            for t in plant.types.values()
        ],
    )


def _alarm(alarm: AlarmDef) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "name": alarm.name,
        "kind": alarm.kind,
        "limit": alarm.limit,
        "priority": int(alarm.priority),
        "message": alarm.message,
    }


def _modes(command: CommandRule) -> list[str]:
    """Texts of the conditions that follow from the modes of a type; nobody bypasses them."""
    declared = dict(command.causes)
    return [text for expression, text in command.permissives if expression in declared]


def _tag(plant: Plant, tag: TagDef, alarms: list[dict[str, Any]]) -> TagInfo:
    scan = plant.scan_classes.get(tag.scan)
    command = tag.command
    limits = command.limits if command else None
    tune = command.limits_tune if command else None
    return TagInfo(
        id=tag.id,
        name=tag.name,
        type=tag.type.value,
        description=tag.description,
        area=tag.area,
        unit=tag.unit,
        format=tag.format,
        low=tag.range.low if tag.range else None,
        high=tag.range.high if tag.range else None,
        normal_low=tag.normal.low if tag.normal else None,
        normal_high=tag.normal.high if tag.normal else None,
        states=dict(tag.states),
        writable=command is not None,
        command_class=command.klass.value if command else "",
        limit_low=limits.low if limits else None,
        limit_high=limits.high if limits else None,
        instance=tag.instance,
        signal=tag.signal,
        period_ms=scan.period_ms if scan else 1_000,
        history=tag.history,
        alarms=alarms,
        connection=tag.connection,
        manual=tag.manual,
        max_step=tag.largest_step,
        permissives=[list(pair) for pair in command.permissives] if command else [],
        interlocks=[list(pair) for pair in command.interlocks] if command else [],
        fixed=_modes(command) if command else [],
        expected_ms=command.expected_ms if command else 0,
        pulse=command.pulse if command else False,
        two_person=command.two_person if command else False,
        right=command.right.value if command else "",
        ramp=command.ramp if command else 0.0,
        tune_low=tune.low if tune else None,
        tune_high=tune.high if tune else None,
    )


def _instance(plant: Plant, instance: Instance, names: dict[str, str]) -> InstanceInfo:
    kind = plant.types.get(instance.type)
    return InstanceInfo(
        id=instance.id,
        name=instance.name,
        type=instance.type,
        title=instance.description,
        area=instance.area,
        symbol=kind.symbol if kind else "",
        faceplate=kind.faceplate if kind else "",
        signals={signal: names[tag] for signal, tag in instance.signals.items() if tag in names},
        parameters=dict(instance.parameters),
        display=instance.display,
        parent=instance.parent,
    )
