"""What a list or a device says reaches the terminal as text: it moves no cursor and hides nothing."""

from __future__ import annotations

import pytest

from hmi.cli._browse_show import show_faults, show_notes, show_table, show_tree
from hmi.cli._import_preview import fault_text
from hmi.cli._printable import printable
from hmi.project.importing import Imported, ImportFault, Place, ProposedRow

EVIL = "x\x1b[2J\x1b[H0 errors\x07\x9b8m\u202egnp"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zulauf für Becken 1 (m³/h) 😀", "Zulauf für Becken 1 (m³/h) 😀"),
        ("a\tb\nc", "a b c"),
        (EVIL, r"x\x1b[2J\x1b[H0 errors\x07\x9b8m\u202egnp"),
        ("half \ud800", r"half \ud800"),
    ],
)
def test_control_characters_are_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_everything_of_a_browse_and_of_a_preview_goes_through_it(capsys: pytest.CaptureFixture[str]) -> None:
    fault = ImportFault(EVIL, Place(0, EVIL), EVIL)
    row = ProposedRow({"kind": "tag", "name": f"{EVIL}/{EVIL}", "description": EVIL, "unit": EVIL}, why=EVIL)
    imported = Imported(rows=[row], faults=[fault], notes=[EVIL])
    show_notes(imported)
    show_faults(imported, EVIL)
    show_table([row])
    show_tree([row])
    out, err = capsys.readouterr()
    assert all(letter.isprintable() or letter in "\t\n" for letter in out + err)
    assert fault_text(fault, "list.csv").isprintable()


def test_a_note_names_its_path_once() -> None:
    assert (
        fault_text(ImportFault("Pump/speed: is odd", Place(0, "Pump/speed")), "opc")
        == "opc: Pump/speed: is odd"
    )
    assert (
        fault_text(ImportFault("is odd", Place(0, "Pump/speed"), "mend it"), "opc")
        == "opc: Pump/speed: is odd; mend it"
    )
    assert fault_text(ImportFault("is odd", Place(7)), "a.csv") == "a.csv:7: is odd"
