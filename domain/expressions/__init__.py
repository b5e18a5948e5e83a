"""Row conditions and formulas: short typed expressions over an allow-list, never evaluated as code."""

from domain.expressions.covered import never_first
from domain.expressions.evaluate import Evaluator, Value, evaluate, evaluator
from domain.expressions.lower import to_sql
from domain.expressions.parse import Expression, Name, Scope, parse, scope_of_columns
from domain.expressions.tree import ExprType

__all__ = [
    "Evaluator",
    "ExprType",
    "Expression",
    "Name",
    "Scope",
    "Value",
    "evaluate",
    "evaluator",
    "never_first",
    "parse",
    "scope_of_columns",
    "to_sql",
]
