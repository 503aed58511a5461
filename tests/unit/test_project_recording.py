"""How a plant folder says that a tag is recorded: columns, signals of types, defaults, and what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from hmi.core.values import ValueType
from hmi.project import load_plant
from hmi.project.diff import plant_diff
from hmi.project.plant import CommandRule, EURange, Plant, Scaling, TagDef
from hmi.project.recording import RecordSettings
from hmi.testing.plant import make_tag

HEAD = 'schema = "plant/1"\nname = "works"\n\n[[area]]\npath = "a"\n'
COLUMNS = (
    "kind,id,name,type,unit,low,high,expression,history,exc_dev,exc_min,exc_max,comp_dev,comp_min,comp_max,"
    "interpolation,compression,duplicates,future\n"
)
NAMES = COLUMNS.strip().split(",")


def row(**cells: str) -> str:
    given = {
        "kind": "tag",
        "id": "t_000000000001",
        "name": "a/x",
        "type": "float",
        "expression": "1",
        "history": "true",
    }
    given |= cells
    return ",".join(given.get(name, "") for name in NAMES) + "\n"


def folder_of(folder: Path, rows: str) -> Path:
    (folder / "plant.toml").write_text(HEAD, encoding="utf-8")
    (folder / "tags.csv").write_text(COLUMNS + rows, encoding="utf-8")
    return folder


def loaded(folder: Path, rows: str) -> Plant:
    result = load_plant(folder_of(folder, rows))
    assert result.plant is not None, [finding.sentence for finding in result.errors]
    return result.plant


def test_every_column_says_what_holds_for_the_tag(tmp_path: Path) -> None:
    plant = loaded(tmp_path, row(
        low="0", high="200", exc_dev="0.1", exc_min="1", exc_max="60", comp_dev="0.5%", comp_min="2", comp_max="3600",
        interpolation="linear", compression="on", duplicates="append",
    ))  # fmt: skip
    assert plant.by_name["a/x"].record == RecordSettings(
        exc_dev=0.1, exc_min_s=1, exc_max_s=60, comp_dev=1.0, comp_min_s=2, comp_max_s=3600, interpolation="linear",
        compression=True, duplicates="append",
    )  # fmt: skip


def test_a_signal_of_a_type_takes_the_same_words(tmp_path: Path) -> None:
    (tmp_path / "types").mkdir()
    (tmp_path / "types" / "sensor.toml").write_text(
        'schema = "type/1"\nname = "sensor"\ntitle = "Sensor"\n'
        '[signals.pv]\ntype = "float"\nrange = [0, 10]\nexpression = "1"\nhistory = true\n'
        'comp_dev = "1%"\nexc_dev = 0.02\ncompression = true\n'
        '[signals.raw]\ntype = "float"\nexpression = "2"\nhistory = true\ncompression = "off"\nfuture = true\n',
        encoding="utf-8",
    )
    plant = loaded(tmp_path, "sensor,i_000000000001,a/s1\n")
    pv, raw = plant.by_name["a/s1.pv"].record, plant.by_name["a/s1.raw"].record
    assert (pv.comp_dev, pv.exc_dev, pv.compression) == (pytest.approx(0.1), 0.02, True)
    assert (raw.compression, raw.future) == (False, True)


@pytest.mark.parametrize(
    ("tag", "stepped", "compressed", "exc_dev"),
    [
        (make_tag("a/x", range=EURange(0, 100)), False, True, 0.1),
        (make_tag("a/x"), False, False, 0.0),
        (make_tag("a/x", type=ValueType.INT64, range=EURange(0, 100)), False, False, 0.0),
        (
            make_tag("a/x", type=ValueType.INT64, range=EURange(0, 100),
                     scaling=Scaling(EURange(0, 1_000), EURange(0, 100))),
            False, True, 0.1,
        ),
        (make_tag("a/x", range=EURange(0, 100), command=CommandRule()), True, False, 0.0),
        (make_tag("a/x", range=EURange(0, 100), manual=True), True, False, 0.0),
        (make_tag("a/x", type=ValueType.INT64, states={0: "Off", 1: "On"}), True, False, 0.0),
        (make_tag("a/x", type=ValueType.BOOL), True, False, 0.0),
        (make_tag("a/x", type=ValueType.STRING), True, False, 0.0),
    ],
)  # fmt: skip
def test_without_a_word_the_kind_of_the_tag_decides(
    tag: TagDef, stepped: bool, compressed: bool, exc_dev: float
) -> None:
    """Measured numbers with a range: 0.2 % of the span and half of it; counters and all others: every change."""
    found = tag.record
    assert (found.is_stepped, found.compression, found.exc_dev) == (
        stepped,
        compressed,
        pytest.approx(exc_dev),
    )
    assert (found.exc_max_s, found.comp_max_s) == (600, 28_800)
    assert found.comp_dev == pytest.approx(0.2) if compressed else not found.compression


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"exc_dev": "much"}, "exc_dev 'much' is no deviation"),
        ({"exc_dev": "-1"}, "exc_dev -1 is below zero"),
        ({"comp_dev": "1%"}, "comp_dev is a share of a range, and the tag has none"),
        ({"comp_dev": "10", "low": "0", "high": "10"}, "comp_dev is as large as the whole range"),
        ({"exc_min": "20", "exc_max": "10"}, "exc_min 20 is above exc_max 10"),
        ({"comp_max": "-1"}, "comp_max -1 is below zero"),
        ({"interpolation": "curved"}, "interpolation 'curved' is not known"),
        ({"duplicates": "both"}, "duplicates 'both' is not known"),
        ({"compression": "maybe"}, "compression 'maybe' is neither true nor false"),
        ({"compression": "on", "type": "string"}, "compression is for numbers only"),
        ({"interpolation": "linear", "type": "bool"}, "interpolation linear is for numbers only"),
        (
            {"compression": "on", "interpolation": "step", "comp_dev": "1"},
            "a stepped tag has no line to compress",
        ),
        ({"compression": "on"}, "compression needs a comp_dev"),
        ({"future": "perhaps"}, "future 'perhaps' is neither true nor false"),
    ],
)
def test_what_does_not_fit_is_one_sentence_with_its_line(
    tmp_path: Path, cells: dict[str, str], words: str
) -> None:
    result = load_plant(folder_of(tmp_path, row(**cells)))
    assert [(Path(error.file).name, error.line) for error in result.errors] == [("tags.csv", 2)]
    assert words in result.errors[0].sentence


def test_a_change_of_the_recording_is_told_in_words(tmp_path: Path) -> None:
    old = loaded(tmp_path, row(low="0", high="10", comp_dev="0.5%"))
    new = loaded(tmp_path, row(low="0", high="10", comp_dev="0.1", compression="off"))
    assert plant_diff(old, new).sentences == (
        "tag a/x: recording comp_dev=0.5% -> comp_dev=0.1, compression=off",
    )
