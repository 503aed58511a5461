"""From a display document to a display: read, opened with its arguments, unfolded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.core.texts import tr
from hmi.mimics._arguments import arguments_of
from hmi.mimics._catalogue import Catalogue, PlantNames
from hmi.mimics._definition import ElementDefinition
from hmi.mimics._document import Display, Element
from hmi.mimics._expand import Expander, Place, TooMany
from hmi.mimics._notes import DisplayFinding, Notes
from hmi.mimics._notice import notice
from hmi.mimics._parameters import Meaning, Parameter, from_text, read_parameters
from hmi.mimics._plain import drawn
from hmi.mimics._reader import MOST_ELEMENTS, Prepared, Shared, head_values, prepare
from hmi.mimics._references import ReferenceProblem, reference_in, resolve

MOST_LAYERS = 100


def load_display(
    document: Mapping[str, Any],
    definitions: Mapping[str, ElementDefinition],
    *,
    file: str = "",
    text: str = "",
    names: PlantNames | None = None,
    arguments: Mapping[str, Any] | None = None,
    shared: Shared | None = None,
) -> Display:
    """Read one document and unfold what it embeds; never raises for its content.

    ``text`` (the file itself) gives line numbers. ``names`` is the plant that it may refer to. With
    ``arguments`` the display is opened: what is missing is a finding, and what depends on it is drawn as a
    mark. Without them it is read for itself, and its parameters stay open. Who reads all displays of a plant gives
    the same ``shared`` each time, made from the same definitions and names.
    """
    shared = shared or Shared(definitions, names or Catalogue())
    prepared = prepare(document, shared, file=file, text=text)
    given = arguments_of(prepared.parameters, arguments or {}, shared.names)
    expander = Expander(shared, opened=arguments is not None)
    elements = _unfolded(prepared, given.scope, expander)
    notes = Notes()
    notes.take(prepared.notes)
    if arguments is not None:
        for what, do in given.problems:
            notes.add(DisplayFinding("error", file, 0, what, do))
    notes.take(expander.notes)
    values = head_values(document)
    return Display(
        **{**values, "title": _title(document, given.scope, shared.names) or values["title"]},
        size=prepared.size,
        elements=elements,
        findings=notes.findings,
        own=tuple(blueprint.element for blueprint in prepared.blueprints),
        parameters=prepared.parameters,
        arguments={name: meaning.value for name, meaning in given.scope.items() if not meaning.open},
    )


def _unfolded(prepared: Prepared, scope: Mapping[str, Meaning], expander: Expander) -> tuple[Element, ...]:
    if prepared.count > MOST_ELEMENTS:
        return notice(prepared.size, _too_many(prepared.count), expander.shared.plan("text"))
    count = expander.count(prepared)
    try:
        if count <= MOST_ELEMENTS:
            expander.expand(prepared, scope, Place())
            return _without_heaps(prepared, expander)
    except TooMany:
        count = MOST_ELEMENTS + 1
    exact = "more than " if count == MOST_ELEMENTS + 1 else ""
    what = f"has {exact}{min(count, 10**15)} elements with the displays inside it; none is drawn"
    expander.notes.add(
        DisplayFinding("error", prepared.file, 0, what, f"show at most {MOST_ELEMENTS} at once")
    )
    return notice(prepared.size, _too_many(count), expander.shared.plan("text"))


def _too_many(count: int) -> str:
    return tr(
        "This display has {n} elements; at most {most} are drawn.", n=min(count, 10**15), most=MOST_ELEMENTS
    )


def _without_heaps(prepared: Prepared, expander: Expander) -> tuple[Element, ...]:
    """Elements that cover the display hundreds of times would take minutes to paint, and show nothing more."""
    width, height = prepared.size
    if sum(e.w * e.h for e in expander.out) <= MOST_LAYERS * width * height:
        return tuple(expander.out)
    covered = sum(
        max(0.0, min(e.x + e.w, width) - max(e.x, 0.0)) * max(0.0, min(e.y + e.h, height) - max(e.y, 0.0))
        for e in expander.out
    )
    layers = int(covered / (width * height))
    if layers <= MOST_LAYERS:
        return tuple(expander.out)
    what = f"its elements cover the display {layers} times; none is drawn"
    do = f"make them smaller; {MOST_LAYERS} times are drawn"
    expander.notes.add(DisplayFinding("error", prepared.file, 0, what, do))
    said = tr(
        "The elements of this display cover it {n} times; at most {most} are drawn.",
        n=layers,
        most=MOST_LAYERS,
    )
    return notice(prepared.size, said, expander.shared.plan("text"))


def _title(document: Mapping[str, Any], scope: Mapping[str, Meaning], names: PlantNames) -> str:
    """A title may refer to a parameter."""
    reference = reference_in(document.get("title"))
    if reference is None:
        return ""
    try:
        meaning = resolve(reference, scope, names)
    except ReferenceProblem:
        return ""
    return drawn(str(meaning.value)) if not meaning.open else ""


def declared_parameters(document: Mapping[str, Any], names: PlantNames) -> Mapping[str, Parameter]:
    """The parameters of a display, without reading its elements."""
    return read_parameters(document.get("parameters", {}), names, lambda *_: None)


def arguments_from_texts(
    parameters: Mapping[str, Parameter], texts: Mapping[str, str], names: PlantNames
) -> tuple[dict[str, Any], list[str]]:
    """Arguments written by hand, each read as the type of its parameter, and a sentence for each problem."""
    values = {
        key: from_text(parameters[key], text) if key in parameters else text for key, text in texts.items()
    }
    found = arguments_of(parameters, values, names)
    return values, [f"{what}; {do}" if do else what for what, do in found.problems]
