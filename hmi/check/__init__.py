"""The project linter, the schemas that editors use, and displays opened by hand."""

from hmi.check._check import check_plant, exit_code, findings_as_json
from hmi.check._names import opened_with

__all__ = ["check_plant", "exit_code", "findings_as_json", "opened_with"]
