"""Whatever a display file holds, the lint rules say what they find and nothing raises."""

from __future__ import annotations

from typing import Any

from display_documents import DOCUMENTS
from embedding_plant import DEFINITIONS, plant
from hypothesis import HealthCheck, given, settings

from hmi.check._display_lints import RULES, Accepted, Facts, View, origin_of, shipped_palettes
from hmi.client.port import TagInfo
from hmi.mimics import DisplaySource, load_display
from hmi.project.plant import TagDef


class Names:
    """The names of the test plant with tags as the linter knows them."""

    def __init__(self, document: dict[str, Any]) -> None:
        made = plant(displays={"loop": document})
        self.displays = {**made.displays, "plain": DisplaySource({"elements": []})}
        self.instances, self.types, self.broken = made.instances, made.types, made.broken
        self.tags = {tag.name: tag_def(tag) for tag in made.tags.values()}


def tag_def(tag: TagInfo) -> TagDef:
    return TagDef(id=tag.id, name=tag.name, handle=0, unit=tag.unit)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOCUMENTS)
def test_any_document_is_linted(document: dict[str, Any]) -> None:
    names: Any = Names(document)
    display = load_display(document, DEFINITIONS, names=names)
    view = View(display, document, Facts(names, {}, shipped_palettes(), has_areas=True))
    own = {"loop": view.own}
    for rule in RULES:
        for doubt in rule.find(view) if rule.find is not None else ():
            assert doubt.what
            assert len(doubt.what) < 2_000
            assert origin_of("loop", doubt.element, own)[0][0] == "loop"
    accepted = Accepted({rule.id for rule in RULES})
    accepted.take("loop", document)
    assert all(problem.what for problem in (*accepted.problems, *accepted.unneeded()))
