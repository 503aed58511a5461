"""Notifications over real mail servers and webhooks on this machine, from a real journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from notify_servers import SECRET, Hook, MailBox, TestAuthority, mail_server, webhook

from hmi.core.clock import NS_PER_S, Clock, SessionClock, SystemClock, wall_ns
from hmi.core.journal import Entry, Kind
from hmi.core.principal import SYSTEM
from hmi.journal import SqliteJournal
from hmi.notify import Notifier, _channels
from hmi.notify._outbox import MOST_WAITING, Outbox
from hmi.project.notifications import NotificationDef
from hmi.project.plant import Plant
from hmi.testing.plant import make_plant

pytestmark = pytest.mark.asyncio
PATIENCE_S = 60.0
SOON_NS = NS_PER_S // 10


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_SECRET_MAIL", SECRET)


def mail_channel(box: MailBox, **more: Any) -> NotificationDef:
    usual: dict[str, Any] = {
        "name": "duty", "kind": "smtp", "priorities": frozenset({1, 2}), "to": ("a@example.org",),
        "sender": "plant@example.org", "server": "127.0.0.1", "port": box.port, "security": "none",
        "subject": "{plant}: {message}", "is_local": True,
    }  # fmt: skip
    return NotificationDef(**{**usual, **more})


def hook_channel(hook: Hook, authority: TestAuthority, **more: Any) -> NotificationDef:
    usual: dict[str, Any] = {
        "name": "hook", "kind": "webhook", "priorities": frozenset({1, 2}), "url": hook.url,
        "subject": "{message}", "ca": str(authority.ca), "is_local": True,
    }  # fmt: skip
    return NotificationDef(**{**usual, **more})


@dataclass
class Site:
    """A journal and a data folder that outlive the notifier over them."""

    folder: Path
    journal: SqliteJournal
    clock: Clock
    failing: list[tuple[str, bool]] = field(default_factory=list)

    async def alarm(self, event: str = "ALM", alarm_id: str = "al1", **payload: Any) -> None:
        usual = {
            "priority": 1, "annunciate": True, "hidden": False, "after": "UNACK", "area": "intake",
            "message": "Level too high", "tag": "intake/lt101", "name": "High", "value": 4.2, "unit": "m",
        }  # fmt: skip
        await self.journal.append(Entry(Kind.ALARM, event, SYSTEM, alarm_id, 1, {**usual, **payload}))

    async def told(self, event: str) -> list[dict[str, Any]]:
        records = await self.journal.read(kind="system", limit=10_000)
        return [dict(record.payload) for record in records if record.event == event]

    @asynccontextmanager
    async def notifier(self, *channels: NotificationDef, simulated: bool = False) -> AsyncIterator[Notifier]:
        """Running until the block ends; it has begun to follow the journal when the block begins."""
        plant: Plant = replace(make_plant([]), notifications=channels)
        notifier = Notifier(
            plant, self.journal, self.folder, simulated=simulated, retry=lambda tries: SOON_NS,
            tell_failing=lambda name, failing: self.failing.append((name, failing)), clock=self.clock,
        )  # fmt: skip
        task = asyncio.create_task(notifier.run())
        probe = Outbox(self.folder / "notify.sqlite")
        await until(lambda: not notifier._is_new and probe.cursor() is not None)
        probe.close()
        try:
            yield notifier
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def made_site(folder: Path, clock: Clock) -> AsyncIterator[Site]:
    journal = SqliteJournal(
        folder / "journal.sqlite", clock=clock, runtime_id="rt", run_id="run", plant_revision="r",
        simulated=False,
    )  # fmt: skip
    await journal.open()
    yield Site(folder, journal, clock)
    await journal.close()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with made_site(tmp_path, SystemClock()) as made:
        yield made


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)


async def test_mail_by_starttls_and_login_reaches_everybody(
    site: Site, authority: TestAuthority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with mail_server(MailBox(), authority) as box:
        channel = mail_channel(
            box, security="starttls", user="plant", secret="mail", ca=str(authority.ca),
            to=("a@example.org", "b@example.org"),
        )  # fmt: skip
        async with site.notifier(channel):
            await site.alarm()
            await until(lambda: site.told("notify.sent"))
    assert box.logins
    assert box.reached == [["a@example.org", "b@example.org"]]
    assert box.mails[0]["Subject"].endswith("Level too high")
    assert "intake/lt101" in box.mails[0].get_content()
    assert SECRET not in caplog.text
    for file in site.folder.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


async def test_a_mail_server_with_another_certificate_is_not_trusted(
    site: Site, authority: TestAuthority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = TestAuthority(tmp_path_factory.mktemp("other"))
    async with mail_server(MailBox(), authority) as box:
        channel = mail_channel(box, security="starttls", user="plant", secret="mail", ca=str(other.ca))
        async with site.notifier(channel):
            await site.alarm()
            await until(lambda: ("duty", True) in site.failing)
    assert not box.mails
    assert not box.logins, "the password is not shown to a server that is not trusted"


async def test_greylisting_is_tried_again_with_the_same_id(site: Site) -> None:
    box = MailBox(lambda to, number: "451 come back later" if number == 1 else "250 OK")
    async with mail_server(box), site.notifier(mail_channel(box)):
        await site.alarm()
        await until(lambda: site.told("notify.sent"))
    failed = await site.told("notify.failed")
    assert "451" in failed[0]["reason"]
    assert failed[0]["message"] == box.mails[0]["X-Watchkeeper-Id"]
    assert ("duty", True) not in site.failing


async def test_one_refused_recipient_keeps_no_other_from_his_mail(site: Site) -> None:
    box = MailBox(lambda to, number: "550 no such person" if to.startswith("b") else "250 OK")
    async with mail_server(box):
        channel = mail_channel(box, to=("a@example.org", "b@example.org"))
        async with site.notifier(channel):
            await site.alarm()
            await until(lambda: site.failing[-1] == ("duty", True))
    assert box.reached == [["a@example.org"]]
    assert (await site.told("notify.refused"))[0]["to"] == ["b@example.org"]
    assert box.asked["b@example.org"] == 1


async def test_a_recipient_to_try_again_does_not_mail_the_others_twice(site: Site) -> None:
    box = MailBox(lambda to, number: "451 later" if to.startswith("b") and number < 3 else "250 OK")
    async with mail_server(box), site.notifier(mail_channel(box, to=("a@example.org", "b@example.org"))):
        await site.alarm()
        await until(lambda: len(box.mails) == 2)
    assert box.reached == [["a@example.org"], ["b@example.org"]]


async def test_a_server_that_was_down_gets_everything_when_it_is_up(site: Site) -> None:
    async with mail_server(MailBox()) as box:
        pass
    async with site.notifier(mail_channel(box)):
        await site.alarm(alarm_id="a")
        await site.alarm(alarm_id="b")
        await until(lambda: ("duty", True) in site.failing)
        async with mail_server(box):
            await until(lambda: len(box.mails) == 2)
            await until(lambda: site.failing[-1] == ("duty", False))


async def test_a_restart_loses_nothing_and_repeats_nothing_that_was_confirmed(site: Site) -> None:
    async with mail_server(MailBox()) as box:
        await site.alarm(alarm_id="before the first start")
        async with site.notifier(mail_channel(box)):
            await site.alarm(alarm_id="a")
            await until(lambda: len(box.mails) == 1)
            await until(lambda: site.told("notify.sent"))
    async with site.notifier(mail_channel(box)):
        await site.alarm(alarm_id="b")
        await until(lambda: site.told("notify.failed"))
    await site.alarm(alarm_id="c")
    async with mail_server(box), site.notifier(mail_channel(box)):
        await until(lambda: len(box.mails) == 3)
        await until(lambda: _count(site, "notify.sent", 3))
    assert len({mail["X-Watchkeeper-Id"] for mail in box.mails}) == 3


async def _count(site: Site, event: str, number: int) -> bool:
    return len(await site.told(event)) == number


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_session_clock_that_stands_elsewhere_delays_no_message(tmp_path: Path, hours: int) -> None:
    clock = SessionClock(wall_ns() + hours * 3_600 * NS_PER_S)
    async with (
        made_site(tmp_path, clock) as site,
        mail_server(MailBox()) as box,
        site.notifier(mail_channel(box, delay_s=0.2)),
    ):
        await site.alarm()
        await until(lambda: site.told("notify.sent"))
        assert len(box.mails) == 1


async def test_what_is_acknowledged_within_the_delay_is_not_sent(site: Site) -> None:
    async with mail_server(MailBox()) as box, site.notifier(mail_channel(box, delay_s=2.0)):
        await site.alarm(alarm_id="seen")
        await site.alarm(alarm_id="not seen")
        await site.alarm("RTN", alarm_id="not seen", after="RTNUN", annunciate=False)
        await site.alarm("ACK", alarm_id="seen", after="ACKED", annunciate=False)
        await until(lambda: site.told("notify.sent"))
    assert len(box.mails) == 1
    assert box.mails[0]["X-Watchkeeper-Id"].startswith("rt-2-")


async def test_only_alarms_of_the_channel_are_sent(site: Site) -> None:
    async with mail_server(MailBox()) as box, site.notifier(mail_channel(box, areas=("intake",))):
        await site.alarm(alarm_id="low", priority=3)
        await site.alarm(alarm_id="elsewhere", area="intake2")
        await site.alarm(alarm_id="hidden", hidden=True, annunciate=False)
        await site.alarm(alarm_id="right", area="intake/raw", message="the right one")
        await until(lambda: site.told("notify.sent"))
    assert [mail["Subject"].rpartition(": ")[2] for mail in box.mails] == ["the right one"]


@pytest.mark.parametrize(
    "evil",
    ["x\r\nBcc: spy@example.org\r\n\r\nhello", "y" * 1_000_000, "\u202egnirts\x00"],
    ids=["header", "huge", "control"],
)
async def test_evil_texts_are_made_harmless(site: Site, evil: str) -> None:
    async with mail_server(MailBox()) as box, site.notifier(mail_channel(box)):
        await site.alarm(message=evil)
        await until(lambda: bool(box.mails))
    mail = box.mails[0]
    assert mail["Bcc"] is None
    assert len(mail["Subject"]) <= 200
    assert len(mail.get_content()) < 10_000
    assert not {"\u202e", "\x00"} & set(mail["Subject"])


@pytest.mark.parametrize("later", range(6))
async def test_an_end_in_the_moment_of_the_mail_server_s_answer_is_not_lost(site: Site, later: int) -> None:
    """The mail library takes the answer for the cancellation; without the check the runtime never ends."""
    box, senders = MailBox(), list[asyncio.Task[None]]()

    def end_after(turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(end_after, turns - 1)
        else:
            senders[0].cancel()

    async def take(*_: Any) -> str:
        end_after(later)
        return "250 taken"

    box.handle_DATA = take  # type: ignore[method-assign]
    async with mail_server(box), site.notifier(mail_channel(box)) as notifier:
        senders += notifier._senders.values()
        await site.alarm()
        await until(senders[0].cancelled)


async def test_a_message_is_given_up_after_its_time_and_told(site: Site) -> None:
    async with mail_server(MailBox()) as box:
        pass
    async with site.notifier(mail_channel(box, give_up_s=0.5)):
        await site.alarm()
        await until(lambda: site.told("notify.given_up"))
        await until(lambda: ("duty", True) in site.failing)


async def test_a_webhook_over_https_is_tried_again_with_the_same_key(
    site: Site, authority: TestAuthority
) -> None:
    async with (
        webhook(Hook([500, 200]), authority) as hook,
        site.notifier(hook_channel(hook, authority, secret="mail")),
    ):
        await site.alarm()
        await until(lambda: site.told("notify.sent"))
    assert len({headers["idempotency-key"] for headers in hook.headers}) == 1
    assert len(hook.bodies) == 2
    assert hook.bodies[1]["alarm"]["tag"] == "intake/lt101"
    assert hook.headers[0]["authorization"] == f"Bearer {SECRET}"


async def test_a_webhook_follows_no_redirect(site: Site, authority: TestAuthority) -> None:
    async with webhook(Hook([302]), authority) as hook, site.notifier(hook_channel(hook, authority)):
        await site.alarm()
        await until(lambda: site.told("notify.given_up"))
    assert hook.paths == ["/alarms"]


async def test_a_slow_webhook_holds_up_no_other_channel(site: Site, authority: TestAuthority) -> None:
    hook = Hook(wait=asyncio.Event())
    assert hook.wait is not None
    async with (
        mail_server(MailBox()) as box,
        webhook(hook, authority),
        site.notifier(hook_channel(hook, authority), mail_channel(box)),
    ):
        await site.alarm()
        await until(lambda: bool(hook.bodies) and bool(box.mails))
        hook.wait.set()
        await until(lambda: _count(site, "notify.sent", 2))


async def test_an_attempt_that_takes_too_long_ends_no_channel(
    site: Site, authority: TestAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time is kept by a cancellation too, which is not the end of the runtime."""
    monkeypatch.setattr(_channels, "ATTEMPT_S", 0.5)
    hook = Hook(wait=asyncio.Event())
    assert hook.wait is not None
    async with webhook(hook, authority), site.notifier(hook_channel(hook, authority)):
        await site.alarm()
        await until(lambda: len(hook.paths) >= 3)
        monkeypatch.setattr(_channels, "ATTEMPT_S", 30.0)
        hook.wait.set()
        await until(lambda: site.told("notify.sent"))


async def test_a_simulated_plant_sends_only_where_it_was_allowed(site: Site) -> None:
    async with mail_server(MailBox()) as box, mail_server(MailBox()) as allowed:
        channels = (mail_channel(box), mail_channel(allowed, name="test", simulator=True))
        async with site.notifier(*channels, simulated=True):
            await site.alarm()
            await until(lambda: bool(allowed.mails))
        assert not box.asked
        assert (await site.told("notify.held"))[0]["reason"]
        outside = mail_channel(allowed, name="test", simulator=True, is_local=False)
        async with site.notifier(outside, simulated=True):
            await site.alarm()
            await until(lambda: _count(site, "notify.held", 2))
    assert len(allowed.mails) == 1


async def test_the_queue_is_bounded_and_p1_is_kept(site: Site) -> None:
    async with mail_server(MailBox()) as box:
        pass
    async with site.notifier(mail_channel(box, delay_s=3_600)):
        for start in range(0, MOST_WAITING + 100, 100):
            first = start == 0
            await asyncio.gather(
                *(site.alarm(alarm_id=f"a{start + n}", priority=1 if first else 2) for n in range(100))
            )
        await until(lambda: site.told("notify.dropped"))
        probe = Outbox(site.folder / "notify.sqlite")
        rows = probe._do(
            lambda db: db.execute("select priority, count(*) from waiting group by 1").fetchall()
        )
        probe.close()
    assert rows[0] == (1, 100)
    assert sum(count for _, count in rows) <= MOST_WAITING


async def test_a_channel_that_is_new_is_not_told_the_past(site: Site) -> None:
    async with mail_server(MailBox()) as box:
        async with site.notifier(mail_channel(box)):
            await site.alarm(alarm_id="a")
            await until(lambda: len(box.mails) == 1)
            await until(lambda: site.told("notify.sent"))
        async with site.notifier(mail_channel(box, name="second")):
            await site.alarm(alarm_id="b")
            await until(lambda: len(box.mails) == 2)
        await site.alarm(alarm_id="c")
        async with site.notifier(mail_channel(box, name="third")):
            await site.alarm(alarm_id="d")
            await until(lambda: len(box.mails) == 3)
    assert [mail["X-Watchkeeper-Id"].split("-")[-1] for mail in box.mails] == ["duty", "second", "third"]
