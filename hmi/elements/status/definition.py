"""One row of a status block: a name and what is true of it, from tags, bindings and a template."""

from __future__ import annotations

from hmi.mimics import Element, ElementDefinition, FixedText, Inputs, Property, Shown, show

_VALUES = ("value", "second", "third")


def look(inputs: Inputs) -> tuple[object, ...]:
    label = inputs.text("label")
    if not inputs.bound("value"):
        return label, Shown(inputs.text("template"), role="text")
    if "when" in inputs.element.bindings:
        condition = inputs.reading("when")
        if condition.is_bad:
            return label, show(condition, unit="")
        if not condition.truth:
            return label, show(condition, role="text")._replace(text=inputs.text("otherwise"), unit="")
    return label, _filled(inputs)


def _filled(inputs: Inputs) -> Shown:
    """The template with its values; the worst of them gives the mark, a Bad one the whole row."""
    names = [name for name in _VALUES if inputs.bound(name)]
    shown = [show(inputs.reading(name), form=inputs.text(f"{name}_format"), role="text") for name in names]
    worst = next((s for s in shown if s.frame == "dashed"), next((s for s in shown if s.mark), shown[0]))
    if worst.frame == "dashed":
        return worst._replace(unit="")
    text = inputs.text("template") or "{value}"
    for name, part in zip(names, shown, strict=True):
        unit = f" {part.unit}" if part.unit else ""
        text = text.replace("{" + name + "}", part.text.strip() + unit)
    return worst._replace(text=text, unit="")


def texts(element: Element) -> tuple[FixedText, ...]:
    """The name, and a template that stands without a value."""
    indent = element.get("indent")
    name = FixedText("label", element.get("label"), "text.label", indent - 6, "text.label")
    if "value" in element.bindings or element.get("value"):
        return (name,)
    return name, FixedText("template", element.get("template"), "text.word", element.w - indent)


DEFINITION = ElementDefinition(
    name="status",
    title="Status row",
    properties=(
        Property("label", "string", "", "what it is about"),
        Property("value", "tag", "", "a tag, or a binding that gives a number or a text"),
        Property("second", "tag", "", "another value of the template"),
        Property("third", "tag", "", "another value of the template"),
        Property("template", "string", "", "text with {value}, {second} and {third}; alone, a fixed text"),
        Property("when", "boolean", True, "binding: the template is shown while it is true"),
        Property("otherwise", "string", "", "text shown while it is not"),
        Property("value_format", "string", "", "instead of the tag's format; mm:ss for seconds"),
        Property("second_format", "string", "", "instead of the tag's format"),
        Property("third_format", "string", "", "instead of the tag's format"),
        Property("indent", "number", 118, "pixels from the name to the value"),
    ),
    look=look,
    size=(340, 20),
    margin=(2, 4, 60, 4),
    clickable=True,
    group="values",
    texts=texts,
)
