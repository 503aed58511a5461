"""One address for each signal of a type, with parameters, from the node ids that its instances have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_ADDRESS: Final = re.compile(r"(?P<space>nsu=[^;]*;|ns=\d+;)?(?P<kind>[isgb])=(?P<id>.+)", re.DOTALL)
_MARK: Final = re.compile(r".*[./:|\\#]", re.DOTALL)
_FARTHEST: Final = 999_999_999
Members = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Node:
    """An address taken apart; ``space`` with its mark."""

    space: str
    kind: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the type; without a default every instance gives it."""

    name: str
    type: str
    help: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class AddressPlan:
    """Templates by signal, the parameters in them, and what each instance gives."""

    parameters: tuple[Parameter, ...]
    templates: Mapping[str, str]
    values: tuple[Mapping[str, str], ...]


_Rule = tuple[tuple[Parameter, ...], dict[str, str], list[dict[str, str]]]


def split(address: str) -> Node | None:
    """None for what is no node address."""
    match = _ADDRESS.fullmatch(address)
    return Node(match["space"] or "", match["kind"], match["id"]) if match else None


def plan_addresses(objects: Sequence[str], members: Members) -> AddressPlan | None:
    """The simplest rule that gives every address of every instance; None when there is none.

    ``objects`` are the addresses of the instances, ``members`` those of their signals, all with the same signals.
    """
    owners = [split(one) for one in objects]
    nodes = [{signal: split(text) for signal, text in one.items()} for one in members]
    found = [{signal: node for signal, node in one.items() if node is not None} for one in nodes]
    if any(len(one) != len(all_) or not one for one, all_ in zip(found, nodes, strict=True)):
        return None
    spaces = [{node.space for node in one.values()} for one in found]
    if any(len(one) != 1 for one in spaces):
        return None
    head = _heads([next(iter(one)) for one in spaces])
    if head is None:
        return None
    for rule in (_by_text, _by_number, _one_by_one):
        if (made := rule(owners, found)) is not None:
            return _joined(head, made)
    return None


def _joined(head: _Rule, rule: _Rule) -> AddressPlan:
    before = head[1]["space"]
    values = [one | other for one, other in zip(head[2], rule[2], strict=True)]
    templates = {signal: before + text for signal, text in rule[1].items()}
    return AddressPlan((*head[0], *rule[0]), templates, tuple(values))


def _heads(spaces: Sequence[str]) -> _Rule | None:
    """What stands before the identifier: a namespace URI is a parameter, so that the type serves other servers too."""
    if all(one.startswith("nsu=") for one in spaces):
        uris = [one.removeprefix("nsu=").removesuffix(";") for one in spaces]
        usual = max(set(uris), key=uris.count)
        if not all(map(_can_be_given, uris)):
            return None
        own = [{} if uri == usual else {"space": uri} for uri in uris]
        return (Parameter("space", "string", "namespace URI", usual),), {"space": "nsu={space};"}, own
    if len(set(spaces)) > 1:
        return None
    return (), {"space": spaces[0]}, [{} for _ in spaces]


def _can_be_given(text: str) -> bool:
    """Whether a parameter of an instance can hold it."""
    return bool(text) and ";" not in text and text == text.strip()


def _by_text(owners: Sequence[Node | None], members: Sequence[Mapping[str, Node]]) -> _Rule | None:
    """Texts that begin with the text of the instance, or with one that all of its signals share."""
    if not all(node.kind == "s" for one in members for node in one.values()):
        return None
    for base_of in (_own_text, _shared_text):
        bases = [base_of(owner, one) for owner, one in zip(owners, members, strict=True)]
        rests = [_rests(base, one) for base, one in zip(bases, members, strict=True)]
        same = rests[0] is not None and all(one == rests[0] for one in rests)
        if same and rests[0] is not None and all(map(_can_be_given, bases)):
            if any(mark in text for text in rests[0].values() for mark in "{}"):
                return None
            templates = {signal: f"s={{base}}{text}" for signal, text in rests[0].items()}
            help_ = "what the node ids of the instance begin with"
            return (Parameter("base", "string", help_),), templates, [{"base": base} for base in bases]
    return None


def _own_text(owner: Node | None, _members: Mapping[str, Node]) -> str:
    return owner.identifier if owner is not None and owner.kind == "s" else ""


def _shared_text(_owner: Node | None, members: Mapping[str, Node]) -> str:
    texts = [node.identifier for node in members.values()]
    first, last = min(texts), max(texts)
    same = next(
        (place for place, letter in enumerate(first) if letter != last[place : place + 1]), len(first)
    )
    match = _MARK.match(first[:same])
    return match[0][:-1] if match else ""


def _rests(base: str, members: Mapping[str, Node]) -> dict[str, str] | None:
    if not all(node.identifier.startswith(base) for node in members.values()):
        return None
    return {signal: node.identifier[len(base) :] for signal, node in members.items()}


def _by_number(owners: Sequence[Node | None], members: Sequence[Mapping[str, Node]]) -> _Rule | None:
    """Numbers at the same distance from the number of the instance, or from its smallest."""
    if not all(node.kind == "i" for one in members for node in one.values()):
        return None
    for base_of in (_own_number, _least_number):
        bases = [base_of(owner, one) for owner, one in zip(owners, members, strict=True)]
        steps = [
            {signal: int(node.identifier) - (base or 0) for signal, node in one.items()}
            for base, one in zip(bases, members, strict=True)
        ]
        if all(base is not None for base in bases) and all(one == steps[0] for one in steps):
            templates = {signal: f"i={{base{_step(step)}}}" for signal, step in steps[0].items()}
            if any(abs(step) > _FARTHEST for step in steps[0].values()):
                return None
            parameter = Parameter("base", "integer", "number of the node that the others are counted from")
            return (parameter,), templates, [{"base": str(base)} for base in bases]
    return None


def _step(step: int) -> str:
    return f"{step:+d}" if step else ""


def _own_number(owner: Node | None, _members: Mapping[str, Node]) -> int | None:
    return int(owner.identifier) if owner is not None and owner.kind == "i" else None


def _least_number(_owner: Node | None, members: Mapping[str, Node]) -> int | None:
    return min(int(node.identifier) for node in members.values())


def _one_by_one(_owners: Sequence[Node | None], members: Sequence[Mapping[str, Node]]) -> _Rule | None:
    """A parameter for each signal."""
    parameters: list[Parameter] = []
    templates: dict[str, str] = {}
    values: list[dict[str, str]] = [{} for _ in members]
    for signal in members[0]:
        nodes = [one[signal] for one in members]
        if len({node.kind for node in nodes}) > 1 or not all(_can_be_given(n.identifier) for n in nodes):
            return None
        name = f"{signal[:59]}_node"
        is_number = nodes[0].kind == "i"
        parameters.append(Parameter(name, "integer" if is_number else "string", f"node id of {signal}"))
        templates[signal] = f"{nodes[0].kind}={{{name}}}"
        for given, node in zip(values, nodes, strict=True):
            given[name] = node.identifier
    if len({one.name for one in parameters}) < len(parameters):
        return None
    return tuple(parameters), templates, values
