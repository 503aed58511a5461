"""The right side: all that is known of the chosen certificate, and what may be done about it."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from hmi.client.certificates import CertificateInfo
from hmi.core.texts import tr
from hmi.ui.certificates.marks import draw_state
from hmi.ui.certificates.words import ACTS, facts_of, state_words, title_of
from hmi.ui.sheets.details import ActPanel
from hmi.ui.sheets.facts import FactSheet
from hmi.ui.theme import Theme

_ON_ONE: Final = ("accept", "reject", "remove")
_ON_OWN: Final = ("renew", "return")


class DetailsPanel(ActPanel):
    """``actAsked``: one of ``TRUST_ACTS`` for the certificate that is shown."""

    def __init__(self, theme: Theme) -> None:
        self.shown: CertificateInfo | None = None
        self._returnable = False
        sheet = FactSheet(theme, draw_state, "trusted", tr("Details of the certificate"))
        super().__init__(theme, sheet, {act: ACTS[act] for act in (*_ON_ONE, *_ON_OWN)})
        self.show_one(None, None)

    def show_one(self, one: CertificateInfo | None, zone: tzinfo | None) -> None:
        """Another certificate, or the same with other facts."""
        self.shown = one
        if one is not None and zone is not None:
            self.sheet.set_head(one.state, title_of(one), state_words(one), one.text)
            strong = (tr("SHA-256"), tr("SHA-1"), tr("Before it"))
            self.sheet.set_facts(list(facts_of(one, zone)), strong)
        self._show(is_shown=one is not None)

    def allow(self, why_not: str, *, returnable: bool) -> None:
        """``why_not``: why the person may not decide, empty when they may."""
        self._returnable = returnable
        self._set_why_not(why_not)

    def _offers(self, act: str) -> bool:
        return self.shown is not None and act in (_ON_OWN if self.shown.place == "own" else _ON_ONE)

    def _why_pointless(self, act: str) -> str:
        place = self.shown.place if self.shown is not None else ""
        if act == "accept" and place in {"trusted", "issuer"}:
            return tr("It is trusted already.")
        if act == "reject" and place == "denied":
            return tr("It is rejected already.")
        if act == "return" and not self._returnable:
            return tr("There is no earlier certificate.")
        return ""
