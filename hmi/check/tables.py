"""Tables of the guides, made from the definitions and kept between marks in the Markdown files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from hmi.check._display_lints import RULES
from hmi.check.codes import CODES
from hmi.core.query import KEYS
from hmi.mimics import ElementDefinition, Property, Signal, shipped_definitions
from hmi.plugins import discovery
from hmi.plugins.definition import Setting
from hmi.project.columns import ALARM_HELP, CALCULATION_HELP, TAG_HELP
from hmi.project.models import AlarmTargetsModel

_BEGINS = {
    "plant": "; a relative path begins at the plant folder",
    "data": "; a relative path begins at the data folder",
}
_MARKED = re.compile(r"(<!-- table: (?P<name>[a-z -]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def element_tables() -> str:
    """One section per element type: its properties and the signals it takes from an instance."""
    return "\n\n".join(_element(definition) for definition in shipped_definitions().values())


def _element(definition: ElementDefinition) -> str:
    lines = [f"### {definition.name}: {definition.title}", ""]
    if definition.properties:
        rows = [(f"`{p.name}`", _kind(p), _shown(p.default), p.help) for p in definition.properties]
        lines += _table(("Property", "Type", "Default", "What it is"), rows)
    if definition.signals:
        lines += ["", f"Signals of the instance: {_signals(definition.signals)}."]
    return "\n".join(lines)


def _kind(prop: Property) -> str:
    if prop.low is not None and prop.high is not None:
        return f"{prop.type}, {prop.low:.10g} to {prop.high:.10g}"
    return " / ".join(f"`{choice}`" for choice in prop.choices) or prop.type


def _signals(signals: Iterable[Signal]) -> str:
    return ", ".join(f"{s.role} ({' or '.join(f'`{name}`' for name in s.candidates)})" for s in signals)


def driver_table(name: str) -> str:
    """The settings of ``[connection.NAME.settings]`` of a driver."""
    return _setting_table(discovery.definition("drivers", name).settings)


def option_table(name: str) -> str:
    """The options of a tag of a driver."""
    return _setting_table(discovery.definition("drivers", name).tag_options)


def browse_table(name: str) -> str:
    """What ``hmi browse --set`` takes for a driver."""
    return _setting_table(discovery.part("drivers", name, "browser").BROWSE_OPTIONS)


def _setting_table(settings: Iterable[Setting]) -> str:
    rows = [
        (f"`{s.name}`", _bounds(s), _shown(s.default), s.help + _BEGINS.get(s.path_from, ""))
        for s in settings
    ]
    return "\n".join(_table(("Name", "Type", "Default", "What it is"), rows))


def target_table() -> str:
    """The fields of ``[alarm_targets]`` of plant.toml."""
    fields = AlarmTargetsModel.model_fields.items()
    rows = [(f"`{name}`", _shown(field.default), field.description or "") for name, field in fields]
    return "\n".join(_table(("Name", "Default", "What it is"), rows))


def _bounds(setting: Setting) -> str:
    if setting.choices:
        return " / ".join(f"`{choice}`" if choice else "empty" for choice in setting.choices)
    if setting.also:
        return " or ".join((setting.type, *setting.also))
    if setting.minimum is not None and setting.maximum is not None:
        return f"{setting.type}, {setting.minimum:.10g} to {setting.maximum:.10g}"
    return setting.type if setting.minimum is None else f"{setting.type}, from {setting.minimum:.10g}"


def column_table(columns: Mapping[str, str]) -> str:
    """The columns of a CSV file."""
    return "\n".join(
        _table(("Column", "What it holds"), [(f"`{name}`", text) for name, text in columns.items()])
    )


def rule_table() -> str:
    """The rules of displays, with what may be left out with a reason."""
    head = ("Rule", "Severity", "Finds", "Because", "From", "May be left out")
    rows = [
        (f"`{r.id}`", r.severity, r.what, r.why, r.clause, "yes" if r.may_be_left_out else "no")
        for r in RULES
    ]
    return "\n".join(_table(head, rows))


def code_table() -> str:
    """Every code of ``hmi check``."""
    head = ("Code", "Name", "Severity", "Finds", "What to do")
    rows = [(code.id, f"`{code.name}`", code.severity, code.what, code.do) for code in CODES]
    return "\n".join(_table(head, rows))


def query_table() -> str:
    """What may stand before the colon of a query."""
    return "\n".join(_table(("Word", "Chooses by"), [(f"`{key}:`", text) for key, text in KEYS.items()]))


def _shown(default: Any) -> str:
    if default is None or default in ("", [], {}):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [_row(head), _row(("---",) * len(head)), *(_row(row) for row in rows)]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


TABLES: dict[str, Callable[[], str]] = {
    "elements": element_tables,
    "modbus settings": lambda: driver_table("modbus"),
    "modbus options": lambda: option_table("modbus"),
    "opcua settings": lambda: driver_table("opcua"),
    "opcua options": lambda: option_table("opcua"),
    "modbus browse": lambda: browse_table("modbus"),
    "opcua browse": lambda: browse_table("opcua"),
    "tag columns": lambda: column_table(TAG_HELP),
    "display rules": rule_table,
    "alarm columns": lambda: column_table(ALARM_HELP),
    "calculation columns": lambda: column_table(CALCULATION_HELP),
    "alarm targets": target_table,
    "check codes": code_table,
    "query words": query_table,
}


def with_tables(text: str) -> str:
    """A guide with every marked table as the definitions say it now."""
    return _MARKED.sub(lambda found: f"{found[1]}{TABLES[found['name']]()}\n{found[3]}", text)


def stale_guides(folder: Path) -> tuple[Path, ...]:
    """The Markdown files of a folder whose tables are not current."""
    return tuple(path for path in sorted(folder.glob("*.md")) if with_tables(_read(path)) != _read(path))


def write_guides(folder: Path) -> tuple[Path, ...]:
    """Bring the tables up to date; returns what was rewritten."""
    stale = stale_guides(folder)
    for path in stale:
        path.write_text(with_tables(_read(path)), encoding="utf-8", newline="\n")
    return stale


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
