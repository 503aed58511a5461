"""What the linter sees of a plant: also what could be read of one with errors."""

from hmi.project._displays import FAULT, element_lines
from hmi.project._draft import Draft
from hmi.project._load import as_plant, read_draft

__all__ = ["FAULT", "Draft", "as_plant", "element_lines", "read_draft"]
