"""Objects of one type that have the same variables: the instances of a proposed type, and the text of its file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hmi.core.texts import tr
from hmi.project._space_addresses import AddressPlan, Parameter, plan_addresses
from hmi.project._space_cells import described, number
from hmi.project._space_model import Facts, Paths, SpaceAsk, SpaceNode
from hmi.project._space_names import Namer, address_problem, cell, legal_signal
from hmi.project._space_shapes import common_letters, same_shapes, variable_shape
from hmi.project.import_names import legal_part
from hmi.project.importing import Place, ProposedRow, ProposedType

LEAST_INSTANCES: Final = 2
LEAST_MEMBERS: Final = 2
MOST_TYPES: Final = 1000
_LIKE_NAMES: Final = 0.9
_OTHER_NAMES: Final = 0.7
_TURNS: Final = 60
TypeKey = tuple[str, str]
_WITHOUT_RANGE: Final = frozenset(("bool", "enum", "string", "time", "bytes", "structure", "array"))


@dataclass(slots=True)
class Signal:
    """A signal of a type: what all instances share."""

    name: str
    facts: Facts
    address: str
    description: str = ""


@dataclass(slots=True)
class FoundType:
    """A type with its instances: places of their objects, and what each gives as parameters."""

    name: str
    title: str
    text: str
    members: Sequence[str]
    instances: Sequence[int]
    parameters: Sequence[Mapping[str, str]]
    confidence: float = 1.0
    why: str = ""


@dataclass(slots=True)
class Found:
    """All types, and the places of the variables that their instances make."""

    types: list[FoundType] = field(default_factory=list[FoundType])
    taken: set[int] = field(default_factory=set[int])


def instances_of(nodes: Sequence[SpaceNode], *, writable: bool = True) -> Found:
    """Types with two instances and two shared variables at least."""
    dropped: set[TypeKey] = set()
    for _turn in range(_TURNS):
        members = _members(nodes, dropped)
        shared = {key: _shared(nodes, one) for key, one in members.items()}
        weak = {key for key, common in shared.items() if len(common) < LEAST_MEMBERS}
        weak |= {key for key, one in members.items() if len(one) < LEAST_INSTANCES}
        if not weak:
            break
        dropped |= _innermost(nodes, weak, dropped)
    else:
        return Found()
    found, names = Found(), set[str]()
    for key, one in list(members.items())[:MOST_TYPES]:
        _add(found, one, _type(nodes, key[1], one, shared[key], names, writable=writable))
    return found


def add_shapes(found: Found, nodes: Sequence[SpaceNode], least: int, *, writable: bool = True) -> None:
    """Types of what is in no instance yet: ``least`` objects with the same variables, whatever their own type is."""
    there = {place for one in found.types for place in one.instances}
    free = [
        place
        for place, node in enumerate(nodes)
        if node.kind == "variable" and place not in found.taken and _is_usable(node)
    ]
    names = {one.name for one in found.types}
    for group in same_shapes(nodes, free, there, least)[: max(0, MOST_TYPES - len(found.types))]:
        letters = common_letters([nodes[place].name for place in group])
        signals = list(next(iter(group.values())))
        made = _type(nodes, letters or f"type_{len(names) + 1}", group, signals, names, writable=writable)
        if made is not None:
            made.confidence, made.why = _sure(len(group), len(signals), letters)
            _add(found, group, made)


def _sure(objects: int, members: int, letters: str) -> tuple[float, str]:
    said = tr("{objects} objects have these {members} members", objects=objects, members=members)
    if not letters:
        return _OTHER_NAMES, tr("{said}; their names have nothing in common", said=said)
    return _LIKE_NAMES, tr("{said}; all are named like {letters}", said=said, letters=letters)


def _add(found: Found, instances: Mapping[int, Mapping[str, int]], made: FoundType | None) -> None:
    if made is not None:
        found.types.append(made)
        found.taken.update(one[signal] for one in instances.values() for signal in made.members)


def _innermost(nodes: Sequence[SpaceNode], weak: set[TypeKey], dropped: set[TypeKey]) -> set[TypeKey]:
    """Of the types that are too weak those with no other such type inside: what they have goes to the one around."""
    owner: list[TypeKey | None] = []
    around: set[TypeKey] = set()
    for node in nodes:
        key = (node.type_space, node.type_name)
        above = owner[node.parent] if node.parent >= 0 else None
        is_one = node.is_typed and key not in dropped
        if is_one and above is not None and key in weak and above != key:
            around.add(above)
        owner.append(key if is_one else above)
    return (weak - around) or weak


def _members(nodes: Sequence[SpaceNode], dropped: set[TypeKey]) -> dict[TypeKey, dict[int, dict[str, int]]]:
    """By type and instance: its variables by the name of the signal. A variable belongs to the nearest one above."""
    owner: list[int] = []
    path: list[str] = []
    found: dict[TypeKey, dict[int, dict[str, int]]] = {}
    for place, node in enumerate(nodes):
        key = (node.type_space, node.type_name)
        if node.is_typed and key not in dropped:
            owner.append(place)
            path.append("")
            continue
        above = node.parent
        owner.append(owner[above] if above >= 0 else -1)
        path.append(f"{path[above]}_{node.name}".lstrip("_") if above >= 0 and owner[-1] >= 0 else "")
        if node.kind == "variable" and owner[-1] >= 0 and _is_usable(node):
            of = nodes[owner[-1]]
            signals = found.setdefault((of.type_space, of.type_name), {}).setdefault(owner[-1], {})
            signals.setdefault(legal_signal(path[-1]), place)
    return found


def _is_usable(node: SpaceNode) -> bool:
    facts = node.facts
    return facts is not None and bool(facts.type) and not facts.problem and not address_problem(node.address)


def _shared(nodes: Sequence[SpaceNode], instances: Mapping[int, Mapping[str, int]]) -> list[str]:
    """Signals that every instance has in the same shape."""
    first, *others = instances.values()
    return [
        signal
        for signal, place in first.items()
        if all(
            signal in other and variable_shape(nodes[other[signal]]) == variable_shape(nodes[place])
            for other in others
        )
    ]


# --- the type --------------------------------------------------------------------------------------------


def _type(
    nodes: Sequence[SpaceNode],
    title: str,
    instances: Mapping[int, Mapping[str, int]],
    shared: Sequence[str],
    names: set[str],
    *,
    writable: bool,
) -> FoundType | None:
    plan = plan_addresses(
        [nodes[place].address for place in instances],
        [{signal: nodes[one[signal]].address for signal in shared} for one in instances.values()],
    )
    if plan is None:
        return None
    given = [dict(values) for values in plan.values]
    signals = [
        _signal(signal, [nodes[one[signal]] for one in instances.values()], plan, given) for signal in shared
    ]
    name = type_name(title, names)
    text = type_text(name, title, plan.parameters, signals, writable=writable)
    return FoundType(name, title, text, list(shared), list(instances), given)


def type_name(title: str, taken: set[str]) -> str:
    """``PumpType`` is ``pump``; a name that is taken gets a number."""
    short = title.removesuffix("Type") or title
    base = (legal_signal(short) if legal_part(short) else "type").lower()[:60]
    name, count = base, 1
    while name in taken or name == "tag":
        count += 1
        name = f"{base}_{count}"
    taken.add(name)
    return name


def _signal(
    signal: str, nodes: Sequence[SpaceNode], plan: AddressPlan, given: Sequence[dict[str, str]]
) -> Signal:
    """The usual range and unit; an instance that differs says so in its parameters."""
    facts = [node.facts for node in nodes if node.facts is not None]
    ends = _usual([one.ends for one in facts])
    unit = _usual([(one.unit, one.unit_code) for one in facts])
    for one, own in zip(facts, given, strict=True):
        if one.ends not in (ends, None):
            own[f"{signal}.low"], own[f"{signal}.high"] = map(number, one.ends or ())
        if one.unit and (one.unit, one.unit_code) != unit and ";" not in one.unit:
            own.update({f"{signal}.unit": cell(one.unit), f"{signal}.unit_code": one.unit_code})
    low, high = ends or (None, None)
    first = facts[0]
    texts = {node.description for node in nodes}
    return Signal(
        signal,
        Facts(first.type, first.is_writable, False, low, high, *(unit or ("", "")), states=first.states),
        plan.templates[signal],
        texts.pop() if len(texts) == 1 else "",
    )


def _usual(found: Sequence[Any]) -> Any:
    """The most frequent; None when one of them has nothing, since an instance can add but not take away."""
    if any(one is None or one == ("", "") for one in found):
        return None
    return Counter(found).most_common(1)[0][0]


def type_text(
    name: str,
    title: str,
    parameters: Sequence[Parameter],
    signals: Sequence[Signal],
    *,
    writable: bool = True,
) -> str:
    """The whole file ``types/<name>.toml``."""
    lines = ['schema = "type/1"', f"name = {quoted(name)}", f"title = {quoted(_flat(title))}"]
    for one in parameters:
        lines += ["", f"[parameters.{one.name}]", f"type = {quoted(one.type)}"]
        if one.default:
            lines.append(f"default = {quoted(one.default)}")
        lines.append(f"help = {quoted(one.help)}")
    for signal in signals:
        lines += ["", f"[signals.{signal.name}]", *_signal_lines(signal)]
        if (
            writable
            and signal.facts.is_writable
            and signal.facts.type not in ("time", "bytes", "structure", "array")
        ):
            lines += ["", f"[signals.{signal.name}.command]", 'class = "R"']
    return "\n".join(lines) + "\n"


def _signal_lines(signal: Signal) -> Iterator[str]:
    facts = signal.facts
    yield f"type = {quoted(facts.type)}"
    yield f"address = {quoted(signal.address)}"
    if signal.description:
        yield f"description = {quoted('{description}: ' + _flat(signal.description))}"
    if facts.unit:
        yield f"unit = {quoted(_flat(facts.unit))}"
    if facts.unit_code:
        yield f"unit_code = {quoted(facts.unit_code)}"
    if (ends := facts.ends) and facts.type not in _WITHOUT_RANGE:
        yield f"range = [{number(ends[0])}, {number(ends[1])}]"
    if facts.states:
        pairs = (f"{value} = {quoted(_flat(text))}" for value, text in sorted(facts.states.items()))
        yield f"states = {{{', '.join(pairs)}}}"


def _flat(text: str) -> str:
    """One line without the brackets that hold parameters."""
    return cell(text).replace("{", "(").replace("}", ")")


def quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


# --- the instances ---------------------------------------------------------------------------------------


def instance_rows(
    nodes: Sequence[SpaceNode], found: Found, ask: SpaceAsk, namer: Namer, paths: Paths
) -> Iterator[ProposedRow]:
    """One row for each instance; its signals take their names."""
    for one in found.types:
        for place, parameters in zip(one.instances, one.parameters, strict=True):
            node = nodes[place]
            parts = paths.parts(place)
            where = Place(node.line, "/".join(parts[:-1]))
            name = namer.instance(parts, where)
            for signal in one.members:
                namer.take(f"{name}.{signal}")
            cells = {"kind": one.name, "name": name, "description": cell(described(node) or node.name)}
            if ask.connection:
                cells["connection"] = ask.connection
            cells["parameters"] = ";".join(f"{key}={value}" for key, value in parameters.items())
            yield ProposedRow(cells, where, one.confidence, one.why)


# --- types without instances -------------------------------------------------------------------------------

_GUESS: Final = (
    "# No object of this type was found: the form of the addresses is a guess: text of the object, then path.\n"
    "# Look at one object in the device, correct the addresses, then add the instances to tags.csv.\n"
)


def declared_type(
    nodes: Sequence[SpaceNode], names: set[str], *, writable: bool = True
) -> ProposedType | None:
    """A type by its declaration: ``nodes`` are the object and what is below it; None with less than two variables."""
    key = (nodes[0].type_space, nodes[0].type_name)
    members = _members(nodes, set()).get(key, {}).get(0, {})
    if len(members) < LEAST_MEMBERS:
        return None
    parameters = (
        Parameter("space", "string", "namespace URI of the object"),
        Parameter("base", "string", "text of the object's node id"),
    )
    signals = [
        Signal(
            signal, facts, f"nsu={{space}};s={{base}}.{_flat(_below(nodes, place))}", nodes[place].description
        )
        for signal, place in members.items()
        if (facts := nodes[place].facts) is not None
    ]
    title = nodes[0].type_name
    name = type_name(title, names)
    text = _GUESS + type_text(name, title, parameters, signals, writable=writable)
    return ProposedType(name, text, Place(nodes[0].line, title))


def _below(nodes: Sequence[SpaceNode], place: int) -> str:
    """The browse names below the object, with points."""
    parts: list[str] = []
    while place > 0:
        parts.append(nodes[place].name)
        place = nodes[place].parent
    return ".".join(reversed(parts))
