"""The mimic view: one widget that paints a scene, and the same painting off screen."""
