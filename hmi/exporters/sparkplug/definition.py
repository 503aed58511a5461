"""What the Sparkplug exporter is called and which settings it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.core.errors import ConfigurationError
from hmi.export.mqtt.access import ACCESS_SETTINGS, access_of, far_host
from hmi.plugins.definition import ExporterDefinition, Setting

SETTINGS = (
    *ACCESS_SETTINGS,
    Setting("group", "string", "", "group id; empty = the name of the plant"),
    Setting("edge", "string", "", "edge node id, unique in its group; empty = the name of the job"),
    Setting("primary_host", "string", "", "id of the host application that must be online; empty = none"),
    Setting("host_wait_s", "number", 10.0, "seconds to wait for the host at each server", minimum=0.1, maximum=120.0),
    Setting("state", "string", "sparkplug", "folder where the number of the session is kept", path_from="data",
            is_folder=True),
    Setting("aliases", "boolean", True, "send numbers instead of names after the birth"),
)  # fmt: skip


def check(settings: Mapping[str, Any]) -> None:
    """ConfigurationError for values that do not fit together (tck-id-topic-structure-namespace-valid-group-id)."""
    access_of(settings)
    for name in ("group", "edge", "primary_host"):
        text = settings[name]
        if any(one in text for one in "+/#\0") or (name == "group" and text == "STATE"):
            raise ConfigurationError(f"{name} {text!r} is no Sparkplug id", do="write it without + / and #")


DEFINITION = ExporterDefinition(
    name="sparkplug",
    title="Sparkplug B edge node",
    settings=SETTINGS,
    takes=frozenset({"samples"}),
    check=check,
    host=far_host,
    live=True,
)
