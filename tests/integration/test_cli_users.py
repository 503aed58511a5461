"""``hmi user`` on a plant that rests and on one that runs, and the first account at the console of a start."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cli_calls import CommandLine, call, command
from fake_runtime import real_runtime

from hmi.client.local import is_running
from hmi.core.principal import Role
from hmi.journal._chain import GENESIS
from hmi.project import new_plant, open_plant
from hmi.project.plant import Plant
from hmi.security import _passwords
from hmi.security.accounts import ACCOUNTS_FILE, UNLOCK, Account, Accounts, accounts_of

GOOD, OTHER = "Wolke-7-Birnbaum", "Kiesel+Trommel-41"
PATIENCE_S = 60.0
needs_pty = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals to type into")


class Users:
    """``hmi user`` of one plant, with the password piped in."""

    def __init__(self, hmi: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plant, self.data = folder / "plant", folder / "data"
        new_plant(self.plant)
        self._hmi, self._monkeypatch = hmi, monkeypatch

    def __call__(self, action: str, *options: str, password: str = "") -> str:
        """What it prints; fails when it was refused."""
        result = self._hmi(*self._words(action, *options, password=password))
        assert (result.code, result.err) == (0, "")
        return result.out.strip()

    def refused(self, code: int, action: str, *options: str, password: str = "") -> str:
        result = self._hmi(*self._words(action, *options, password=password))
        assert result.code == code, result
        return result.sentence

    def _words(self, action: str, *options: str, password: str) -> list[str | Path]:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n" if password else ""))
        piped = ["--password-stdin"] if password else []
        return ["user", self.plant, action, *options, *piped, "--data", self.data]

    @property
    def area(self) -> str:
        return open_plant(self.plant).areas[0].path

    def list(self) -> list[dict[str, object]]:
        return json.loads(self("list", "--json"))

    def add(self, user: str, *roles: str) -> str:
        options = [word for role in roles for word in ("--role", role)]
        return self("add", user, "--name", "Ada Example", *options, password=GOOD)

    def accounts(self) -> Accounts:
        return accounts_of(open_plant(self.plant), self.data)


@pytest.fixture
def users(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Users:
    monkeypatch.setattr(_passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return Users(CommandLine(capfd, monkeypatch), tmp_path, monkeypatch)


def test_an_account_from_its_first_day_to_its_last(users: Users) -> None:
    area = users.area
    assert users.add("sec", "security") == ("sec: added; view, security; to be changed at the first sign-in")
    assert users(
        "add", "ada", "--name", "Ada", "--role", "operate", "--area", area, "--own", password=GOOD
    ) == (f"ada: added; view; {area}: view, operate")
    assert users("grant", "ada", "--role", "acknowledge", "--role", "tune") == (
        f"ada: view, acknowledge, tune; {area}: view, operate"
    )
    assert (
        users("revoke", "ada", "--role", "operate", "--area", area)
        == f"ada: view, acknowledge, tune; {area}: view"
    )
    assert users("passwd", "ada", password=OTHER) == "ada: password set; to be changed at the first sign-in"
    assert users("disable", "ada") == "ada: disabled"
    assert users("enable", "ada") == "ada: active"
    assert users("unlock", "ada") == "ada: will be unlocked; a running runtime does it within seconds"
    assert users("remove", "ada") == "ada: removed"
    ada, sec = users.list()
    assert (ada["user"], ada["state"], ada["roles"], ada["by_area"]) == ("ada", "removed", ["view"], {})
    assert (sec["roles"], sec["must_change"], sec["last_sign_in"]) == (["view", "security"], True, "")
    line = users("list").splitlines()[1]
    assert line.split("\t") == [
        "sec",
        "Ada Example",
        "active, new password needed",
        "view, security",
        "never",
    ]


def test_each_change_waits_for_a_runtime_with_the_person_at_the_console(users: Users) -> None:
    users.add("sec", "security")
    users("unlock", "sec")
    book = users.accounts()
    book.open()
    found = book.pending()
    assert [(one.what, one.user) for one in found] == [("add", "sec"), (UNLOCK, "sec")]
    assert {one.actor for one in found} == {found[0].actor}
    assert re.fullmatch(r"console:.+", found[0].actor)
    book.close()


def test_a_list_of_nobody_makes_no_file(users: Users) -> None:
    result = users._hmi("user", users.plant, "list", "--data", users.data)
    assert (result.code, result.sentence) == (0, "no account exists: this plant is for viewing only")
    assert users.list() == []
    assert not (users.data / ACCOUNTS_FILE).exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("frobnicate",), "hmi user does not know 'frobnicate'; use one of: list, add"),
        (("disable",), "name the user: hmi user PLANT disable USER"),
        (("list", "ada"), "takes no user"),
        (("add", "ada"), "the full name is missing"),
        (("add", "ada", "--name", "Ada", "--role", "boss"), "there is no role 'boss'; use one of: view, acknowledge"),
        (("add", "ada", "--name", "Ada", "--area", "moon"), "there is no area 'moon'; use one of: "),
        (("grant", "sec"), "grant needs at least one --role"),
        (("disable", "sec", "--role", "view"), "--role does not belong to hmi user disable"),
        (("list", "--own"), "--own does not belong to hmi user list"),
        (("passwd", "sec"), "there is no terminal to ask for the password at; write --password-stdin"),
        (("passwd", "sec", "--password-stdin"), "standard input holds no password"),
    ],
)  # fmt: skip
def test_a_call_that_makes_no_sense_is_one_sentence_and_2(
    users: Users, options: tuple[str, ...], sentence: str
) -> None:
    users.add("sec", "security")
    assert sentence in users.refused(2, *options)


def test_what_a_rule_forbids_is_one_sentence_and_1(users: Users) -> None:
    users.add("sec", "security")
    for sentence, password, options in (
        ("sec was given before", GOOD, ("add", "sec", "--name", "Sec")),
        ("'Ada' is no user id", GOOD, ("add", "Ada", "--name", "Ada")),
        ("too short", "short", ("add", "ada", "--name", "Ada")),
        ("tried first", "Password2026!", ("add", "ada", "--name", "Ada")),
        ("security holds for the whole plant", GOOD,
         ("add", "ada", "--name", "Ada", "--role", "security", "--area", users.area)),
        ("one of the last 5", GOOD, ("passwd", "sec")),
        ("there is no account 'bob'", OTHER, ("passwd", "bob")),
        ("there is no account 'bob'", "", ("disable", "bob")),
        ("sec is active already", "", ("enable", "sec")),
        ("sec is the last active account", "", ("disable", "sec")),
        ("sec is the last active account", "", ("remove", "sec")),
        ("sec is the last active account", "", ("revoke", "sec", "--role", "security")),
    ):  # fmt: skip
        assert sentence in users.refused(1, *options, password=password)
    assert [one["user"] for one in users.list()] == ["sec"]


def test_cr_1_5_a_password_is_no_option_and_reaches_no_output(users: Users) -> None:
    assert "No such option" in users._hmi("user", users.plant, "add", "ada", "--password", GOOD).err
    assert GOOD not in users.add("sec", "security")
    assert GOOD not in users("list", "--json")


def test_a_broken_file_is_one_sentence_and_2(users: Users) -> None:
    users.data.mkdir()
    (users.data / ACCOUNTS_FILE).write_bytes(b"")
    for action in (("list",), ("disable", "ada")):
        assert "the file of accounts is broken" in users.refused(2, *action)
    assert (users.data / ACCOUNTS_FILE).read_bytes() == b""


# ------------------------------------------------------------------------------------------ beside a runtime


def test_a_running_runtime_sees_what_hmi_user_changes(users: Users) -> None:
    async def scenario() -> None:
        async with real_runtime(open_plant(users.plant), users.data) as runtime:
            book = runtime.services.accounts
            assert book
            assert not book.exists()
            before = book.version()
            await asyncio.to_thread(users.add, "sec", "security")
            assert book.version() != before
            account = await asyncio.to_thread(book.verify, "sec", GOOD)
            assert account
            assert (account.roles, account.must_change) == ({Role.VIEW, Role.SECURITY}, True)

    asyncio.run(scenario())


def test_a_runtime_with_a_broken_file_of_accounts_goes_on_viewing(
    users: Users, caplog: pytest.LogCaptureFixture
) -> None:
    users.data.mkdir()
    broken = users.data / ACCOUNTS_FILE
    broken.write_bytes(b"no database")

    async def scenario() -> None:
        async with real_runtime(open_plant(users.plant), users.data) as runtime:
            assert runtime.services.accounts is None
            assert "put a backup in its place" in runtime.services.accounts_fault
            assert is_running(users.data)

    asyncio.run(scenario())
    assert "Nobody can sign in; viewing goes on." in caplog.text
    assert broken.read_bytes() == b"no database"


# ------------------------------------------------------------------------------------------ the first account


class Console:
    """A process at a terminal; what it prints, and a hand that types."""

    def __init__(self, *arguments: str | Path) -> None:
        import pty

        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command(*arguments), stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.seen, self._after = "", 0

    def wait_for(self, text: str) -> None:
        """Until it stands after what was waited for before."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := self.seen.find(text, self._after)) < 0:
            assert time.monotonic() < deadline, self.seen
            if select.select([self._master], [], [], 0.1)[0]:
                self.seen += os.read(self._master, 4_096).decode("utf-8", "replace")
        self._after = found + len(text)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            os.close(self._master)


@contextmanager
def console(*arguments: str | Path) -> Iterator[Console]:
    opened = Console(*arguments)
    try:
        yield opened
    finally:
        opened.end()


def all_accounts(data: Path) -> tuple[Account, ...]:
    book = Accounts(data / ACCOUNTS_FILE)
    book.open()
    found = book.all()
    book.close()
    return found


def wait_until_running(data: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_running(data):
        assert time.monotonic() < deadline
        time.sleep(0.05)


QUESTION = "No account exists. Create the first security account now? [Y/n]"


@needs_pty
@pytest.mark.parametrize("verb", [("serve",), ("run", "--without-station")])
def test_a_start_at_a_console_asks_for_the_first_account(tmp_path: Path, verb: tuple[str, ...]) -> None:
    plant, data = tmp_path / "plant", tmp_path / "data"
    new_plant(plant)
    with console(verb[0], plant, *verb[1:], "--data", data) as at:
        at.wait_for(QUESTION)
        at.type("\n")
        at.wait_for("User id")
        at.type("Not An Id\n")
        at.wait_for("Full name")
        at.type("Sec Example\n")
        at.wait_for("is no user id")
        at.wait_for("User id")
        at.type("sec\n")
        at.wait_for("Full name")
        at.type("Sec Example\n")
        for typed, answer in (("short", "too short"), (GOOD, "once more")):
            at.wait_for("Password")
            at.type(f"{typed}\n")
            at.wait_for(answer)
        at.type(f"{OTHER}\n")
        at.wait_for("not the same")
        at.wait_for("Password")
        at.type(f"{GOOD}\n")
        at.wait_for("once more")
        at.type(f"{GOOD}\n")
        at.wait_for("sec: added with the right security")
        wait_until_running(data)
        assert GOOD not in at.seen
        assert OTHER not in at.seen
    (account,) = all_accounts(data)
    assert (account.user, account.name, account.must_change) == ("sec", "Sec Example", False)
    assert account.roles == {Role.VIEW, Role.SECURITY}


@needs_pty
@pytest.mark.parametrize("answer", ["n\n", "\x04"], ids=["no", "end of input"])
def test_a_start_at_a_console_goes_on_without_an_account(tmp_path: Path, answer: str) -> None:
    plant, data = tmp_path / "plant", tmp_path / "data"
    new_plant(plant)
    with console("serve", plant, "--data", data) as at:
        at.wait_for(QUESTION)
        at.type(answer)
        at.wait_for("No account exists: this runtime is for viewing only.")
        wait_until_running(data)
    assert all_accounts(data) == ()


@needs_pty
def test_a_start_at_a_console_does_not_ask_when_there_is_an_account(users: Users) -> None:
    users.add("ada")
    with console("serve", users.plant, "--data", users.data) as at:
        wait_until_running(users.data)
        at.process.send_signal(signal.SIGINT)
        at.process.wait(PATIENCE_S)
        assert QUESTION not in at.seen


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to see what a process listens on")
def test_se_01_two_fresh_installs_have_no_account_no_equal_secret_and_no_port(tmp_path: Path) -> None:
    plant = tmp_path / "plant"
    new_plant(plant)
    found: list[set[str]] = []
    for name in ("one", "two"):
        data = tmp_path / name
        process = subprocess.Popen(
            command("serve", plant, "--data", data),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_until_running(data)
            assert listening_ports(process.pid) == []
            with socket.create_server(("127.0.0.1", 0)):  # what was asked would have been seen
                assert len(listening_ports(os.getpid())) == 1
            assert call("user", plant, "list", "--json", "--data", data).out.strip() == "[]"
            found.append(random_texts(data, open_plant(plant)))
        finally:
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=PATIENCE_S)
        assert (
            "No account exists: this runtime is for viewing only. The first one is made by: hmi user" in told
        )
    assert all(found)
    assert not found[0] & found[1]


def random_texts(data: Path, plant: Plant) -> set[str]:
    """Everything in its files that looks made by chance, apart from what the plant folder gives to both."""
    ids = {text for file in Path(plant.folder).rglob("*") if file.is_file() for text in ids_in(file)}
    given = re.compile("|".join(map(re.escape, {plant.revision, GENESIS, *ids})))
    found: set[str] = set()
    for file in data.rglob("*"):
        if file.is_file() and file.name != "runtime.lock":
            content = given.sub(" ", file.read_bytes().decode("latin-1"))
            found |= {text for text in re.findall(r"[A-Za-z0-9+_-]{16,}", content) if is_mixed(text)}
    return found


def ids_in(file: Path) -> list[str]:
    return re.findall(r"\b[a-z]+_[a-z0-9]{8,}\b", file.read_bytes().decode("latin-1"))


def is_mixed(text: str) -> bool:
    """Digits among letters in several places: no word of a schema."""
    return len(re.findall(r"[0-9][A-Za-z]|[A-Za-z][0-9]", text)) >= 4


def listening_ports(pid: int) -> list[str]:
    """Local addresses of TCP and UDP sockets of a process."""
    own: set[str] = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            own.update(re.findall(r"socket:\[(\d+)\]", os.readlink(entry)))
    rows = [
        line.split()
        for table in ("tcp", "tcp6", "udp", "udp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[9] in own and row[3] in ("0A", "07")]
