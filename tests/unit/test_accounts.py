"""Accounts in their file: ids for ever, slow hashes, rules of passwords, rights by area, every change a row."""

from __future__ import annotations

import itertools
import stat
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from hmi.core.errors import AccountRefused, StorageError
from hmi.core.principal import Principal, Role, lineage_of, roles_in
from hmi.security import _account_file, _passwords, accounts
from hmi.security._account_rules import granted, revoked
from hmi.security.accounts import (
    ACCOUNTS_FILE,
    NS_PER_DAY,
    UNLOCK,
    Account,
    Accounts,
    AccountState,
    accounts_of,
)
from hmi.testing.plant import make_plant

GOOD, OTHER = "Wolke-7-Birnbaum", "Kiesel+Trommel-41"
SOME = [f"Nebelhorn-{number}-Quitte" for number in range(10)]
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ME = "console:me"
INTAKE = ("intake", "site")


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing, for tests of anything but their cost."""
    monkeypatch.setattr(_passwords, "_hasher", CHEAP)


@pytest.fixture
def clock() -> list[int]:
    return [1_000 * NS_PER_DAY]


@pytest.fixture
def book(tmp_path: Path, clock: list[int]) -> Iterator[Accounts]:
    opened = Accounts(tmp_path / ACCOUNTS_FILE, words=("North", "Works"), now_ns=lambda: clock[0])
    opened.open()
    yield opened
    opened.close()


def add(book: Accounts, user: str = "ada", *roles: Role, password: str = GOOD) -> Account:
    return book.add(user, "Ada Example", password, actor=ME, roles=roles, must_change=False)


def changes(book: Accounts) -> list[tuple[str, str]]:
    return [(change.what, change.user) for change in book.pending()]


# ------------------------------------------------------------------------------------------ SE-01


@pytest.mark.usefixtures("cheap")
def test_se_01_a_fresh_file_takes_none_of_1000_default_credentials(book: Accounts) -> None:
    users = (
        "admin",
        "administrator",
        "operator",
        "root",
        "demo-operator",
        "user",
        "guest",
        "engineer",
        "system",
        "",
    )
    words = [*sorted(_passwords.COMMON)[:99], ""]
    tried = [book.verify(user, word) for user, word in itertools.product(users, words)]
    assert len(tried) == 1_000
    assert not any(tried)
    assert book.all() == ()
    assert not book.exists()


def test_se_01_hashes_of_one_password_differ_and_no_file_holds_it(tmp_path: Path) -> None:
    kept: list[str] = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        book = Accounts(tmp_path / folder / ACCOUNTS_FILE)
        book.open()
        add(book)
        book.close()
        content = (tmp_path / folder / ACCOUNTS_FILE).read_bytes()
        assert GOOD.encode() not in content
        kept.append(content[content.index(b"$argon2id$") :].split(b"ada")[0][:97].decode())
    assert kept[0] != kept[1]


# ------------------------------------------------------------------------------------------ 11.100: unique ids


@pytest.mark.usefixtures("cheap")
def test_11_100_an_id_is_never_given_twice(book: Accounts) -> None:
    add(book)
    with pytest.raises(AccountRefused, match="ada was given before"):
        add(book)
    book.remove("ada", actor=ME)
    with pytest.raises(AccountRefused, match="belongs to one person for ever"):
        add(book, password=OTHER)
    removed = book.get("ada")
    assert removed
    assert (removed.name, removed.state, removed.roles) == (
        "Ada Example",
        AccountState.REMOVED,
        frozenset({Role.VIEW}),
    )
    for act in (book.enable, book.disable, book.remove):
        with pytest.raises(AccountRefused, match="no account 'ada'"):
            act("ada", actor=ME)


@pytest.mark.usefixtures("cheap")
def test_11_100_of_programs_that_add_one_id_at_the_same_time_one_wins(tmp_path: Path) -> None:
    books = [Accounts(tmp_path / ACCOUNTS_FILE) for _ in range(8)]
    for book in books:
        book.open()

    def tried(book: Accounts) -> bool:
        try:
            add(book)
        except AccountRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tried, books)) == 1
    assert changes(books[0]) == [("add", "ada")]


@pytest.mark.parametrize("user", ["", "Ada", "a b", "a" * 33, "ada\n", "é", "console:me", "a/b"])
def test_11_100_an_id_that_is_none_is_refused(book: Accounts, user: str) -> None:
    with pytest.raises(AccountRefused, match="is no user id"):
        add(book, user)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "Ada\x1b[2J"])
def test_11_50_there_is_no_account_without_a_printable_name(book: Accounts, name: str) -> None:
    with pytest.raises(AccountRefused, match="full name"):
        book.add("ada", name, GOOD, actor=ME)


# ------------------------------------------------------------------------------------------ CR 1.5: how they are kept


def test_cr_1_5_hashes_are_argon2id_with_the_library_default() -> None:
    found = extract_parameters(_passwords.make_hash(GOOD))
    assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (Type.ID, 65_536, 3, 4)
    assert (found.salt_len, found.hash_len) == (16, 32)
    assert extract_parameters(_passwords.hash_of_nobody()) == found


def test_cr_1_5_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(
    book: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_passwords, "_hasher", CHEAP)
    add(book)
    monkeypatch.setattr(_passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=16, parallelism=1))
    assert book.verify("ada", "wrong-wrong-wrong") is None
    assert extract_parameters(book._hash("ada")).memory_cost == 8
    assert book.verify("ada", GOOD)
    assert extract_parameters(book._hash("ada")).memory_cost == 16
    assert book.verify("ada", GOOD)
    with pytest.raises(AccountRefused, match="one of the last 5"):  # the history knows the renewed one
        book.set_password("ada", GOOD, actor=ME, must_change=False)


def test_cr_1_10_an_unknown_user_costs_what_a_known_one_does(book: Accounts) -> None:
    add(book)
    add(book, "bob")
    book.disable("bob", actor=ME)
    costs: dict[str, list[float]] = {"ada": [], "nobody": [], "bob": []}
    for _ in range(9):
        for user, found in costs.items():
            begun = time.process_time()
            assert book.verify(user, "wrong-wrong-wrong") is None
            found.append(time.process_time() - begun)
    known = statistics.median(costs["ada"])
    for user in ("nobody", "bob"):
        assert statistics.median(costs[user]) / known == pytest.approx(1, abs=0.1)


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("password", ["", "\0", "\ud800" * 12, "x" * 100_000, "Wolke-7-Birnbau", GOOD + " "])
def test_cr_1_5_any_other_text_is_refused(book: Accounts, password: str) -> None:
    add(book)
    assert book.verify("ada", password) is None


@pytest.mark.usefixtures("cheap")
def test_cr_1_5_letters_that_look_the_same_are_the_same(book: Accounts) -> None:
    add(book, password="Mühlbach-Rössel-9")
    assert book.verify("ada", "Mu\u0308hlbach-Ro\u0308ssel-9")


@pytest.mark.usefixtures("cheap")
def test_cr_1_5_nothing_waits_for_a_hash(book: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    add(book)
    working, go_on = threading.Event(), threading.Event()

    def slow(kept: str, password: str) -> bool:
        working.set()
        return go_on.wait(20) and _passwords.is_match(kept, password)

    monkeypatch.setattr(accounts, "is_match", slow)
    with ThreadPoolExecutor(1) as pool:
        verified = pool.submit(book.verify, "ada", GOOD)
        assert working.wait(20)
        book.disable("ada", actor=ME)
        go_on.set()
        assert verified.result(20) is None  # disabled while its password was worked on


# ------------------------------------------------------------------------------------------ CR 1.7: which are taken

WEAK = (
    "short1!", "aaaaaaaaaaaaaa", "abcabcabcabcabc", "Password1234", "P@ssw0rd!2026", "qwertzuiopasdf",
    "1q2w3e4r5t6y", "123456789012", "zaq12wsxCDE3", "a1b2c3d4e5f6", "Summer2026Winter!", "welcome-Welcome1",
    "changeme-please", "letmein letmein2", "administrator", "operator operator1", "Administrator#1",
    "scada-modbus-2026", "North-Works-2026", "northworks99", "iloveyou-iloveyou", "ada.example-is-mine",
    "83920174652918", "            ", "SuperSecretPassword", "!@#$%^&*()!@#$",
)  # fmt: skip


@pytest.mark.parametrize("password", WEAK)
def test_cr_1_7_a_weak_password_is_refused(book: Accounts, password: str) -> None:
    with pytest.raises(AccountRefused, match="the password"):
        add(book, "ada.example", password=password)
    assert book.all() == ()


@pytest.mark.parametrize(
    "password", [GOOD, OTHER, "correct horse battery staple", "x7$Kq9!vT2pZ", "kf83hdk2ls9w"]
)
def test_cr_1_7_a_good_password_is_taken(book: Accounts, password: str) -> None:
    book.check_password("ada", password)


def test_cr_1_7_the_words_of_the_plant_come_from_its_name(tmp_path: Path) -> None:
    plant = make_plant([])
    book = accounts_of(plant, tmp_path)
    assert book.path == tmp_path / ACCOUNTS_FILE
    with pytest.raises(AccountRefused, match="tried first"):
        book.check_password("ada", f"{plant.name}-{plant.title}-2026!")


# ------------------------------------------------------------------------------------------ 11.300


@pytest.mark.usefixtures("cheap")
def test_11_300_the_last_five_passwords_are_not_taken_again(book: Accounts) -> None:
    add(book, password=SOME[0])
    for password in SOME[1:5]:
        book.set_password("ada", password, actor=ME, must_change=False)
    for password in SOME[:5]:
        with pytest.raises(AccountRefused, match="one of the last 5"):
            book.set_password("ada", password, actor=ME, must_change=False)
    book.set_password("ada", SOME[5], actor=ME, must_change=False)
    book.set_password("ada", SOME[0], actor=ME, must_change=False)
    assert book.verify("ada", SOME[5]) is None
    assert book.verify("ada", SOME[0])


@pytest.mark.usefixtures("cheap")
def test_11_300_a_password_ages(book: Accounts, clock: list[int]) -> None:
    add(book)
    clock[0] += 30 * NS_PER_DAY
    assert not book.get("ada").must_change  # type: ignore[union-attr]
    book.max_age_days = 30
    assert not book.verify("ada", GOOD).must_change  # type: ignore[union-attr]
    clock[0] += 1
    assert book.verify("ada", GOOD).must_change  # type: ignore[union-attr]
    assert not book.set_password("ada", OTHER, actor="ada", must_change=False).must_change


@pytest.mark.usefixtures("cheap")
def test_11_300_a_lost_password_is_replaced_by_one_to_be_changed(book: Accounts) -> None:
    assert book.add("ada", "Ada", GOOD, actor=ME).must_change
    assert not book.set_password("ada", OTHER, actor="ada", must_change=False).must_change
    assert book.set_password("ada", SOME[0], actor="sec", must_change=True).must_change
    assert book.verify("ada", SOME[0]).must_change  # type: ignore[union-attr]


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("act", ["disable", "remove"])
def test_11_300_nobody_signs_in_with_what_was_taken_away(book: Accounts, act: str) -> None:
    add(book)
    getattr(book, act)("ada", actor=ME)
    assert book.verify("ada", GOOD) is None
    assert not book.exists()
    if act == "disable":
        book.enable("ada", actor=ME)
        assert book.verify("ada", GOOD)


@pytest.mark.usefixtures("cheap")
def test_11_300_the_hashes_of_a_removed_account_are_gone_from_the_file(book: Accounts) -> None:
    add(book)
    kept = book._hash("ada").encode()
    assert kept in book.path.read_bytes()
    book.remove("ada", actor=ME)
    assert kept not in book.path.read_bytes()


# ------------------------------------------------------------------------------------------ rights


@pytest.mark.usefixtures("cheap")
def test_a_grant_in_an_area_takes_none_of_the_rights_that_held_there(book: Accounts) -> None:
    add(book, "ada", Role.ACKNOWLEDGE)
    book.grant("ada", [Role.OPERATE], actor=ME, lineage=INTAKE)
    who = principal(book)
    assert who.has(Role.OPERATE, INTAKE)
    assert who.has(Role.ACKNOWLEDGE, INTAKE)
    assert not who.has(Role.OPERATE, ("site",))
    assert not who.has(Role.OPERATE)


@pytest.mark.usefixtures("cheap")
def test_a_right_is_taken_in_one_area_or_everywhere(book: Accounts) -> None:
    add(book, "ada", Role.OPERATE)
    book.revoke("ada", [Role.OPERATE], actor=ME, lineage=INTAKE)
    assert principal(book).has(Role.OPERATE, ("site",))
    assert not principal(book).has(Role.OPERATE, INTAKE)
    book.grant("ada", [Role.OPERATE], actor=ME, lineage=INTAKE)
    assert book.get("ada").by_area == {}  # type: ignore[union-attr]  # as everywhere: no row of its own
    book.grant(
        "ada", [Role.TUNE], actor=ME, lineage=INTAKE
    )  # now it has one, with the right to operate in it
    book.revoke("ada", [Role.OPERATE], actor=ME)
    assert not principal(book).has_somewhere(Role.OPERATE)
    assert principal(book).has(Role.TUNE, INTAKE)


SITES = {"site": "", "intake": "site", "pumps": "intake", "works": "site"}
some_roles = st.frozensets(st.sampled_from([role for role in Role if role is not Role.SECURITY]))


@given(
    roles=some_roles,
    by_area=st.dictionaries(st.sampled_from(sorted(SITES)), some_roles),
    acts=st.lists(st.tuples(st.booleans(), some_roles, st.sampled_from(["", *SITES])), max_size=6),
)
def test_a_grant_only_adds_and_a_revoke_only_takes(
    roles: frozenset[Role],
    by_area: dict[str, frozenset[Role]],
    acts: list[tuple[bool, frozenset[Role], str]],
) -> None:
    lineages = {area: lineage_of(SITES, area) for area in ["", *SITES]}
    rights: tuple[frozenset[Role], Mapping[str, frozenset[Role]]] = (roles, by_area)
    for is_grant, changed, area in acts:
        before = {place: roles_in(*rights, lineage) for place, lineage in lineages.items()}
        rights = (granted if is_grant else revoked)(*rights, changed, lineages[area])
        after = {place: roles_in(*rights, lineage) for place, lineage in lineages.items()}
        if is_grant:
            assert after[area] == before[area] | changed
            assert all(before[place] <= after[place] for place in lineages)
        else:
            assert after[area] == before[area] - changed
            assert all(after[place] <= before[place] for place in lineages)
            assert area or not any(changed & held for held in after.values())


@pytest.mark.usefixtures("cheap")
def test_security_is_a_right_to_the_whole_plant(book: Accounts) -> None:
    add(book, "ada", Role.SECURITY)
    with pytest.raises(AccountRefused, match="security holds for the whole plant"):
        book.grant("ada", [Role.SECURITY], actor=ME, lineage=INTAKE)
    with pytest.raises(AccountRefused, match="security holds for the whole plant"):
        book.add("bob", "Bob", GOOD, actor=ME, by_area={"intake": frozenset({Role.SECURITY})})
    book.grant("ada", [Role.OPERATE], actor=ME, lineage=INTAKE)
    assert Role.SECURITY not in book.get("ada").by_area["intake"]  # type: ignore[union-attr]


@pytest.mark.usefixtures("cheap")
def test_a_role_of_a_newer_version_gives_no_right(book: Accounts) -> None:
    add(book)
    other = apsw.Connection(str(book.path))
    other.execute("""update account set rights='{"roles": ["operate", "emperor"], "by_area": {}}'""")
    assert book.get("ada").roles == {Role.VIEW, Role.OPERATE}  # type: ignore[union-attr]


LAST: dict[str, Callable[[Accounts], object]] = {
    "disable": lambda book: book.disable("sec", actor=ME),
    "remove": lambda book: book.remove("sec", actor=ME),
    "revoke": lambda book: book.revoke("sec", [Role.SECURITY], actor=ME),
}


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("act", LAST)
def test_cr_1_3_the_last_who_manages_accounts_stays(book: Accounts, act: str) -> None:
    add(book, "sec", Role.SECURITY)
    add(book, "late", Role.SECURITY)
    add(book, "ada", Role.OPERATE)
    book.disable("late", actor=ME)  # who cannot sign in does not count
    before = (book.get("sec"), changes(book))
    with pytest.raises(AccountRefused, match="sec is the last active account with the right security"):
        LAST[act](book)
    assert (book.get("sec"), changes(book)) == before
    book.enable("late", actor=ME)
    LAST[act](book)
    assert changes(book)[-1] == (act, "sec")


@pytest.mark.usefixtures("cheap")
def test_cr_1_3_two_who_disable_each_other_at_once_leave_one(tmp_path: Path) -> None:
    books = [Accounts(tmp_path / ACCOUNTS_FILE) for _ in range(2)]
    for book in books:
        book.open()
    for user in ("one", "two"):
        add(books[0], user, Role.SECURITY)

    def disable(number: int) -> bool:
        try:
            books[number].disable(("one", "two")[number], actor=ME)
        except AccountRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(disable, range(2))) == 1


def principal(book: Accounts, user: str = "ada") -> Principal:
    account = book.get(user)
    assert account
    return Principal(user, "local", "s", account.roles, account.by_area, account.name)


# ------------------------------------------------------------------------------------------ the audit


@pytest.mark.usefixtures("cheap")
def test_every_change_is_a_row_with_who_when_and_what_until_it_is_journalled(
    book: Accounts, clock: list[int]
) -> None:
    add(book)
    book.set_password("ada", OTHER, actor=ME, must_change=True)
    book.grant("ada", [Role.OPERATE], actor=ME, lineage=INTAKE)
    book.revoke("ada", [Role.OPERATE], actor=ME, lineage=INTAKE)
    book.disable("ada", actor=ME)
    book.enable("ada", actor=ME)
    book.request_unlock("ada", actor=ME)
    book.remove("ada", actor=ME)
    found = book.pending()
    assert [one.what for one in found] == [
        "add", "password", "grant", "revoke", "disable", "enable", UNLOCK, "remove",
    ]  # fmt: skip
    assert {(one.user, one.actor, one.at) for one in found} == {("ada", ME, clock[0])}
    assert found[2].detail["before"] == {"roles": ["view"], "by_area": {}}
    assert found[2].detail["after"] == {"roles": ["view"], "by_area": {"intake": ["view", "operate"]}}
    assert not any("argon2" in str(one.detail) for one in found)
    book.journalled(found[3].number)
    assert book.pending() == found[4:]
    book.journalled(found[0].number)  # never back
    assert book.pending() == found[4:]


@pytest.mark.usefixtures("cheap")
def test_another_program_sees_each_change_at_its_next_look(book: Accounts) -> None:
    other = Accounts(book.path)
    other.open()
    acts: list[Callable[[], object]] = [
        lambda: add(other),
        lambda: other.grant("ada", [Role.OPERATE], actor=ME),
        lambda: other.request_unlock("ada", actor=ME),
        lambda: other.disable("ada", actor=ME),
    ]
    seen = {book.version()}
    for act in acts:
        act()
        assert book.version() not in seen
        assert book.version() == book.version()
        seen.add(book.version())
    before = book.version()
    book.enable("ada", actor=ME)
    assert book.version() != before
    assert other.get("ada").is_active  # type: ignore[union-attr]


@pytest.mark.usefixtures("cheap")
def test_a_sign_in_is_remembered_and_is_no_change(book: Accounts, clock: list[int]) -> None:
    add(book)
    before = book.version()
    clock[0] += 5
    book.note_sign_in("ada")
    assert book.get("ada").last_sign_in == clock[0]  # type: ignore[union-attr]
    assert (book.version(), changes(book)) == (before, [("add", "ada")])


# ------------------------------------------------------------------------------------------ the file


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows the user's profile keeps others out")
def test_cr_1_5_the_file_is_its_owners_alone(book: Accounts) -> None:
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600
    book.close()
    book.path.chmod(0o644)
    book.open()
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600
    assert [file.name for file in book.path.parent.iterdir()] == [ACCOUNTS_FILE]


def of_another_product() -> bytes:
    database = apsw.Connection(":memory:")
    database.execute("create table account (user text)")
    return database.serialize("main")


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("broken", ["empty", "text", "head", "half", "other"])
def test_a_broken_file_is_one_sentence_and_stays_as_it_is(book: Accounts, broken: str) -> None:
    add(book)
    book.close()
    whole = book.path.read_bytes()
    content = {
        "empty": b"",
        "text": b"no database at all, only some words" * 100,
        "head": b"\xff" * 64 + whole[64:],
        "half": whole[: len(whole) // 2],
        "other": of_another_product(),
    }[broken]
    book.path.write_bytes(content)
    with pytest.raises(StorageError, match="put a backup in its place, nothing is written over it") as told:
        book.open()
    assert "\n" not in str(told.value)
    assert book.path.read_bytes() == content
    with pytest.raises(StorageError, match="not open"):
        book.exists()


def test_a_file_of_a_newer_version_is_not_touched(book: Accounts) -> None:
    book.close()
    database = apsw.Connection(str(book.path))
    database.execute(f"pragma user_version={_account_file.SCHEMA_VERSION + 1}")
    database.close()
    with pytest.raises(StorageError, match="written by a newer version"):
        book.open()


@pytest.mark.usefixtures("cheap")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not replace an open file")
def test_a_backup_that_is_put_in_place_counts_and_a_file_that_is_gone_is_told(
    book: Accounts, tmp_path: Path
) -> None:
    add(book)
    backup = tmp_path / "backup"
    backup.write_bytes(book.path.read_bytes())
    book.grant("ada", [Role.SECURITY], actor=ME)
    before = book.version()
    backup.replace(book.path)
    assert book.version() != before
    assert book.get("ada").roles == {Role.VIEW}  # type: ignore[union-attr]
    book.path.unlink()
    with pytest.raises(StorageError, match="the file of accounts is gone"):
        book.verify("ada", GOOD)
    assert not book.path.exists()


def test_programs_that_make_the_file_at_once_get_one(tmp_path: Path) -> None:
    books = [Accounts(tmp_path / ACCOUNTS_FILE) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Accounts.open, books))
    assert {book.version() for book in books} == {books[0].version()}
    assert [file.name for file in tmp_path.iterdir()] == [ACCOUNTS_FILE]
