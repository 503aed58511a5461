"""The mimic view: one widget that paints a scene, and the same painting off screen."""

from hmi.ui.mimic.offscreen import render, render_to_image
from hmi.ui.mimic.view import MimicView

__all__ = ["MimicView", "render", "render_to_image"]
