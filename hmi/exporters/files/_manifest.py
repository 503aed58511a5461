"""The manifest of a package: the last file of it that is written, so that what it names is there and whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hmi.core.texts import tr
from hmi.export.digest import watermark_content, watermark_of
from hmi.export.port import TargetRefused, Watermark
from hmi.exporters.files._folder import JobFolder

FORMAT: Final = "watchkeeper-files"
VERSION: Final = 1
MANIFESTS: Final = "manifests"
UNFINISHED: Final = "unfinished.json"
REMOVED: Final = "removed.json"


def manifest_path(number: int) -> str:
    return f"{MANIFESTS}/{number:09d}.json"


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8 with sorted keys, for programs and people."""
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, default=str)
    return text.encode() + b"\n"


def manifest_bytes(mark: Watermark, about: Mapping[str, Any], files: list[dict[str, Any]]) -> bytes:
    """``about``: what is the same for all packages of a job."""
    return json_bytes({
        "format": FORMAT, "version": VERSION, **about, "watermark": watermark_content(mark),
        "schema_file": f"schemas/{mark.schema}.json", "files": files,
    })  # fmt: skip


class Manifests:
    """Those of one job."""

    def __init__(self, folder: JobFolder, stream: str) -> None:
        self._folder, self._stream = folder, stream

    def numbers(self) -> list[int]:
        """Of the packages that are there, ascending."""
        stems = (name.removesuffix(".json") for name in self._folder.names(MANIFESTS))
        return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())

    def read(self, number: int) -> dict[str, Any] | None:
        """None where there is none; TargetRefused where it is damaged or of another stream."""
        data = self._folder.get(manifest_path(number))
        if data is None:
            return None
        try:
            content = json.loads(data)
            mark = watermark_of(content["watermark"])
            if mark.number != number:
                raise ValueError("the number is another one")
            for one in content["files"]:
                one["path"], one["size"] = str(one["path"]), int(one["size"])
        except (ValueError, TypeError, KeyError) as error:
            raise TargetRefused(
                tr(
                    "{path} is damaged ({why}); move it away and replay its time",
                    path=self._folder.root / manifest_path(number),
                    why=error,
                )
            ) from error
        if mark.stream != self._stream:
            raise TargetRefused(
                tr(
                    "{path} holds the files of {other}; name another folder or another job",
                    path=self._folder.root,
                    other=mark.stream,
                )
            )
        return {**content, "mark": mark}

    def last(self) -> Watermark | None:
        """The statement of the highest number."""
        numbers = self.numbers()
        found = self.read(numbers[-1]) if numbers else None
        return found["mark"] if found else None

    def is_whole(self, found: Mapping[str, Any]) -> bool:
        """Whether all files are there, as long as they were."""
        wanted = {one["path"]: one["size"] for one in found["files"]}
        return self._folder.sizes(wanted) == wanted

    def intend(self, number: int, paths: list[str]) -> None:
        """Write down which files of a package may be there without their manifest."""
        self._folder.put(UNFINISHED, json_bytes({"number": number, "paths": paths}))

    def recover(self) -> None:
        """Remove what a delivery that broke off has left."""
        number, paths = self._unfinished()
        if number:
            found = self.read(number)
            stated = {one["path"] for one in found["files"]} if found else set[str]()
            self._folder.discard(paths)
            for path in paths:
                if path not in stated:
                    self._folder.remove_part(path, number)
        self.finished()

    def finished(self) -> None:
        """What was intended is done."""
        self._folder.remove(UNFINISHED)

    def _unfinished(self) -> tuple[int, list[str]]:
        data = self._folder.get(UNFINISHED)
        try:
            content = json.loads(data or b"{}")
            return int(content.get("number", 0)), [str(one) for one in content.get("paths", ())]
        except (ValueError, TypeError, AttributeError):
            return 0, []

    def remove_older(self, limit: int, most: int) -> bool:
        """Remove up to ``most`` packages made before ``limit`` (UTC ns), the oldest first, never the last one.

        Which one was removed last stands in ``removed.json`` before anything goes. Returns whether more may be due.
        """
        old = list(self._older(limit, most))
        if not old:
            return False
        mark: Watermark = old[-1]["mark"]
        told = {"number": mark.number, "digest": mark.digest, "made": mark.made}
        self._folder.put(REMOVED, json_bytes(told))
        for one in old:
            number = one["mark"].number
            self._folder.remove(manifest_path(number))
            for file in one["files"]:
                self._folder.remove_part(file["path"], number)
        return len(old) == most

    def _older(self, limit: int, most: int) -> Iterator[dict[str, Any]]:
        for number in self.numbers()[:-1][:most]:
            found = self.read(number)
            if found is None or found["mark"].made >= limit:
                return
            yield found
