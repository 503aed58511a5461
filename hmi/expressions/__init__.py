"""The closed expression language: text in, a compiled function over tag values out.

`'area/unit/tag.signal'` in single quotes is the value of a tag, `"text"` in double quotes is a text: that is
the only difference between the two, so a file that quotes with double quotes writes the texts as \\"text\\".
Besides there are numbers, true and false, `+ - * / // %`, comparisons (chained too), `and or not`,
`a if c else b`, the functions min max abs round format and, on quality, good uncertain bad.

A text may be compared with == and !=, chosen by `if`, and made by format; nothing calculates with it. The
result has the worst status of what was read and no value when that is Bad: a Bad or missing tag, a division
by zero, a text where a number is needed, a number that no tag can hold. `a if c else b` reads the condition
and the branch taken. `and` is decided by one operand that is false and not Bad, `or` by one that is true,
whatever the others are. good(x), uncertain(x), bad(x) look at the quality of x and are themselves Good.
"""

from hmi.expressions._added import added_names
from hmi.expressions._compile import compile_expression, expression_names
from hmi.expressions._errors import ExpressionError
from hmi.expressions._explain import Part, explain_expression
from hmi.expressions._expression import Expression

__all__ = [
    "Expression",
    "ExpressionError",
    "Part",
    "added_names",
    "compile_expression",
    "explain_expression",
    "expression_names",
]
