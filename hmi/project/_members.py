"""Equipment inside of equipment: the members of a type are held against the types that they are of.

A member becomes an instance of its own, ``INSTANCE/MEMBER``, so that a pump is a pump wherever it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hmi.project._convert import truth
from hmi.project._draft import Draft
from hmi.project._findings import FieldError
from hmi.project._overrides import PRESENT, overrides_of
from hmi.project._parameters import check_texts, check_uses
from hmi.project._templates import has_holes
from hmi.project._types import MEMBER_NAME, MemberPlan, TypePlan
from hmi.project.plant import Source

MOST_MEMBERS: Final = 2_000
"""Of one instance, with those of its members."""


def join_members(types: dict[str, TypePlan], draft: Draft) -> dict[str, TypePlan]:
    """The types whose members can be made; the others are told, and are broken for whoever uses them."""
    joiner = _Joiner(types, draft)
    whole = {name: plan for name, plan in types.items() if joiner.count(name, ()) is not None}
    for name in types.keys() - whole.keys():
        draft.broken_types.add(name)
        draft.types.pop(name, None)
    return whole


class _Joiner:
    """Looks at each type once, the inner ones first."""

    def __init__(self, types: Mapping[str, TypePlan], draft: Draft) -> None:
        self._types, self._draft = types, draft
        self._counts: dict[str, int | None] = {}
        self._circles: set[frozenset[str]] = set()

    def count(self, name: str, chain: tuple[str, ...]) -> int | None:
        """How many instances one of the type is, itself included; None when it cannot be made.

        ``chain``: the types that contain it, the outer one first.
        """
        if name in self._counts:
            return self._counts[name]
        plan = self._types[name]
        self._draft.extended_types.update(member.kind for member in plan.members.values())
        inner = [self._inner(member, plan, (*chain, name)) for member in plan.members.values()]
        total = 1 + sum(one or 0 for one in inner)
        fits = None not in inner
        if fits and total > MOST_MEMBERS:
            what = f"one {name} has {total - 1} members with those of its members"
            self._error(plan.component.source, what, f"{MOST_MEMBERS} are the most")
            fits = False
        self._counts[name] = total if fits else None
        return self._counts[name]

    def _inner(self, member: MemberPlan, owner: TypePlan, chain: tuple[str, ...]) -> int | None:
        kind = member.kind
        if kind in chain:
            self._circle(member, chain[chain.index(kind) :])
            return None
        if kind not in self._types:
            if kind not in self._draft.broken_types:
                what = f"member {member.name} is of type {kind!r}, which is no type"
                self._error(member.source, what, f"types: {', '.join(self._types)}", "unknown-type")
            return None
        count = self.count(kind, chain)
        if count is None:
            return None  # told where its own members are
        try:
            _check(member, owner, self._types[kind], self._draft)
        except FieldError as error:
            self._error(member.source, f"member {member.name}: {error.text}", error.do)
            return None
        return count

    def _circle(self, member: MemberPlan, types: tuple[str, ...]) -> None:
        if (group := frozenset(types)) in self._circles:
            return
        self._circles.add(group)
        way = " > ".join((*types, types[0]))
        what = f"member {member.name} is of type {member.kind}, which leads back to it: {way}"
        self._error(member.source, what, "take one of these members away", "type-cycle")

    def _error(self, where: Source, what: str, do: str, rule: str = "") -> None:
        self._draft.findings.error(where.file, where.line, what, do, rule=rule)


def _check(member: MemberPlan, owner: TypePlan, inner: TypePlan, draft: Draft) -> None:
    if not MEMBER_NAME.fullmatch(member.name) or member.name == "alarm":
        raise FieldError("is not the name of a member", "write letters, digits and _")
    if member.name in owner.signals or member.name in owner.alarms:
        raise FieldError("a signal or an alarm of the type has the same name", "rename one of them")
    check_uses([member.given, member.description, member.connection], owner.parameters)
    _deeper, own = divided(member.given, inner)
    plain = {key: text for key, text in own.items() if "." not in key}
    present = plain.pop(PRESENT, "")
    if present and not has_holes(present):
        truth(present, PRESENT)
    try:
        check_texts(plain, inner.parameters)
    except FieldError as error:
        raise FieldError(f"the type {member.kind}: {error.text}", error.do) from None
    overrides = overrides_of({key: text for key, text in own.items() if "." in key}, inner)
    for key, do in overrides.unknown.items():
        what = f"member {member.name}: {key} names a column that is not known"
        draft.findings.warning(member.source.file, member.source.line, what, do, rule="unknown-column")


def divided(given: Mapping[str, str], plan: TypePlan) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """What is for each member of a type, by the member and without its name, and what is for the type itself."""
    members: dict[str, dict[str, str]] = {}
    own: dict[str, str] = {}
    for key, text in given.items():
        head, dot, rest = key.partition(".")
        if dot and head in plan.members:
            members.setdefault(head, {})[rest] = text
        else:
            own[key] = text
    return members, own


def is_absent(given: Mapping[str, str]) -> bool:
    """Whether an instance does not have a member; FieldError for a ``present`` that is neither true nor false."""
    return PRESENT in given and not truth(given[PRESENT], PRESENT)
