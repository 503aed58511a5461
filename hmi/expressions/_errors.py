"""The error of an expression that cannot be compiled."""

from __future__ import annotations

from hmi.core.errors import ConfigurationError


class ExpressionError(ConfigurationError):
    """Names the column (1 = first character) besides file and line."""

    def __init__(self, what: str, *, file: str = "", line: int = 0, column: int = 1, do: str = "") -> None:
        self.column = column
        super().__init__(f"expression, column {column}: {what}", file=file, line=line, do=do)
