"""On a real plant a reload belongs to a person with the right to it; sessions outlive it."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_calls import CommandLine, Result, command
from people_plant import PASSWORD, add_people, roles
from test_cli_history import plant_at
from waterworks_session import wait_until

from hmi.cli import _reload
from hmi.client.local import is_running
from hmi.client.once import ask, tell
from hmi.core.errors import AccessRefused, CommunicationError
from hmi.core.principal import Role
from hmi.project import open_plant
from hmi.project.folder_files import read_files
from hmi.security.accounts import ACCOUNTS_FILE, Accounts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asks over the Unix socket")
PEOPLE = {"eng": (roles("engineer"), {}), "ada": (roles("operate"), {})}


class Desk:
    """A runtime of a plant with accounts; its PLC is not there."""

    def __init__(self, folder: Path, data: Path, hmi: CommandLine, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.data, self._hmi, self._patch = folder, data, hmi, patch

    def __call__(self, verb: str, *arguments: str, user: str = "") -> Result:
        who = ("--user", user, "--password-stdin") if user else ()
        self._patch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
        return self._hmi(verb, self.folder, *arguments, "--data", self.data, *who)

    def edit(self, old: str, new: str) -> None:
        path = self.folder / "alarms.csv"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def sign_in(self, user: str) -> str:
        """At another terminal of the same machine."""
        who = {"user": user, "password": PASSWORD, "console": True}
        return str(tell(self.data, "/v1/session", who)["token"])

    def sessions_ended(self) -> list[tuple[str, str]]:
        """Who ended a session and where, as the audit trail has it by now: it is written in the next commit."""
        audit = ask(self.data, "/v1/journal", {"after": 0, "limit": 1000, "kind": "audit"})
        return [(one["actor"], one["station"]) for one in audit if one["event"] == "session.ended"]

    def may_not_reload(self, token: str) -> bool:
        try:
            tell(self.data, "/v1/reload", {"dry_run": True}, session=token)
        except AccessRefused:
            return True
        return False

    def when_written(self, act: Callable[[], object]) -> None:
        """Between the files of a rollback and the word to the runtime."""
        real = _reload._rolled_back

        def written(*given: Any, **named: Any) -> Any:
            done = real(*given, **named)
            act()
            return done

        self._patch.setattr(_reload, "_rolled_back", written)


@pytest.fixture
def desk(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    folder, data = plant_at(tmp_path), tmp_path / "data"
    add_people(data, PEOPLE)
    process = subprocess.Popen(command("serve", folder, "--data", data), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_running(data) or process.poll() is not None)
        yield Desk(folder, data, CommandLine(capfd, monkeypatch), monkeypatch)
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_only_who_has_the_right_reloads_and_everybody_stays_signed_in(desk: Desk) -> None:
    """Also of the station on this machine: the command line has a session of its own."""
    ada = tell(desk.data, "/v1/session", {"user": "ada", "password": PASSWORD})["token"]
    before = open_plant(desk.folder).revision
    desk.edit("high,high,4.5", "high,high,4.6")
    nobody = desk("reload")
    assert nobody.code == 1
    assert nobody.sentence.endswith("say who does it with --user NAME")
    refused = desk("reload", user="ada")
    assert (refused.code, "no right to engineer" in refused.sentence) == (1, True)
    assert ask(desk.data, "/v1/status")["revision"] == before
    taken = desk("reload", "--reason", "for the night", user="eng")
    assert taken.code == 0, taken.err
    assert taken.out.splitlines()[0] == "alarm high of area1/lt101: limit 4.5 -> 4.6 m"
    (newest,) = (one for one in ask(desk.data, "/v1/revisions") if not one["end"])
    assert (newest["actor"], newest["author"], newest["reason"]) == ("eng", "", "for the night")
    audit = ask(desk.data, "/v1/journal", {"after": 0, "limit": 1000, "kind": "audit"})
    applying = next(record for record in audit if record["event"] == "plant.applying")
    assert (applying["actor"], applying["payload"]["reason"]) == ("eng", "for the night")
    assert applying["payload"]["old"] == before
    consoles = [("ada", "local/console"), ("eng", "local/console")]
    wait_until(lambda: sorted(desk.sessions_ended()) == consoles)
    tell(desk.data, "/v1/session/end", {}, session=ada)
    wait_until(lambda: sorted(desk.sessions_ended()) == [("ada", "local"), *consoles])


def test_whoever_may_look_is_told_what_a_reload_would_change(desk: Desk) -> None:
    """As of ``hmi diff PLANT``: nothing is taken, so the right to view is enough."""
    before = open_plant(desk.folder).revision
    desk.edit("high,high,4.5", "high,high,4.6")
    sentence = "alarm high of area1/lt101: limit 4.5 -> 4.6 m"
    for user in ("", "ada", "eng"):
        told = desk("reload", "--dry-run", user=user)
        assert told.code == 0, told.err
        assert told.out.splitlines() == [sentence, f"not taken yet; revision {before[:12]} runs on"]
    assert ask(desk.data, "/v1/status")["revision"] == before
    audit = ask(desk.data, "/v1/journal", {"after": 0, "limit": 1000, "kind": "audit"})
    assert not {one["event"] for one in audit} & {"plant.applying", "access.refused"}
    with pytest.raises(CommunicationError, match="not /elsewhere"):
        ask(desk.data, "/v1/reload", {"folder": "/elsewhere"})
    desk.edit("high,high,4.6", "high,high,soon")
    refused = desk("reload", "--dry-run", user="ada")
    assert (refused.code, "alarms.csv:" in refused.err) == (1, True)


def test_who_may_not_reload_rolls_nothing_back(desk: Desk) -> None:
    desk.edit("high,high,4.5", "high,high,4.6")
    assert desk("reload", user="eng").code == 0
    files = read_files(desk.folder)
    for user in ("", "ada"):
        assert desk("rollback", user=user).code == 1
        assert read_files(desk.folder) == files
    assert desk("rollback", user="eng").code == 0
    assert "high,high,4.5" in (desk.folder / "alarms.csv").read_text(encoding="utf-8")


def test_a_sign_in_at_another_terminal_ends_no_rollback(desk: Desk) -> None:
    """Between the files and the word to the runtime somebody else signs in at the same machine."""
    desk.edit("high,high,4.5", "high,high,4.6")
    assert desk("reload", user="eng").code == 0
    desk.when_written(lambda: desk.sign_in("ada"))
    done = desk("rollback", user="eng")
    assert done.code == 0, done.err
    assert ask(desk.data, "/v1/status")["revision"] == open_plant(desk.folder).revision
    assert "high,high,4.5" in (desk.folder / "alarms.csv").read_text(encoding="utf-8")


def test_files_that_the_person_may_not_apply_any_more_are_put_back(desk: Desk) -> None:
    """The session ends between the files and the word to the runtime: none of them is left for its next start."""
    desk.edit("high,high,4.5", "high,high,4.6")
    assert desk("reload", user="eng").code == 0
    running, files = ask(desk.data, "/v1/status")["revision"], read_files(desk.folder)

    def lose_the_right() -> None:
        token = desk.sign_in("eng")
        accounts = Accounts(desk.data / ACCOUNTS_FILE)
        accounts.open()
        accounts.revoke("eng", [Role.ENGINEER], actor="console:me")
        accounts.close()
        wait_until(lambda: desk.may_not_reload(token))

    desk.when_written(lose_the_right)
    done = desk("rollback", user="eng")
    assert done.code == 1
    assert done.sentence.endswith("the files are as they were before")
    assert read_files(desk.folder) == files
    assert ask(desk.data, "/v1/status")["revision"] == running
