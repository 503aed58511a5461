"""The project linter, and the schemas that editors use."""

from hmi.check._check import check_plant, exit_code, findings_as_json

__all__ = ["check_plant", "exit_code", "findings_as_json"]
