"""What loading and checking have to say about a plant: one sentence each, with file and line."""

from __future__ import annotations

from dataclasses import dataclass, field

from hmi.core.errors import ConfigurationError

ERROR = "error"
WARNING = "warning"
INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """``severity`` is ``error`` (the plant does not open), ``warning`` or ``info``; ``line`` 0 = the whole file.

    An error that is ``contained`` keeps one display from being shown, and no plant from opening.
    ``rule`` is the id of the lint rule that found it, empty where the part of the plant says it all: ``stage`` is what
    was being read.
    """

    severity: str
    file: str
    line: int
    text: str
    do: str = ""
    rule: str = ""
    contained: bool = False
    stage: str = ""

    @property
    def sentence(self) -> str:
        """``file:line: what is wrong; what to do [rule]`` without the severity."""
        said = ConfigurationError(self.text, file=self.file, line=self.line, do=self.do).sentence
        return f"{said} [{self.rule}]" if self.rule else said

    @property
    def is_error(self) -> bool:
        return self.severity == ERROR

    @property
    def blocks(self) -> bool:
        """Whether the plant cannot be opened with it."""
        return self.is_error and not self.contained


@dataclass(slots=True)
class Findings:
    """Collects findings while a plant is read; ``stage`` says what is being read."""

    items: list[Finding] = field(default_factory=list)
    stage: str = "plant-file"

    def error(self, file: str, line: int, text: str, do: str = "", rule: str = "") -> None:
        self.items.append(Finding(ERROR, file, line, text, do, rule, stage=self.stage))

    def warning(self, file: str, line: int, text: str, do: str = "", rule: str = "") -> None:
        self.items.append(Finding(WARNING, file, line, text, do, rule, stage=self.stage))

    def info(self, file: str, line: int, text: str, do: str = "", rule: str = "") -> None:
        self.items.append(Finding(INFO, file, line, text, do, rule, stage=self.stage))

    def note(self, severity: str, file: str, line: int, text: str, do: str = "", rule: str = "") -> None:
        self.items.append(Finding(severity, file, line, text, do, rule, stage=self.stage))

    def failed(self, file: str, line: int, error: ConfigurationError) -> None:
        """Take an error that a plugin or the expression compiler raised."""
        self.error(error.file or file, error.line or line, error.what, error.do)

    @property
    def has_errors(self) -> bool:
        """Whether the plant cannot be opened."""
        return any(item.blocks for item in self.items)


class FieldError(Exception):
    """One value of a plant file that does not convert; the caller knows file and line."""

    def __init__(self, text: str, do: str = "", rule: str = "") -> None:
        super().__init__(text)
        self.text, self.do, self.rule = text, do, rule
