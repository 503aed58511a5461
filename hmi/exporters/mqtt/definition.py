"""What the MQTT exporter is called and which settings it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.core.errors import ConfigurationError
from hmi.export.mqtt.access import ACCESS_SETTINGS, access_of, far_host, level_of
from hmi.plugins.definition import ExporterDefinition, Setting

SETTINGS = (
    *ACCESS_SETTINGS,
    Setting("prefix", "string", "v1", "first levels of every topic; another one for another version of the tree"),
    Setting("state", "boolean", True, "keep the newest value of each series as a retained message"),
    Setting("log", "boolean", True, "send packages with their statements, so that completeness can be proved"),
    Setting("qos", "integer", 1, "QoS of the state: 1 is acknowledged, 0 is faster", minimum=0, maximum=1),
    Setting("most_kb", "integer", 128, "largest message of the log in kB of 1,024 bytes", minimum=4, maximum=65_536),
)  # fmt: skip


def check(settings: Mapping[str, Any]) -> None:
    """ConfigurationError for values that do not fit together."""
    access_of(settings)
    for level in settings["prefix"].split("/"):
        if not level or level_of(level) != level:
            raise ConfigurationError(
                f"the prefix {settings['prefix']!r} is no beginning of a topic",
                do="write names with / between them, without blanks and + # $ %",
            )
    if not settings["state"] and not settings["log"]:
        raise ConfigurationError("neither state nor log is sent", do="set one of them to true")


DEFINITION = ExporterDefinition(
    name="mqtt",
    title="MQTT, plain JSON",
    settings=SETTINGS,
    takes=frozenset({"samples", "events"}),
    check=check,
    host=far_host,
    live=True,
)
