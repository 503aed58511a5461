"""What the export jobs tell of themselves: many threads write it, other processes read it, none of them blocks."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hmi.core.clock import NS_PER_S
from hmi.core.errors import StorageError
from hmi.export import (
    Asked,
    JobCondition,
    JobFigures,
    JobState,
    Progress,
    ask,
    is_fresh,
    noted,
    standing,
    told,
    unnoted,
)
from hmi.export._state import STATE_FILE

NOW = 1_795_000_000 * NS_PER_S


def figures(job: str = "lake", **more: object) -> JobFigures:
    return JobFigures(job=job, to="files", what="samples", **more)  # type: ignore[arg-type]


def test_all_jobs_may_tell_at_the_same_time(tmp_path: Path) -> None:
    state, faults = JobState(tmp_path), list[Exception]()

    def tell(job: str) -> None:
        try:
            for rows in range(60):
                state.tell(figures(job, rows=rows))
                state.quarantine(job, rows, NOW, [("no", "[]")])
                state.asked(job)
                state.answered(job, rows)
        except StorageError as error:
            faults.append(error)

    threads = [threading.Thread(target=tell, args=(f"job{n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert {one.job: one.rows for one in told(tmp_path)} == {f"job{n}": 59 for n in range(5)}


def test_what_is_asked_stays_until_it_is_answered_and_what_comes_meanwhile_too(tmp_path: Path) -> None:
    state = JobState(tmp_path)
    ask(tmp_path, Asked(0, "lake", "pause"))
    ((number, first),) = state.asked("lake")
    assert first.act == "pause"
    ask(tmp_path, Asked(0, "lake", "resume"))
    assert [one.act for _, one in state.asked("lake")] == ["pause", "resume"]
    state.answered("lake", number)
    assert [one.act for _, one in state.asked("lake")] == ["resume"]


def test_a_damaged_file_is_set_aside_and_the_jobs_begin_anew(tmp_path: Path) -> None:
    state = JobState(tmp_path)
    state.keep("lake", Progress(number=5))
    state.close()
    (tmp_path / STATE_FILE).write_bytes(b"no database" * 1_000)
    again = JobState(tmp_path)
    assert again.progress("lake") == Progress()
    assert [one.read_bytes()[:11] for one in tmp_path.glob("*.damaged-*")] == [b"no database"]
    again._write("update progress set content = 'x'")
    again.close()


def test_a_damaged_row_begins_that_job_anew(tmp_path: Path) -> None:
    state = JobState(tmp_path)
    state.keep("lake", Progress(number=5))
    state._write("update progress set content = '{'")
    assert state.progress("lake") == Progress()
    state.close()


def test_one_look_has_the_life_sign_and_all_figures(tmp_path: Path) -> None:
    assert standing(tmp_path) == (0, {})
    state = JobState(tmp_path)
    state.tell(figures("b", condition=JobCondition.REFUSED, told=NOW))
    state.tell(figures("a", told=NOW))
    assert standing(tmp_path).life == 0
    state.live(NOW)
    state.live(NOW + 5)
    found = standing(tmp_path)
    assert found.life == NOW + 5
    assert {name: one.condition for name, one in found.jobs.items()} == {
        "a": JobCondition.STOPPED, "b": JobCondition.REFUSED,
    }  # fmt: skip
    state.close()
    assert standing(tmp_path) == found  # also when nobody has it open


def test_what_cannot_be_read_or_kept_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError, match=r"exports\.sqlite cannot be read"):
        standing(tmp_path)
    (tmp_path / "other" / STATE_FILE).mkdir(parents=True)
    with pytest.raises(StorageError, match=r"exports\.sqlite cannot be used"):
        JobState(tmp_path / "other")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        JobState(tmp_path / "file" / "exports")


def test_figures_of_another_version_are_one_sentence(tmp_path: Path) -> None:
    import apsw

    JobState(tmp_path).close()
    database = apsw.Connection(str(tmp_path / STATE_FILE))
    database.execute("insert into figures values ('lake', '{\"condition\": \"asleep\"}')")
    database.close()
    with pytest.raises(StorageError, match="figures of another version"):
        told(tmp_path)


def test_a_sign_of_life_counts_for_ten_seconds_whichever_way_the_clock_was_set() -> None:
    one = figures(told=NOW)
    assert one.is_fresh(NOW + 10 * NS_PER_S)
    assert not one.is_fresh(NOW + 10 * NS_PER_S + 1)
    assert not is_fresh(NOW, NOW - 3_600 * NS_PER_S)
    assert not one.is_measured
    assert figures(since=1).is_measured


def test_what_the_journal_does_not_know_yet_waits_for_it_beside_the_request(tmp_path: Path) -> None:
    assert unnoted(tmp_path) == []
    ask(tmp_path, Asked(0, "lake", "pause", by="sam"))
    assert unnoted(tmp_path) == []
    ask(tmp_path, Asked(0, "lake", "resume", by="console:sam", reason="done", at=NOW), is_noted=False)
    ((number, one),) = unnoted(tmp_path)
    assert one == Asked(0, "lake", "resume", by="console:sam", reason="done", at=NOW)
    state = JobState(tmp_path)
    state.answered("lake", 2)
    assert len(unnoted(tmp_path)) == 1  # whether it is done already or not
    noted(tmp_path, number)
    assert unnoted(tmp_path) == []
    state.close()
