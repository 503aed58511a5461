"""A file of the runtime's user that root changed too: that user still has the run of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hmi.core.errors import StorageError
from hmi.security.owner_file import locked, put

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="owners by number are of Unix")


def test_what_root_makes_belongs_to_the_owner_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, *_owner: given.append(Path(path).name.partition(".")[0]))
    path = tmp_path / "exports" / "deep" / "key.bin"
    with locked(path):
        put(path, b"x")
    assert given == ["exports", "deep", "key", "key"]
    with locked(path):  # a lock of root's own from before is mended
        pass
    assert given[4:] == ["key"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can act as two users")
def test_another_user_changes_what_root_has_changed(tmp_path: Path) -> None:
    data = Path(os.path.realpath(tmp_path)) / "data"
    data.mkdir(mode=0o700)
    os.chown(data, 65_534, 65_534)
    path = data / "exports" / "key.bin"
    with locked(path):
        put(path, b"root")
    for made in (path.parent, path, path.with_name("key.bin.lock")):
        assert made.stat().st_uid == 65_534, made


def test_a_lock_that_is_not_ours_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_given: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(StorageError, match=r"key\.bin: cannot be locked"), locked(tmp_path / "key.bin"):
        pass
