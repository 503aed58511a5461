"""The plant folder of the engineering benchmark: 100,000 tags in 50 areas, 30,000 alarms and 500 displays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

AREAS: Final = 50
PUMPS: Final = 5_000
PUMP_SIGNALS: Final = 12
MEASURED: Final = 30_000
DERIVED: Final = 10_000
LIMITED: Final = 10_000
TAGS: Final = PUMPS * PUMP_SIGNALS + MEASURED + DERIVED
ALARMS: Final = 2 * PUMPS + 2 * LIMITED
DISPLAYS: Final = 500
ELEMENTS: Final = 60
NOBODY: Final = 1  # a port that refuses
REGISTERS: Final = 6_000  # of the first device
_PER_CONNECTION: Final = 5_000  # points of one device
_WORDS: Final = 10  # registers between two measured values of one block, in words of 16 bit

_TYPE: Final = """schema = "type/1"
name = "pump"
title = "Pump"
symbol = "pump"
faceplate = "pump"

[parameters.base]
type = "integer"
minimum = 1

[signals.running]
type = "bool"
address = "HR{base}.0"
description = "{description} running"
states = {0 = "Stopped", 1 = "Running"}
history = true

[signals.fault]
type = "bool"
address = "HR{base}.1"
description = "{description} fault"

[signals.remote]
type = "bool"
address = "HR{base}.2"
description = "{description} in remote"
states = {0 = "Local", 1 = "Remote"}

[signals.speed]
type = "float32"
address = "HR{base+1}"
description = "{description} speed"
unit = "%"
range = [0, 100]
format = ".1f"
history = true

[signals.current]
type = "uint16"
address = "HR{base+3}"
description = "{description} current"
unit = "A"
range = [0, 200]
raw = [0, 2000]
format = ".1f"
history = true

[signals.power]
type = "uint16"
address = "HR{base+4}"
description = "{description} power"
unit = "kW"
range = [0, 150]
raw = [0, 1500]
format = ".1f"

[signals.pressure]
type = "int16"
address = "HR{base+5}"
description = "{description} discharge pressure"
unit = "bar"
range = [0, 16]
raw = [0, 1600]
format = ".2f"
history = true

[signals.temperature]
type = "int16"
address = "HR{base+6}"
description = "{description} bearing temperature"
unit = "°C"
range = [0, 150]
raw = [0, 1500]
format = ".1f"

[signals.hours]
type = "uint32"
address = "HR{base+7}"
description = "{description} hours"
unit = "h"

[signals.starts]
type = "uint16"
address = "HR{base+9}"
description = "{description} starts"

[signals.speed_sp]
type = "float32"
address = "HR{base+10}"
description = "{description} speed set point"
unit = "%"
range = [0, 100]
format = ".1f"

[signals.speed_sp.command]
class = "R"
limits = [20, 100]
max_step = 20
tolerance = 0.1

[signals.start]
type = "bool"
address = "C{base}"
description = "{description} start"
states = {0 = "Stop", 1 = "Start"}

[signals.start.command]
class = "S"
feedback = "'{name}.running' == '{name}.start'"
expected_ms = 5000
permissives = [{expression = "not '{name}.fault'", text = "Pump has no fault"}]

[alarms.fault]
signal = "fault"
kind = "discrete"
priority = 2
message = "{description} fault"
cause = "Overload or loss of supply"
consequence = "The pump stands"
action = "Start the stand-by pump"
time_to_respond = "10 min"

[alarms.hot]
signal = "temperature"
kind = "high"
limit = 110
deadband = 2
on_delay = 5
priority = 3
message = "{description} bearing hot"
cause = "Wear"
consequence = "The bearing fails"
action = "Start the stand-by pump"
time_to_respond = "30 min"
"""


def write_large_plant(folder: Path, *, port: int = NOBODY) -> Path:
    """The folder, made. The first of its devices, which the first display shows, listens at ``port`` of this machine;
    the others are away.
    """
    for name in ("types", "displays"):
        (folder / name).mkdir(parents=True)
    _write(folder / "plant.toml", _head(port))
    _write(folder / "types" / "pump.toml", _TYPE)
    _write(folder / "tags.csv", "".join(_tag_rows()))
    _write(folder / "alarms.csv", "".join(_alarm_rows()))
    for number in range(DISPLAYS):
        name = _display(number)
        _write(
            folder / "displays" / f"{name}.json", json.dumps(_document(number, name), separators=(",", ":"))
        )
    return folder


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _head(port: int) -> str:
    points = PUMPS * PUMP_SIGNALS + MEASURED
    connections = [
        f'[connection.plc{n}]\ndriver = "modbus"\nendpoints = ["tcp://127.0.0.1:{NOBODY if n else port}"]\n\n'
        for n in range(-(-points // _PER_CONNECTION))
    ]
    areas = [f'[[area]]\npath = "area{n}"\ntitle = "Area {n}"\n\n' for n in range(AREAS)]
    head = 'schema = "plant/1"\nid = "p_engineering1"\nname = "engineering"\ntitle = "Large plant"\nhome = "d0"\n\n'
    return head + "".join(areas) + "".join(connections)


def _connection(point: int) -> tuple[str, int]:
    """Which device a point belongs to, and its number there."""
    connection, place = divmod(point, _PER_CONNECTION)
    return f"plc{connection}", place


def _tag_rows() -> Iterator[str]:
    columns = "kind,id,name,type,description,connection,address,scan,unit,low,high,raw_low,raw_high,format,expression"
    yield f"{columns},history,parameters,display\n"
    for n in range(PUMPS):
        connection, place = _connection(n * PUMP_SIGNALS)
        base = 1 + place
        yield (
            f"pump,i_pump{n:08d},{_pump(n)},,Pump {n},{connection},,,,,,,,,,,base={base},{_display(n % DISPLAYS)}\n"
        )
    for n in range(MEASURED):
        connection, place = _connection(PUMPS * PUMP_SIGNALS + n)
        yield (
            f"tag,t_meas{n:08d},{_measured(n)},int16,Flow {n},{connection},HR{_WORDS + place},normal,m³/h,"
            "0,250,0,25000,.1f,,true,,\n"
        )
    for n in range(DERIVED):
        one, other = _measured(n), _measured(n + 1)
        yield f"tag,t_calc{n:08d},area{n % AREAS}/sum{n},float,Sum {n},,,,m³/h,0,500,,,.1f,'{one}' + '{other}',,,\n"


def _alarm_rows() -> Iterator[str]:
    yield (
        "id,tag,name,kind,limit,deadband,on_delay,priority,message,cause,consequence,action,time_to_respond,display\n"
    )
    for n in range(LIMITED):
        for kind, limit in (("high", 225), ("low", 10)):
            yield (
                f"a_{kind}{n:08d},{_measured(n)},{kind},{kind},{limit},5,5,3,Flow {n} {kind},Cause,Consequence,Action,"
                f"30 min,{_display(n % DISPLAYS)}\n"
            )


def _pump(number: int) -> str:
    return f"area{number % AREAS}/p{number}"


def _measured(number: int) -> str:
    return f"area{number % AREAS}/ft{number}"


def _display(number: int) -> str:
    return f"d{number}"


def _document(number: int, name: str) -> dict[str, Any]:
    area = f"area{number % AREAS}"
    return {
        "schema": "display/1",
        "id": f"d_disp{number:08d}",
        "name": name,
        "title": f"Display {number}",
        "level": 1 if number == 0 else 2 if number < AREAS else 3,
        "area": "" if number == 0 else area,
        "elements": list(_elements(number)),
    }


def _elements(number: int) -> Iterator[dict[str, Any]]:
    for n in range(ELEMENTS):
        place = {"id": f"e_{n:06d}", "x": 8 + n % 10 * 190, "y": 8 + n // 10 * 140}
        yield {**place, **(_link(number) if n == 0 else _shown(number, n))}


def _link(number: int) -> dict[str, Any]:
    return {"type": "link", "w": 160, "h": 30, "text": "Next", "display": _display((number + 1) % DISPLAYS)}


def _shown(number: int, n: int) -> dict[str, Any]:
    """Pumps, bars, texts and numbers in turn; the first display shows the device that answers."""
    turn = number * 10 + n % 10
    flow = f"{_pump(turn)}.current" if number == 0 else _measured((turn + 7 * n) % MEASURED)
    total = f"{_pump(turn)}.power" if number == 0 else f"area{turn % DERIVED % AREAS}/sum{turn % DERIVED}"
    match n % 6:
        case 0:
            return {"type": "pump", "w": 60, "h": 60, "instance": _pump(turn % PUMPS)}
        case 1:
            bar = {"tag": flow, "direction": "vertical", "label": f"FT {turn}"}
            return {"type": "bar", "w": 40, "h": 100, **bar}
        case 2:
            return {"type": "text", "w": 160, "h": 24, "text": f"Line {n} of display {number}"}
        case 3:
            return {"type": "readout", "w": 120, "h": 30, "tag": total}
    return {"type": "readout", "w": 120, "h": 30, "tag": flow}
