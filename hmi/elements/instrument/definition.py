"""An instrument bubble of ISA-5.1 with function letters, loop number and, below it, the value."""

from __future__ import annotations

import re
from typing import Final

from hmi.mimics import ElementDefinition, Inputs, Property, show

_NAME: Final = re.compile(r"([^\W\d_]{1,5})[-_ ]?(\d\w{0,5})")


def look(inputs: Inputs) -> tuple[object, ...]:
    letters, loop = name_parts(inputs.text("label") or _tag_name(inputs))
    return letters, loop, show(inputs.reading("tag"), form=inputs.text("format"))


def _tag_name(inputs: Inputs) -> str:
    """``FT101`` of ``intake/ft101.flow``."""
    tag = inputs.element.properties.get("tag")
    name = tag if isinstance(tag, str) else inputs.tags[0] if inputs.tags else ""
    return name.rpartition("/")[2].partition(".")[0].upper()


def name_parts(name: str) -> tuple[str, str]:
    """Function letters and loop number: ``FIC`` and ``211A`` of ``FIC-211A``; another name stands whole."""
    found = _NAME.match(name)
    return (found[1], found[2]) if found else (name, "")


DEFINITION = ElementDefinition(
    name="instrument",
    title="Instrument",
    properties=(
        Property("tag", "tag", "", "the value"),
        Property("label", "string", "", "such as FIC-211; instead of the tag's own name"),
        Property("kind", "choice", "discrete", "shared is a circle in a square", ("discrete", "shared")),
        Property(
            "place",
            "choice",
            "field",
            "line across: none in the field, solid on a panel, dashed behind it, double on a local panel",
            ("field", "panel", "behind", "local"),
        ),
        Property("value", "boolean", True, "draw the value below"),
        Property("format", "string", "", "instead of the tag's format"),
    ),
    look=look,
    size=(44, 44),
    margin=(48, 16, 70, 36),
    clickable=True,
    group="process",
)
