"""The alarm mark of one tag, of one piece of equipment or of an area; nothing while all is well."""

from __future__ import annotations

from hmi.mimics import ElementDefinition, Inputs, Property


def look(inputs: Inputs) -> tuple[object, ...]:
    own = inputs.reading("tag").alarm if inputs.bound("tag") else None
    return (own or inputs.alarm or inputs.area_alarm(),)


DEFINITION = ElementDefinition(
    name="alarm_mark",
    title="Alarm mark",
    properties=(
        Property("tag", "tag", "", "tag whose alarms it shows"),
        Property("instance", "instance", "", "or equipment whose alarms it shows"),
        Property("area", "area", "", "or prefix of tag names"),
    ),
    look=look,
    size=(22, 22),
    clickable=True,
    group="values",
)
