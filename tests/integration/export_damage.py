"""Damage to a delivered folder, for tests of the checker: each is one that a receiver would feel."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Line = dict[str, Any]
MANIFESTS = "manifests"


@dataclass
class Delivered:
    """The folder of one job; ``rng`` decides where it is damaged."""

    job: Path
    rng: random.Random

    def manifests(self) -> list[Path]:
        return sorted((self.job / MANIFESTS).glob("*.json"))

    def parts(self) -> list[Path]:
        return sorted(self.job.glob("site=*/*/part-*"))

    def some_part(self) -> Path:
        return self.rng.choice(self.parts())

    def some_manifest(self) -> Path:
        return self.rng.choice(self.manifests())

    def owner(self, part: Path) -> Path:
        return self.job / MANIFESTS / f"{part.stem.removeprefix('part-')}.json"

    def accept(self, part: Path, rows: int) -> None:
        """The manifest says now what the file is: whoever did it knows of hashes."""
        path = self.owner(part)
        content = json.loads(path.read_bytes())
        data = part.read_bytes()
        for one in content["files"]:
            if one["path"] == part.relative_to(self.job).as_posix():
                one |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "rows": rows}
        path.write_text(json.dumps(content), encoding="utf-8")


# ---------------------------------------------------------------------- rows


def load(part: Path) -> list[Line]:
    if part.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(part.read_bytes().decode(), newline="")))
    return pq.read_table(part).to_pylist()


def save(part: Path, lines: Sequence[Line]) -> None:
    if part.suffix == ".csv":
        names = next(csv.reader([part.read_bytes().decode().split("\r\n", 1)[0]]))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(lines)
        part.write_bytes(text.getvalue().encode())
        return
    pq.write_table(pa.Table.from_pylist(list(lines), pq.read_schema(part)), part)


def value_changed(lines: list[Line], rng: random.Random) -> None:
    line = rng.choice([one for one in lines if str(one["kind"]) == "1"])
    name = "value_d" if "value_d" in line else "value"
    line[name] = type(line[name])(math.nextafter(float(line[name]), math.inf))


def text_changed(lines: list[Line], rng: random.Random) -> None:
    line = rng.choice([one for one in lines if str(one["kind"]) == "5"])
    line["value_s" if "value_s" in line else "value"] += "!"


def bad_became_zero(lines: list[Line], rng: random.Random) -> None:
    line = rng.choice([one for one in lines if str(one["kind"]) == "0"])
    if "value_d" in line:
        line["value_d"] = 0.0
    else:
        line["value"] = "0"


def value_lost(lines: list[Line], rng: random.Random) -> None:
    line = rng.choice([one for one in lines if str(one["kind"]) != "0"])
    for name in ("value", "value_d", "value_i", "value_u", "value_s"):
        if name in line:
            line[name] = "" if name == "value" else None


def row_removed(lines: list[Line], rng: random.Random) -> None:
    lines.pop(rng.randrange(len(lines)))


def row_doubled(lines: list[Line], rng: random.Random) -> None:
    place = rng.randrange(len(lines))
    lines.insert(place, dict(lines[place]))


def row_replaced_by_another(lines: list[Line], rng: random.Random) -> None:
    one, two = rng.sample(range(len(lines)), 2)
    lines[one] = dict(lines[two])


def other_tag(lines: list[Line], rng: random.Random) -> None:
    line = rng.choice(lines)
    other = rng.choice([one for one in lines if one["tag_id"] != line["tag_id"]])
    line |= {name: other[name] for name in ("tag_id", "name", "unit") if name in line}


def time_by_a_nanosecond(lines: list[Line], rng: random.Random) -> None:
    line = rng.choice(lines[1:-1])
    if "ns" in line:
        line["ns"] += 1 if line["ns"] < 999 else -1
    else:
        digits = int(line["time"][20:29])
        line["time"] = f"{line['time'][:20]}{digits + (1 if digits < 999_999_999 else -1):09d}Z"


def _counted(name: str) -> Callable[[list[Line], random.Random], None]:
    def change(lines: list[Line], rng: random.Random) -> None:
        line = rng.choice(lines)
        kind = type(line[name])
        line[name] = kind(not int(line[name])) if kind is bool else kind(int(line[name]) ^ 1)

    change.__name__ = f"{name}_changed"
    return change


OF_ROWS = (
    value_changed, text_changed, bad_became_zero, value_lost, row_removed, row_doubled, row_replaced_by_another,
    other_tag, time_by_a_nanosecond, *map(_counted, ("status", "flags", "seq", "deleted")),
)  # fmt: skip


# ---------------------------------------------------------------------- files


def file_removed(it: Delivered) -> None:
    it.some_part().unlink()


def file_of_another_package(it: Delivered) -> None:
    one, two = it.rng.sample(it.parts(), 2)
    shutil.copyfile(one, two)


def file_of_another_package_that_is_accepted(it: Delivered) -> None:
    one, two = it.rng.sample(it.parts(), 2)
    shutil.copyfile(one, two)
    it.accept(two, len(load(two)))


def files_exchanged(it: Delivered) -> None:
    one, two = it.rng.sample(it.parts(), 2)
    data = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(data)


def file_added(it: Delivered) -> None:
    one = it.some_part()
    shutil.copyfile(one, one.with_name(f"part-{it.rng.randrange(100, 999):09d}{one.suffix}"))


def file_of_another_name_added(it: Delivered) -> None:
    one = it.some_part()
    shutil.copyfile(one, one.with_name(f"copy{one.suffix}"))


def byte_changed(it: Delivered) -> None:
    one = it.some_part()
    data = bytearray(one.read_bytes())
    data[it.rng.randrange(len(data))] ^= 1 << it.rng.randrange(8)
    one.write_bytes(data)


def file_cut_off(it: Delivered) -> None:
    one = it.some_part()
    one.write_bytes(one.read_bytes()[: -it.rng.randrange(1, 20)])


# ---------------------------------------------------------------------- manifests


def manifest_removed(it: Delivered) -> None:
    it.some_manifest().unlink()


def _without_last(it: Delivered, count: int) -> None:
    for path in it.manifests()[-count:]:
        for one in json.loads(path.read_bytes())["files"]:
            (it.job / one["path"]).unlink()
        path.unlink()


def last_package_removed(it: Delivered) -> None:
    _without_last(it, it.rng.randrange(1, 3))


def first_package_removed(it: Delivered) -> None:
    path = it.manifests()[0]
    for one in json.loads(path.read_bytes())["files"]:
        (it.job / one["path"]).unlink()
    path.unlink()


def _edited(it: Delivered, *, forged: bool) -> None:
    path = it.some_manifest()
    content = json.loads(path.read_bytes())
    mark = content["watermark"]
    name = it.rng.choice(["first", "last", "complete_until", "made", "quarantined", "rows"])
    mark[name] += 1
    if forged:
        kept = {key: value for key, value in mark.items() if key != "digest"}
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        mark["digest"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(content), encoding="utf-8")


def manifest_edited(it: Delivered) -> None:
    _edited(it, forged=False)


def statement_forged(it: Delivered) -> None:
    _edited(it, forged=True)


def entry_edited(it: Delivered) -> None:
    path = it.some_manifest()
    content = json.loads(path.read_bytes())
    entry = it.rng.choice(content["files"])
    name = it.rng.choice(["size", "rows", "min_ts", "max_ts", "sha256", "path"])
    entry[name] = entry[name] + 1 if isinstance(entry[name], int) else entry[name][::-1]
    path.write_text(json.dumps(content), encoding="utf-8")


def entry_removed(it: Delivered) -> None:
    path = it.some_manifest()
    content = json.loads(path.read_bytes())
    content["files"].pop()
    path.write_text(json.dumps(content), encoding="utf-8")


def manifest_unreadable(it: Delivered) -> None:
    path = it.some_manifest()
    path.write_bytes(path.read_bytes()[: it.rng.randrange(200)])


def manifest_of_another_package(it: Delivered) -> None:
    one, two = it.rng.sample(it.manifests(), 2)
    shutil.copyfile(one, two)


def series_edited(it: Delivered) -> None:
    path = next((it.job / "schemas").iterdir())
    content = json.loads(path.read_bytes())
    it.rng.choice(content["tags"])["unit"] = "bar"
    path.write_text(json.dumps(content), encoding="utf-8")


def series_removed(it: Delivered) -> None:
    next((it.job / "schemas").iterdir()).unlink()


OF_FILES = (
    file_removed, file_of_another_package, file_of_another_package_that_is_accepted, files_exchanged, file_added,
    file_of_another_name_added, byte_changed, file_cut_off, manifest_removed, last_package_removed,
    first_package_removed, manifest_edited, statement_forged, entry_edited, entry_removed, manifest_unreadable,
    manifest_of_another_package, series_edited, series_removed,
)  # fmt: skip


def damage(it: Delivered) -> str:
    """One, whatever ``rng`` says; its name."""
    kind = it.rng.choice([*OF_ROWS, *OF_FILES])
    if kind in OF_FILES:
        kind(it)
        return kind.__name__
    part = it.some_part()
    lines = load(part)
    kind(lines, it.rng)
    save(part, lines)
    knows_hashes = it.rng.random() < 0.7
    if knows_hashes:
        it.accept(part, len(lines))
    return f"{kind.__name__} in {part.name}{', hashes fit' if knows_hashes else ''}"
