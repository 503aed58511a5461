"""The project linter, the schemas that editors use, and displays opened by hand."""

from hmi.check._check import check_plant, checked_plant, exit_code, findings_as_json, told
from hmi.check._names import opened_with
from hmi.check._suggest import meant
from hmi.check.codes import code_named
from hmi.check.sarif import findings_as_github, findings_as_sarif
from hmi.check.where import WhereUsed, references

__all__ = [
    "WhereUsed",
    "check_plant",
    "checked_plant",
    "code_named",
    "exit_code",
    "findings_as_github",
    "findings_as_json",
    "findings_as_sarif",
    "meant",
    "opened_with",
    "references",
    "told",
]
