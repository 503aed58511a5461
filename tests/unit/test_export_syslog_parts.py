"""Pure parts of the syslog exporter: priority, head, structured data, what is too long, settings."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hmi.core.errors import ConfigurationError, WatchkeeperError
from hmi.export.port import Event
from hmi.exporters.syslog._message import BOM, Form, Severity, framed, message_of, severity_of
from hmi.exporters.syslog.definition import DEFINITION, FACILITIES
from hmi.project import open_plant
from hmi.project.exports import ExportWhat

FORM = Form(FACILITIES["authpriv"], "hmi-1", "p_1/siem", "waterworks", 8_192)
AT = 1_795_000_000_123_456_789


def event(
    name: str = "session.refused", kind: str = "audit", *, object_id: str = "", **payload: Any
) -> Event:
    fields = {"object": object_id, "actor": "viewer", "station": "desk", "payload": payload}
    return Event(7, AT, kind, name, fields)


def test_rfc_5424_head_and_priority_are_those_of_the_standard() -> None:
    found = message_of(event(result="refused"), 3, FORM)
    assert found.startswith(
        b'<84>1 2026-11-18T11:06:40.123456Z hmi-1 watchkeeper - session.refused [meta sequenceId="3"]'
    )
    assert found.endswith(b" " + BOM + b"session.refused by viewer at desk: refused")
    assert framed(b"abc") == b"3 abc"


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("session.signed_in", Severity.INFORMATION), ("session.refused", Severity.WARNING),
        ("account.locked", Severity.WARNING), ("account.changed", Severity.NOTICE),
        ("certificate.accepted", Severity.NOTICE), ("certificate.rejected", Severity.WARNING),
        ("station.removed", Severity.WARNING), ("audit.seals_failing", Severity.ERROR),
        ("program.changed", Severity.CRITICAL), ("access.refused", Severity.WARNING),
    ],
)  # fmt: skip
def test_severity_goes_by_what_happened(name: str, severity: Severity) -> None:
    assert severity_of(event(name)) is severity


def test_severity_of_an_alarm_goes_by_its_priority() -> None:
    found = [severity_of(event("alarm.raised", "alarm", priority=number)) for number in (1, 2, 3, 4, 0)]
    assert found == [
        Severity.CRITICAL,
        Severity.ERROR,
        Severity.WARNING,
        Severity.NOTICE,
        Severity.INFORMATION,
    ]


def test_values_of_structured_data_are_escaped_and_cannot_forge_a_line() -> None:
    found = message_of(event(user='a"b\\c]d\n<34>1 \ud800'), 1, FORM)
    assert rb'user="a\"b\\c\]d\\u000a<34>1 \\ud800"' in found
    assert b"\n" not in found


def test_names_in_the_head_are_printed_ascii_of_the_right_length() -> None:
    found = message_of(event("längeres ereignis " + "x" * 60), 1, replace(FORM, host="h ö" * 200))
    head = found.split(b" ")
    assert (len(head[2]), len(head[5])) == (255, 32)
    assert all(33 <= byte <= 126 for word in head[2:6] for byte in word)


@pytest.mark.parametrize("size", [10, 3_000, 100_000])
def test_a_message_is_never_longer_than_it_may_be(size: int) -> None:
    form = replace(FORM, most_bytes=2_048)
    found = message_of(event(text="ä" * size, object_id="]" * size), 1, form)
    assert len(found) <= 2_048
    assert (b'shortened="1"' in found) == (size > 10)
    assert (b" record=" in found) == (size == 10)
    found.partition(BOM)[2].decode()  # cut between two characters


def test_the_sequence_begins_anew_behind_its_greatest_number() -> None:
    assert b'sequenceId="2147483647"' in message_of(event(), 2_147_483_647, FORM)
    assert b'sequenceId="1"' in message_of(event(), 2_147_483_648, FORM)


def test_the_record_gives_every_field_back() -> None:
    one = event(user="ada", number=2**63 - 1, list=[1, None, True])
    found = message_of(one, 1, FORM).decode()
    text = found.split(' record="')[1].split('"] \ufeff')[0]
    for escaped in ('"', "]", "\\"):
        text = text.replace(f"\\{escaped}", escaped)
    assert json.loads(text) == one.fields


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"host": ""}, "is no host"),
        ({"host": "a b"}, "is no host"),
        ({"host": "udp://a"}, "is no host"),
        ({"certificate": "a.pem"}, "go together"),
        ({"protocol": "udp", "ca": "a.pem"}, "udp knows no certificates"),
    ],
)
def test_settings_that_do_not_fit_are_told(given: dict[str, Any], what: str) -> None:
    settings = {one.name: one.default for one in DEFINITION.settings} | given
    with pytest.raises(ConfigurationError, match=what):
        DEFINITION.check(settings)


def test_the_definition_imports_nothing_heavy() -> None:
    code = "import sys, hmi.exporters.syslog.definition; print('ssl' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_plant_names_it_as_any_other_export(tmp_path: Path) -> None:
    head = 'schema = "plant/1"\nid = "p_aaaaaaaaaa"\nname = "works"\n'
    job = (
        '\n[[exports]]\nname = "siem"\nto = "syslog"\nwhat = "security"\nsettings = { host = "127.0.0.1" }\n'
    )
    (tmp_path / "tags.csv").write_text("kind,id,name\n", encoding="utf-8")
    (tmp_path / "plant.toml").write_text(head + job, encoding="utf-8")
    (found,) = open_plant(tmp_path).exports
    assert (found.what, found.settings["protocol"], found.settings["facility"]) == (
        ExportWhat.SECURITY, "tls", "authpriv",
    )  # fmt: skip
    (tmp_path / "plant.toml").write_text(head + job.replace("security", "samples"), encoding="utf-8")
    with pytest.raises(WatchkeeperError, match="syslog takes no samples"):
        open_plant(tmp_path)
