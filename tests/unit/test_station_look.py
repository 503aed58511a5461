"""What the command line says of the station's windows reaches the station, and nothing else does."""

from __future__ import annotations

from pathlib import Path

from hmi.supervisor import Session, StationLook


def test_only_what_was_asked_for_is_passed_on() -> None:
    assert StationLook().arguments() == ()
    assert StationLook("dark", 150, kiosk=True).arguments() == (
        "--theme",
        "dark",
        "--scale",
        "150",
        "--kiosk",
    )


def test_a_session_starts_its_station_with_the_look(tmp_path: Path) -> None:
    session = Session(plant=tmp_path, data=tmp_path, look=StationLook(scale=200, kiosk=True))
    station = next(spec for spec in session.specs() if spec.name == "station")
    command = station.command("")
    assert command[-3:] == ("--scale", "200", "--kiosk")
