"""The areas of the plant and their displays as a tree beside the picture."""
