"""Alarms of certificates that end soon: 30 days P3, 7 days P2 instead, over restarts and revisions (UA-16)."""

from __future__ import annotations

from dataclasses import replace

from hmi.alarms import AlarmChange, AlarmEngine
from hmi.core.alarms import AlarmState, Priority
from hmi.core.clock import NS_PER_S
from hmi.project.exports import ExportDef
from hmi.project.plant import Plant
from hmi.testing.plant import make_plant, make_tag

S = NS_PER_S


def plant() -> Plant:
    return make_plant([make_tag("a", connection="plc1")])


def engine(of: Plant | None = None) -> AlarmEngine:
    return AlarmEngine(of or plant(), [], {})


def told(changes: list[AlarmChange]) -> list[tuple[str, str, AlarmState]]:
    return sorted((one.row.alarm_id, one.event.value, one.row.state) for one in changes)


def listed(alarms: AlarmEngine) -> dict[str, Priority]:
    return {row.alarm_id: row.priority for row in alarms.active() if row.state is AlarmState.UNACK}


def test_UA_16_thirty_days_is_p3_and_seven_days_p2_instead() -> None:
    alarms = engine()
    assert alarms.certificates_are({}, S) == []
    alarms.certificates_are({"own": 30, "link/plc1": 30}, 2 * S)
    assert listed(alarms) == {"certificate:own/30": Priority.P3, "certificate:link/plc1/30": Priority.P3}
    assert alarms.certificates_are({"own": 30, "link/plc1": 30}, 3 * S) == []
    alarms.certificates_are({"own": 7, "link/plc1": 30}, 4 * S)
    assert listed(alarms) == {"certificate:own/7": Priority.P2, "certificate:link/plc1/30": Priority.P3}
    alarms.certificates_are({}, 5 * S)
    assert listed(alarms) == {}


def test_UA_16_guidance_says_what_to_do() -> None:
    alarms = engine()
    (change,) = alarms.certificates_are({"link/plc1": 7}, S)
    assert change.row.message == "The certificate of plc1 ends within 7 days, or has ended"
    assert change.row.name == "certificate of plc1"


def test_UA_16_state_is_kept_over_a_restart() -> None:
    alarms = engine()
    alarms.certificates_are({"own": 7, "link/plc1": 30}, S)
    again = engine()
    again.import_state(alarms.export_state())
    assert listed(again).keys() == {"certificate:own/7", "certificate:link/plc1/30"}
    assert again.certificates_are({"own": 7, "link/plc1": 30}, 2 * S) == []


def test_UA_16_an_alarm_of_a_connection_that_is_gone_ends() -> None:
    from hmi.alarms import AlarmTables

    alarms = engine()
    alarms.certificates_are({"own": 30, "link/plc1": 30}, S)
    other = make_plant([make_tag("a", connection="plc2")])
    changes = alarms.apply(AlarmTables(other), {}, 2 * S)
    assert [one.row.alarm_id for one in changes] == ["certificate:link/plc1/30"]
    assert listed(alarms).keys() == {"certificate:own/30"}


def test_the_certificate_of_the_server_of_an_export_job_is_told_and_ends_with_the_job() -> None:
    of = replace(plant(), exports=(ExportDef("office", "opcua_server"),))
    alarms = engine(of)
    (change,) = alarms.certificates_are({"export/office": 30}, S)
    assert change.row.message == (
        "The certificate of the server of export office ends within 30 days, or has ended"
    )
    assert listed(alarms) == {"certificate:export/office/30": Priority.P3}
    again, without = engine(of), engine()
    for one in (again, without):
        one.import_state(alarms.export_state())
    assert (listed(again).keys(), listed(without)) == ({"certificate:export/office/30"}, {})
    alarms.certificates_are({}, 2 * S)
    assert listed(alarms) == {}
