"""The closed expression language: text in, a compiled function over tag values out.

`'area/unit/tag.signal'` in single quotes is the value of a tag, `"text"` in double quotes is a text.
"""

from hmi.expressions._compile import compile_expression, expression_names
from hmi.expressions._errors import ExpressionError
from hmi.expressions._expression import Expression

__all__ = ["Expression", "ExpressionError", "compile_expression", "expression_names"]
