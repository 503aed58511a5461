"""The steps that a command needs before it is sent, by its class (standards 5.1, 5.2, 5.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hmi.commands._situation import Situation
from hmi.core.commands import CommandClass, Reason, Refusal, Signature
from hmi.core.holds import TagKind
from hmi.core.principal import Principal
from hmi.core.texts import tr
from hmi.project.plant import CommandRule


def steps(s: Situation) -> Iterator[Refusal]:
    """Routine: none. Significant: a confirmation. Critical: a selection, a reason and a signature."""
    if isinstance(s.selection, Refusal):
        yield s.selection
    klass = s.rule.klass
    if klass is CommandClass.SIGNIFICANT and not s.is_confirmed:
        yield Refusal(Reason.INCONSISTENT_PARAMETERS, tr("it has to be confirmed in a second step"))
    if klass is CommandClass.CRITICAL:
        yield from _critical(s)
    if needs_signature(s.rule) and not s.command.signatures:
        yield Refusal(Reason.NO_ACCESS_AUTHORITY, missing_signature(s.rule))
    for one in s.control_tags:
        if one.kind is TagKind.CAUTION and one.id not in s.command.caution:
            text = tr("caution: {reason}; read and accept it first", reason=one.reason)
            yield Refusal(Reason.INCONSISTENT_PARAMETERS, text)


def _critical(s: Situation) -> Iterator[Refusal]:
    if s.selection is None:
        text = tr("a critical command needs its object to be selected first")
        yield Refusal(Reason.OBJECT_NOT_SELECTED, text)
    if not s.command.reason.strip():
        yield Refusal(Reason.INCONSISTENT_PARAMETERS, tr("a critical command needs a reason"))


def needs_signature(rule: CommandRule) -> bool:
    return rule.two_person or rule.klass is CommandClass.CRITICAL


def missing_signature(rule: CommandRule) -> str:
    if rule.two_person:
        return tr("another person has to sign the command")
    return tr("the command has to be signed")


def unsigned(rule: CommandRule, principal: Principal, signers: Sequence[Signature]) -> Refusal | None:
    """Why the signatures that were taken do not do for the command."""
    if not needs_signature(rule):
        return None
    others = any(one.user != principal.user for one in signers)
    enough = others if rule.two_person else bool(signers)
    return None if enough else Refusal(Reason.NO_ACCESS_AUTHORITY, missing_signature(rule))


def confirmation_of(s: Situation, signers: Sequence[Signature]) -> str:
    """What the journal keeps of the steps: the strongest one that was made."""
    if signers:
        return "signed"
    if s.is_selected:
        return "selected"
    return "confirmed" if s.command.confirmed else "none"
