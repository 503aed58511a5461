"""A picture of the plant folder, such as a photograph or a floor plan; nothing in it moves."""

from __future__ import annotations

from hmi.core.texts import tr
from hmi.mimics import ElementDefinition, ImageState, Inputs, Property, image_name_problem


def look(inputs: Inputs) -> tuple[object, ...]:
    name = inputs.text("file")
    if not name:
        return "", ImageState("", tr("no picture is named"))
    if problem := image_name_problem(name):
        return name, ImageState("", problem)
    return name, inputs.image_state()


DEFINITION = ElementDefinition(
    name="image",
    title="Picture",
    properties=(
        Property("file", "image", "", "PNG below images/ of the plant folder"),
        Property("fit", "choice", "inside", "keep its shape, or fill the box", ("inside", "stretch")),
    ),
    look=look,
    size=(240, 160),
    margin=(0, 0, 0, 0),
)
