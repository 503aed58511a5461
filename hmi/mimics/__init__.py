"""Screens as data: typed elements with bindings, and the scene that turns values into looks. No Qt."""

from hmi.mimics._catalogue import Catalogue, TagAlarm
from hmi.mimics._curves import Curve, Limit, band_of, curve, limits_of, scale_of
from hmi.mimics._definition import ElementDefinition, Property, Signal, shipped_definitions
from hmi.mimics._document import (
    SCHEMA,
    Display,
    DisplayFinding,
    Element,
    load_display,
    tag_names,
)
from hmi.mimics._equipment import DRIVE_SIGNALS, Equipment, equipment
from hmi.mimics._inputs import Inputs
from hmi.mimics._past import Past, number_of
from hmi.mimics._readings import (
    NO_VALUE,
    Reading,
    Shown,
    default_format,
    format_value,
    fraction,
    mark_of,
    show,
)
from hmi.mimics._scene import Freshness, Scene

__all__ = [
    "DRIVE_SIGNALS",
    "NO_VALUE",
    "SCHEMA",
    "Catalogue",
    "Curve",
    "Display",
    "DisplayFinding",
    "Element",
    "ElementDefinition",
    "Equipment",
    "Freshness",
    "Inputs",
    "Limit",
    "Past",
    "Property",
    "Reading",
    "Scene",
    "Shown",
    "Signal",
    "TagAlarm",
    "band_of",
    "curve",
    "default_format",
    "equipment",
    "format_value",
    "fraction",
    "limits_of",
    "load_display",
    "mark_of",
    "number_of",
    "scale_of",
    "shipped_definitions",
    "show",
    "tag_names",
]
