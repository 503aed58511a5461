"""What ``hmi check`` can say: one stable code for each kind of finding. The table of docs/checks.md is made from it."""

from __future__ import annotations

from typing import Final, NamedTuple

from hmi.check._display_lints import RULES
from hmi.project import Finding

ERROR, WARNING, INFO = "error", "warning", "info"


class Code(NamedTuple):
    """``number`` and ``name`` never change their meaning; a code that goes is not given again."""

    number: int
    name: str
    severity: str
    what: str
    do: str

    @property
    def id(self) -> str:
        """As ``WK-203``."""
        return f"WK-{self.number}"


# 1xx files, 2xx what a plant consists of, 3xx devices and numbers, 4xx expressions and units, 5xx alarms,
# 6xx commands and rights, 7xx names that lead nowhere and what nothing uses, 8xx displays
_OWN: Final = (
    Code(100, "plant-file", ERROR, "plant.toml says something that does not work", "the sentence says what to write"),
    Code(101, "unreadable", ERROR, "A file cannot be read", "look at its rights, and whether it is there"),
    Code(102, "too-large", ERROR, "A file or line is larger than what is read", "split it"),
    Code(103, "encoding", ERROR, "A file is not UTF-8 text", "save it as UTF-8"),
    Code(104, "merge-conflict", ERROR, "A file holds marks of a merge", "decide which side is right, and remove them"),
    Code(105, "syntax", ERROR, "A file is no valid TOML, JSON or CSV", "correct it at the line"),
    Code(106, "nesting", ERROR, "Lists and tables nest deeper than 40 levels", "write it flatter"),
    Code(107, "columns", ERROR, "A CSV file lacks a column or has it twice", "correct its first row"),
    Code(108, "unknown-column", WARNING, "A column that nobody reads", "check the spelling"),
    Code(109, "unknown-field", WARNING, "A field that nobody reads", "check the spelling"),
    Code(110, "schema", ERROR, "A file says no schema, or one that is not known", "run hmi format"),
    Code(111, "missing-id", WARNING, "Rows or displays without an id", "run hmi format"),
    Code(112, "malformed-id", ERROR, "An id that is none", "leave it empty and run hmi format"),
    Code(113, "duplicate-id", ERROR, "One id stands twice", "leave it empty and run hmi format"),
    Code(114, "path", ERROR, "A display that leads out of the plant folder", "copy it into the folder"),
    Code(115, "file-missing", WARNING, "A file that a setting names is not there",
         "a relative path begins at the plant folder"),
    Code(116, "secret-in-file", WARNING, "A password of a connection stands in plant.toml",
         "hmi secret PLANT set connection/NAME, then remove the line"),
    Code(117, "secret-missing", WARNING, "A connection logs in with a user, and no password is kept for it",
         "hmi secret PLANT set connection/NAME, on the machine of the runtime"),
    Code(118, "secret-variable", WARNING, "Secrets of connections have the same environment variable",
         "use hmi secret PLANT set, or rename a connection"),
    Code(200, "type-file", ERROR, "A type says something that does not work", "the sentence says what to write"),
    Code(201, "tag-row", ERROR, "A row of tags.csv does not work", "the sentence says what to write"),
    Code(202, "calculation-row", ERROR, "A row of calculations.csv does not work", "the sentence says what to write"),
    Code(203, "alarm-row", ERROR, "A row of alarms.csv, or an alarm of a type, does not work",
         "the sentence says what to write"),
    Code(204, "display-file", ERROR, "The head of a display does not work", "the sentence says what to write"),
    Code(205, "training-file", ERROR, "A scenario does not work", "the sentence says what to write"),
    Code(206, "name", ERROR, "A name with parts of a path, spaces or strange letters",
         "write area/unit/equipment.signal"),
    Code(207, "duplicate-name", ERROR, "Two things of one kind have one name", "rename one of them"),
    Code(208, "similar-name", WARNING, "Two names differ in capital letters only", "rename one of them"),
    Code(209, "type-cycle", ERROR, "A type extends or contains itself over some steps", "break the ring"),
    Code(210, "unknown-type", ERROR, "A type extends or contains one that is not there", "check the spelling"),
    Code(211, "area-cycle", ERROR, "An area lies in itself", "correct its parent"),
    Code(212, "no-area", WARNING, "Tags belong to no area", "add the area to plant.toml"),
    Code(213, "no-home", WARNING, "No display opens first", 'write home = "…"'),
    Code(300, "address", ERROR, "An address that the driver cannot read", "write it in the words of the driver"),
    Code(301, "address-overlap", WARNING, "Points lie on each other and are read in different ways",
         "correct the address, the type or the length"),
    Code(302, "address-written-twice", WARNING, "Two tags write one place", "keep the command at one of them"),
    Code(303, "address-twice", INFO, "Two tags read one place", "make one a derived tag, or leave it"),
    Code(304, "raw-beyond-type", WARNING, "raw_low or raw_high do not fit the type in the device",
         "correct the type, or the numbers"),
    Code(305, "range-beyond-type", WARNING, "The range is wider than what the type in the device holds",
         "correct the type, or the range"),
    Code(310, "scaled-no-number", ERROR, "A text, bool or calculation is scaled", "remove raw_low and raw_high"),
    Code(311, "deadband-wide", ERROR, "The deadband of a tag is as wide as its range", "write a smaller one"),
    Code(312, "deadband-unused", WARNING, "A deadband without effect", "remove it"),
    Code(313, "state-outside-range", WARNING, "A state lies outside the range of its tag", "correct low and high"),
    Code(314, "normal-band", WARNING, "The normal band reaches beyond the range", "correct one of them"),
    Code(315, "override-scaling", WARNING, "An instance changes the range of a scaled signal, and so its scaling",
         "write the raw range too"),
    Code(400, "expression", ERROR, "An expression that does not compile", "correct it at the column"),
    Code(401, "expression-cycle", ERROR, "A tag is calculated from itself", "break the ring"),
    Code(402, "unit-clash", WARNING, "Tags of different units are added or compared", "bring both to one unit"),
    Code(403, "unit-code", WARNING, "The code of a unit stands for another unit", "write the code of the unit"),
    Code(404, "unit-in-text", WARNING, "The message of an alarm speaks of another unit than its tag",
         "write the number in the unit of the tag"),
    Code(500, "alarm-incomplete", ERROR, "An alarm of P1 to P3 lacks consequence, action or time_to_respond",
         "write them"),
    Code(501, "alarm-released-incomplete", WARNING, "The same, released with a reason", "write them"),
    Code(502, "alarm-type", ERROR, "A limit stands on a tag that is no number", "use a discrete alarm"),
    Code(503, "alarm-no-range", WARNING, "A limit stands on a tag without a range", "give the tag low and high"),
    Code(504, "alarm-outside-range", ERROR, "A limit lies outside the range of its tag", "correct one of them"),
    Code(505, "alarm-deadband", ERROR, "The deadband of an alarm reaches its next limit or the whole range",
         "write a smaller one"),
    Code(506, "alarm-chatters", WARNING, "An alarm without deadband and delay", "give 2 % of the range, or a delay"),
    Code(507, "alarm-order", ERROR, "The limits of a tag are not in order", "low_low < low < high < high_high"),
    Code(508, "alarm-settings", ERROR, "Settings of an alarm that do not go together", "the sentence says which"),
    Code(509, "alarm-window", ERROR, "A window holds too few scans for a slope", "write a longer one"),
    Code(510, "alarm-first-out", WARNING, "A first-out group of one alarm, or with a strange window",
         "check the spelling"),
    Code(511, "alarm-delay", ERROR, "A delay takes too much of the time to respond", "write a shorter one"),
    Code(512, "alarm-time", WARNING, "time_to_respond is no time", "write it as 10 min"),
    Code(513, "alarm-priority", WARNING, "The priority is not that of the matrix", "follow it, or correct severity"),
    Code(514, "alarm-deadband-steps", WARNING, "What follows a course of values is judged in steps of a deadband",
         "take the deadband away"),
    Code(515, "alarm-never", WARNING, "An alarm that can never be raised", "correct its limit"),
    Code(516, "alarm-twice", WARNING, "Two alarms of a tag have one name or one limit", "remove or rename one"),
    Code(517, "setpoint-outside-range", WARNING, "A set point goes where its value never does",
         "correct limits or range"),
    Code(600, "command-no-limits", WARNING, "Any number may be written", "give limits, or the tag a range"),
    Code(601, "command-outside-range", ERROR, "Limits of a command reach beyond the range", "correct one of them"),
    Code(602, "command-step", WARNING, "The largest step is wider than the limits", "correct one of them"),
    Code(603, "command-feedback", ERROR, "reached stands at a pulse without a feedback", "write a feedback"),
    Code(604, "command-mode", WARNING, "A condition is taken for a mode by the names of its signals",
         "declare it in [modes] of the type"),
    Code(605, "command-no-class", INFO, "A tag may be written and says no class", "write R, S, C or X"),
    Code(606, "nobody-controls", WARNING, "Area control is required, and a command belongs to no area",
         "give the tag an area"),
    Code(607, "limits-without-use", WARNING, "Limits of which only those for tuning count", "remove the others"),
    Code(608, "critical-unguarded", WARNING, "A critical command without condition and feedback",
         "say what must be true, or what proves it"),
    Code(702, "home-parameters", ERROR, "The first display needs a parameter", "give it a default"),
    Code(703, "unused-connection", WARNING, "No tag uses a connection", "remove it"),
    Code(704, "unused-type", WARNING, "No row is an instance of a type", "remove it"),
    Code(705, "unused-tag", INFO, "Tags that nothing uses", "record or show them, or take them out"),
    Code(706, "unused-picture", INFO, "A picture that no display shows", "remove it"),
    Code(707, "setting-unused", WARNING, "A setting that nothing reads", "remove it"),
    Code(708, "export-empty", WARNING, "A query of an export names no recorded tag", "check the spelling"),
    Code(709, "ignored-unneeded", WARNING, "[check] leaves out what finds nothing, or no code at all",
         "remove the entry"),
)  # fmt: skip
# numbers of the rules of displays: given once, in the order in which the rules came
_DISPLAY_NUMBERS: Final = {
    "unknown-tag": 700, "dead-link": 701, "content": 800, "control": 801, "picture": 802, "unit": 803,
    "units-together": 804, "bare-bars": 805, "scale": 806, "limit-off-scale": 807, "band-off-scale": 808,
    "alarm-colour": 809, "contrast": 810, "colours": 811, "outside": 812, "larger": 813, "overlap": 814,
    "small-target": 815, "too-near": 816, "text-cut": 817, "text-200": 818, "title": 819, "level": 820,
    "area": 821, "unreachable": 822, "far": 823, "lint": 824,
}  # fmt: skip


def _of_displays() -> tuple[Code, ...]:
    shared = {code.name for code in _OWN}
    return tuple(
        Code(_DISPLAY_NUMBERS[rule.id], rule.id, rule.severity, rule.what, f"because {rule.why}")
        for rule in RULES
        if rule.id not in shared
    )


CODES: Final = tuple(sorted((*_OWN, *_of_displays())))
BY_NAME: Final = {code.name: code for code in CODES}
BY_ID: Final = {code.id: code for code in CODES}


def code_of(finding: Finding) -> Code:
    """The code of a finding; what no rule names has that of the part that was read."""
    return BY_NAME.get(finding.rule) or BY_NAME.get(finding.stage) or BY_NAME["plant-file"]


def code_named(text: str) -> Code | None:
    """The code that ``WK-203`` or a name such as ``unused-tag`` stands for."""
    return BY_ID.get(text.upper()) or BY_NAME.get(text.lower())
