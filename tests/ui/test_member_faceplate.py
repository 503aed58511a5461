"""A pump inside of a pump set has the faceplate of a pump, and displays repeat it as any other."""

from __future__ import annotations

from pathlib import Path

from hmi.core.principal import Mode
from hmi.mimics import Catalogue
from hmi.project import new_plant, open_plant
from hmi.runtime._plant_info import plant_info
from hmi.ui.faceplate.content import content_of

SET = """schema = "type/1"
name = "pumpset"

[parameters.base]
type = "integer"

[signals.mode]
type = "uint16"
address = "HR{base}"

[members.first]
type = "pump"
parameters = {base = "{base+10}"}
"""


def test_a_member_has_the_faceplate_of_its_type(tmp_path: Path) -> None:
    folder = new_plant(tmp_path / "works")
    (folder / "types" / "pumpset.toml").write_text(SET, "utf-8")
    tags = folder / "tags.csv"
    header, *rows = tags.read_text("utf-8").splitlines()
    names = header.split(",")
    known = {"kind": "pumpset", "name": "area1/set1", "connection": "plc1", "parameters": "base=500"}
    rows.append(",".join(known.get(name, "") for name in names))
    tags.write_text("\n".join((header, *rows)) + "\n", "utf-8")
    plant = open_plant(folder)
    catalogue = Catalogue.of(plant_info(plant, Mode.PLANT))

    found = content_of("area1/set1/first", catalogue)
    other = content_of("area1/p101", catalogue)
    assert found is not None
    assert other is not None
    assert (found.kind, found.symbol) == (other.kind, other.symbol)
    assert found.signals == {signal: f"area1/set1/first.{signal}" for signal in other.signals}
    assert found.commands == tuple(name.replace("p101", "set1/first") for name in other.commands)
    assert content_of("area1/set1/first.speed", catalogue) is not None
    outer = content_of("area1/set1", catalogue)
    assert outer is not None
    assert outer.signals == {"mode": "area1/set1.mode"}
