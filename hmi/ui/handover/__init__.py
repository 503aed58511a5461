"""The hand-over of a shift on the screen and as a file."""
