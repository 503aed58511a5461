"""An exporter to files whose disk is full, read-only and then gone: prints what it said as one JSON line.

``python full_export_disk.py FOLDER``: FOLDER is the mount point of a file system of a few megabytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from export_files_reading import check_manifest, exporter_to, manifests, rows_of, sum_of_rows
from export_stream import Stream, context, mixed_rows, series
from full_disk import fill

from hmi.export.port import ExportError, Package
from hmi.exporters.files.exporter import FilesExporter


def tried(exporter: FilesExporter, package: Package) -> list[str]:
    """As a job does: open, describe, deliver; the error's class and text, nothing where it worked."""
    try:
        exporter.open()
        exporter.deliver(package)
    except ExportError as error:
        return [type(error).__name__, str(error)]
    return []


def left(job: Path) -> int:
    """How many files there are that no manifest tells of."""
    told = {one["path"] for manifest in manifests(job) for one in manifest["files"]}
    return sum(str(path.relative_to(job)) not in told for path in job.glob("site=*/**/*") if path.is_file())


def take_away(mount: Path) -> None:
    """Whoever looks into it at that moment, such as an indexer, may keep it busy for a while."""
    for _ in range(100):
        if subprocess.run(["umount", str(mount)], check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError("the disk stays busy")


def watched(mount: Path) -> dict[str, Any]:
    stream = Stream([series(1)])
    exporter = exporter_to(mount / "out", context(), mount=str(mount))
    job = mount / "out" / "job"
    found: dict[str, Any] = {"first": tried(exporter, stream.package(mixed_rows(stream.tags, 10)))}
    ballast = mount / "ballast"
    second = stream.package(mixed_rows(stream.tags, 3_000, seed=2))
    fill(ballast)
    found["full"] = tried(exporter, second)
    found["left"] = left(job)
    ballast.unlink()
    found["free"] = tried(exporter, second)
    third = stream.package(mixed_rows(stream.tags, 30, seed=3))
    subprocess.run(["mount", "-o", "remount,ro", str(mount)], check=True)
    found["read_only"] = tried(exporter, third)
    subprocess.run(["mount", "-o", "remount,rw", str(mount)], check=True)
    found["writable"] = tried(exporter, third)
    for manifest in manifests(job):
        check_manifest(job, manifest)
    found["sums"] = [sum_of_rows(rows_of(job, one)) == one["watermark"]["sum"] for one in manifests(job)]
    take_away(mount)
    found["gone"] = tried(exporter, stream.package(mixed_rows(stream.tags, 5)))
    found["below"] = [path.name for path in mount.iterdir()]
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(watched(Path(sys.argv[1]))))
