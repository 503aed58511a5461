"""What servers, lines and people can do to the PostgreSQL exporter: nothing half, nothing twice, nothing for ever."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from export_stream import BEGIN, Stream, context, good, mixed_rows, rows_of, series
from postgres_checks import check_sums
from postgres_server import OWNER, PASSWORD, PostgresCluster, running, settings_of
from stuck_proxy import StuckProxy

from hmi.core.clock import NS_PER_S
from hmi.export.port import Exporter, ExportError, Package, TargetRefused, TargetUnavailable, Watermark
from hmi.exporters.postgres.exporter import create

TAGS = [series(n) for n in range(6)]
SOON_S = 60.0
"""Far above what any wait may take here."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresCluster]:
    with running() as one:
        yield one


@pytest.fixture
def own_cluster() -> Iterator[PostgresCluster]:
    """For what ends or breaks a whole server."""
    with running() as one:
        yield one


def opened(
    cluster: PostgresCluster, schema: str, stream: Stream, stop: Callable[[], bool] = bool, **more: Any
) -> Exporter:
    exporter = create(settings_of(cluster, schema, **more), context(stream=stream.name, stop=stop))
    exporter.open()
    exporter.describe(stream.schema)
    return exporter


def piece(stream: Stream, number: int, count: int = 60) -> Package:
    """Package ``number`` of an unbroken history."""
    begin = BEGIN + number * count * NS_PER_S
    return stream.package(mixed_rows(stream.tags, count, seed=number, begin=begin, revision=number + 1))


def told(call: Callable[[], object], kind: type[ExportError]) -> str:
    """The sentence of the error, which came in time and has no secret in it."""
    begin = time.monotonic()
    with pytest.raises(kind) as caught:
        call()
    assert time.monotonic() - begin < SOON_S
    text = str(caught.value)
    assert PASSWORD not in text
    assert "\n" not in text
    return text


def opening(cluster: PostgresCluster, schema: str = "closed", **more: Any) -> Callable[[], object]:
    return create(settings_of(cluster, schema, **more), context()).open


# ------------------------------------------------------------------------------------------ away and back


def test_hi_09_a_database_that_was_off_gets_all_once_and_in_order(own_cluster: PostgresCluster) -> None:
    stream = Stream(TAGS)
    exporter = opened(own_cluster, "outage", stream)
    exporter.deliver(piece(stream, 0))
    own_cluster.end(hard=True)
    waiting = [piece(stream, number) for number in range(1, 20)]
    told(lambda: exporter.deliver(waiting[0]), TargetUnavailable)
    exporter.close()
    told(exporter.open, TargetUnavailable)
    own_cluster.run()
    last = exporter.open()
    assert last is not None
    assert last.number == 1
    exporter.describe(stream.schema)
    for package in waiting:
        exporter.deliver(package)
    with own_cluster.admin() as admin:
        assert check_sums(admin, "outage") == 20 * 60
        order = admin.execute("select number from outage.package order by delivered").fetchall()
        assert [row[0] for row in order] == list(range(1, 21))
        chain = admin.execute("select digest, previous from outage.package order by number").fetchall()
        assert [row[1] for row in chain[1:]] == [row[0] for row in chain[:-1]]
    assert exporter.open() == stream.last
    exporter.close()


def test_a_server_that_crashes_keeps_what_was_delivered(own_cluster: PostgresCluster) -> None:
    stream = Stream(TAGS)
    exporter = opened(own_cluster, "crash", stream)
    for number in range(5):
        exporter.deliver(piece(stream, number))
    own_cluster.end(hard=True)
    own_cluster.run()
    before, package = stream.last, piece(stream, 5)
    told(lambda: exporter.deliver(package), TargetUnavailable)
    assert exporter.open() == before
    exporter.describe(stream.schema)
    exporter.deliver(package)
    with own_cluster.admin() as admin:
        assert check_sums(admin, "crash") == 360
    exporter.close()


def test_a_session_that_the_administrator_ends_is_opened_again(cluster: PostgresCluster) -> None:
    stream = Stream(TAGS)
    exporter = opened(cluster, "ended", stream)
    with cluster.admin() as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'watchkeeper job'"
        )
        told(lambda: exporter.deliver(piece(stream, 0)), TargetUnavailable)
        assert exporter.open() is None
        exporter.close()


# ------------------------------------------------------------------------------------------ the line


@pytest.mark.parametrize("after", [500, 20_000, 1_000_000])
def test_a_line_cut_in_the_middle_of_a_copy_leaves_nothing_half(cluster: PostgresCluster, after: int) -> None:
    stream, schema = Stream(TAGS), f"cut{after}"
    rows = rows_of(TAGS, [(n % 6, good(float(n), BEGIN + n * 1_000)) for n in range(20_000)])
    with StuckProxy(cluster.port) as proxy:
        exporter = opened(cluster, schema, stream, port=proxy.port)
        exporter.deliver(piece(stream, 0))
        first = stream.last
        package = stream.package(rows)
        proxy.cut_after = after
        told(lambda: exporter.deliver(package), TargetUnavailable)
        exporter.close()
        proxy.cut_after = -1
        assert exporter.open() == first
        with cluster.admin() as admin:
            assert check_sums(admin, schema) == 60
            exporter.describe(stream.schema)
            exporter.deliver(package)
            assert check_sums(admin, schema) == 20_060
        exporter.close()


def test_an_answer_to_the_commit_that_never_comes_is_no_double(cluster: PostgresCluster) -> None:
    stream = Stream(TAGS)
    with StuckProxy(cluster.port) as proxy:
        exporter = opened(cluster, "commit", stream, port=proxy.port, timeout_s=2)
        exporter.deliver(piece(stream, 0))
        package = piece(stream, 1)
        proxy.last_heard = b"COMMIT"
        told(lambda: exporter.deliver(package), TargetUnavailable)
        exporter.close()
        proxy.last_heard, proxy.swallows_answers = b"", False
        assert exporter.open() == package.watermark
        exporter.describe(stream.schema)
        exporter.deliver(package)
        with cluster.admin() as admin:
            assert check_sums(admin, "commit") == 120
        exporter.close()


def test_a_line_that_swallows_everything_is_given_up_in_time(cluster: PostgresCluster) -> None:
    stream = Stream(TAGS)
    with StuckProxy(cluster.port) as proxy:
        exporter = opened(cluster, "swallow", stream, port=proxy.port, timeout_s=2)
        exporter.deliver(piece(stream, 0))
        proxy.is_swallowing = True
        package = piece(stream, 1)
        text = told(lambda: exporter.deliver(package), TargetUnavailable)
        assert "no answer within" in text
        told(exporter.open, TargetUnavailable)
        exporter.close()
        proxy.is_swallowing = False
        # the server still believes in the session before: it is ended by name
        assert exporter.open() is not None
        exporter.describe(stream.schema)
        exporter.deliver(package)
        with cluster.admin() as admin:
            assert check_sums(admin, "swallow") == 120
        exporter.close()


@pytest.mark.parametrize("is_open", [True, False])
def test_a_job_that_is_to_stop_does_not_wait_for_a_silent_server(
    cluster: PostgresCluster, is_open: bool
) -> None:
    stream, stop = Stream(TAGS), threading.Event()
    with StuckProxy(cluster.port) as proxy:
        settings = settings_of(cluster, "stopped", port=proxy.port, timeout_s=3600)
        exporter = create(settings, context(stop=stop.is_set))
        if is_open:
            exporter.open()
            exporter.describe(stream.schema)
        proxy.is_swallowing = True
        call = (lambda: exporter.deliver(piece(stream, 0))) if is_open else exporter.open
        threading.Timer(0.5, stop.set).start()
        assert told(call, TargetUnavailable), "an hour is the limit of a statement"
        exporter.close()


def test_a_table_that_somebody_holds_locked_is_tried_again(cluster: PostgresCluster) -> None:
    stream = Stream(TAGS)
    exporter = opened(cluster, "locked", stream, timeout_s=2)
    package = piece(stream, 0)
    with cluster.admin() as admin, cluster.admin() as other:
        with admin.transaction():
            admin.execute("lock table locked.sample in access exclusive mode")
            text = told(lambda: exporter.deliver(package), TargetUnavailable)
            assert "lock" in text
        exporter.deliver(package)
        assert check_sums(other, "locked") == 60
    exporter.close()


def test_a_second_runtime_with_the_same_stream_is_told_so(cluster: PostgresCluster) -> None:
    stream = Stream(TAGS)
    exporter = opened(cluster, "twice", stream)
    text = told(opening(cluster, "twice"), TargetUnavailable)
    assert "another session delivers p_test/job" in text
    exporter.close()
    second = opened(cluster, "twice", stream)
    second.close()


# ------------------------------------------------------------------------------------------ refusals


def test_a_refused_log_in_says_what_to_do_and_no_secret(cluster: PostgresCluster) -> None:
    assert "hmi secret" in told(opening(cluster, secret="wrong " + PASSWORD[:3]), TargetRefused)
    assert "hmi secret" in told(opening(cluster, secret=""), TargetRefused)
    assert "hmi secret" in told(opening(cluster, user="nobody"), TargetRefused)
    assert "create it" in told(opening(cluster, database="nowhere"), TargetRefused)
    settings = settings_of(cluster, "closed")

    def no_secret(name: str) -> str:
        from hmi.core.errors import UsageError

        raise UsageError(f"there is no secret {name[:2]}")

    told(create(settings, context(secret=no_secret)).open, TargetRefused)


def test_a_server_that_is_not_there_is_tried_again(cluster: PostgresCluster) -> None:
    with StuckProxy(cluster.port) as proxy:
        free = proxy.port
    told(opening(cluster, port=free), TargetUnavailable)
    told(opening(cluster, host="watchkeeper.invalid", sslmode="verify-full"), TargetUnavailable)


def test_missing_rights_are_told_with_the_command_for_the_owner(cluster: PostgresCluster) -> None:
    with cluster.admin() as admin:
        admin.execute(f"create role guest login password '{PASSWORD}'")
        admin.execute("revoke create on database plant from public")
        text = told(opening(cluster, "guests", user="guest"), TargetRefused)
        assert "create schema guests authorization guest" in text
        admin.execute("create schema guests authorization guest")
        opening(cluster, "guests", user="guest")()
        stream = Stream(TAGS, "p_test/rights")
        exporter = opened(cluster, "rights", stream)
        admin.execute(f"revoke insert, update on rights.sample from {OWNER}")
        text = told(lambda: exporter.deliver(piece(stream, 0)), TargetRefused)
        assert "grant" in text
        exporter.close()
        text = told(opening(cluster, "rights"), TargetRefused)
        assert "sample" in text


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("alter table {0}.sample alter column rev type text", "sample.rev"),
        ("alter table {0}.sample drop column flags cascade", "sample.flags"),
        ("alter table {0}.sample drop constraint sample_pkey", "sample (primary key)"),
        ("alter table {0}.event add column mine integer not null", "event.mine"),
        ("drop table {0}.series_list", "series_list.content"),
        ("insert into {0}.wk_schema_version(version) values (99)", "version 99"),
    ],
)
def test_tables_that_somebody_changed_are_refused_by_name(
    cluster: PostgresCluster, change: str, named: str
) -> None:
    schema = "changed"
    with cluster.admin() as admin:
        admin.execute(f"drop schema if exists {schema} cascade")
        create(settings_of(cluster, schema), context(stream="p_test/first")).open()
        admin.execute(f"drop view {schema}.sample_current, {schema}.sample_proof")
        admin.execute(change.format(schema))  # type: ignore[arg-type]
        assert named in told(opening(cluster, schema), TargetRefused)


def test_columns_that_somebody_added_for_himself_do_no_harm(cluster: PostgresCluster) -> None:
    stream = Stream(TAGS)
    with cluster.admin() as admin:
        opened(cluster, "added", stream).close()
        admin.execute("alter table added.sample add column mine text")
        admin.execute("alter table added.sample_deleted add column mine integer not null default 1")
        exporter = opened(cluster, "added", stream)
        exporter.deliver(piece(stream, 0))
        assert check_sums(admin, "added") == 60
        exporter.close()


def test_a_table_changed_under_a_running_export_is_refused_and_loses_nothing(
    cluster: PostgresCluster,
) -> None:
    stream = Stream(TAGS)
    exporter = opened(cluster, "under", stream)
    package = piece(stream, 0)
    with cluster.admin() as admin:
        admin.execute("alter table under.sample rename column rev to revision")
        text = told(lambda: exporter.deliver(package), TargetRefused)
        assert "restore" in text
        admin.execute("alter table under.sample rename column revision to rev")
        exporter.deliver(package)
        assert check_sums(admin, "under") == 60
    exporter.close()


def test_a_database_of_another_encoding_is_refused(cluster: PostgresCluster) -> None:
    with cluster.admin() as admin:
        admin.execute(f"create database old owner {OWNER} encoding 'LATIN1' template template0")
    assert "UTF8" in told(opening(cluster, database="old"), TargetRefused)


def test_two_jobs_that_open_at_once_make_the_tables_once(cluster: PostgresCluster) -> None:
    errors: list[BaseException] = []

    def job(number: int) -> None:
        try:
            opened(cluster, "atonce", Stream(TAGS, f"p_test/{number}")).close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=job, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON_S)
    assert not errors
    with cluster.admin() as admin:
        assert admin.execute("select version from atonce.wk_schema_version").fetchall() == [(1,)]
        assert admin.execute("select count(*) from atonce.stream").fetchone() == (4,)


def test_a_full_disk_is_told_and_what_came_before_stands() -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("needs root, unshare(1) and setpriv(1) to give a server a small disk of its own")
    place = Path("/mnt")
    owner = 65_534
    mount = f"mount -t tmpfs -o size=2m,uid={owner},gid={owner},mode=700 none {place}"
    if subprocess.run(["unshare", "--mount", "sh", "-c", mount], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs in a mount namespace of its own")
    script = f'{mount} && exec setpriv --reuid={owner} --regid={owner} --clear-groups "$0" "$@"'
    with running(wrapped=["unshare", "--mount", "sh", "-c", script]) as cluster:
        stream = Stream(TAGS)
        with cluster.admin() as admin:
            admin.execute(f"create tablespace small location '{place}'")
            opened(cluster, "small_disk", stream).close()
            admin.execute("alter table small_disk.sample set tablespace small")
            exporter = opened(cluster, "small_disk", stream)
            exporter.deliver(piece(stream, 0))
            count = 60_000
            rows = rows_of(TAGS, [(n % 6, good(float(n), BEGIN + n * 1_000)) for n in range(count)])
            text = told(lambda: exporter.deliver(stream.package(rows)), TargetRefused)
            assert "disk of the server is full" in text
            assert check_sums(admin, "small_disk") == 60
            exporter.close()


# ------------------------------------------------------------------------------------------ TLS


def certificate(cluster: PostgresCluster, authority: trustme.CA, name: str, **more: Any) -> None:
    """Puts a new one before the server, for this name."""
    issued = authority.issue_cert(name, **more)
    key, cert = cluster.data / "server.key", cluster.data / "server.crt"
    key.write_bytes(issued.private_key_pem.bytes())
    cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    owner = cluster.data.stat()
    for path in (key, cert):
        path.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid)
    with cluster.admin() as admin:
        admin.execute("alter system set ssl = on")
        admin.execute("select pg_reload_conf()")
    until = time.monotonic() + SOON_S
    while time.monotonic() < until:
        with cluster.admin() as admin:
            if admin.execute("show ssl").fetchone() == ("on",):
                return
        time.sleep(0.05)


def opened_at_last(exporter: Exporter) -> Watermark | None:
    """A busy proxy may still end a connection that was begun before."""
    for _ in range(20):
        with suppress(TargetUnavailable):
            return exporter.open()
        time.sleep(0.2)
    return exporter.open()


def _cut_under_tls(cluster: PostgresCluster, ca: Path) -> None:
    """A session that is lost is no matter of trust."""
    stream = Stream(TAGS, "p_test/tls")
    with StuckProxy(cluster.port) as proxy:
        exporter = opened(cluster, "tls", stream, port=proxy.port, sslmode="verify-full", ca=str(ca))
        exporter.deliver(piece(stream, 0))
        proxy.cut_after = 500
        package = piece(stream, 1)
        told(lambda: exporter.deliver(package), TargetUnavailable)
        proxy.cut_after = -1
        assert opened_at_last(exporter) is not None
        exporter.describe(stream.schema)
        exporter.deliver(package)
        exporter.close()
    with cluster.admin() as admin:
        assert check_sums(admin, "tls") == 120


def test_the_certificate_of_the_server_is_checked(own_cluster: PostgresCluster, tmp_path: Path) -> None:
    authority, foreign = trustme.CA(), trustme.CA()
    ca, other = tmp_path / "ca.pem", tmp_path / "other.pem"
    authority.cert_pem.write_to_path(ca)
    foreign.cert_pem.write_to_path(other)
    text = told(opening(own_cluster, sslmode="verify-full", ca=str(ca)), TargetRefused)
    assert "SSL" in text
    certificate(own_cluster, authority, "127.0.0.1")
    opening(own_cluster, sslmode="verify-full", ca=str(ca))()
    assert "certificate" in told(opening(own_cluster, sslmode="verify-full", ca=str(other)), TargetRefused)
    assert "certificate" in told(opening(own_cluster, sslmode="verify-full"), TargetRefused)
    assert "setting ca" in told(
        opening(own_cluster, sslmode="verify-full", ca=str(tmp_path / "none.pem")), TargetRefused
    )
    _cut_under_tls(own_cluster, ca)
    certificate(own_cluster, authority, "elsewhere.example")
    assert "certificate" in told(opening(own_cluster, sslmode="verify-full", ca=str(ca)), TargetRefused)
    past = datetime.now(UTC) - timedelta(days=1)
    certificate(own_cluster, authority, "127.0.0.1", not_after=past)
    assert "expired" in told(opening(own_cluster, sslmode="verify-full", ca=str(ca)), TargetRefused)
