"""Rewrites a parsed template: what could run long is made to pay, what nobody needs is refused. Pure.

Jinja's sandbox intercepts attributes, calls and arithmetic, but not loops, `~`, comparisons and slices
(https://jinja.palletsprojects.com/en/stable/sandbox/#security-considerations). So these are wrapped in inner
filters that charge the meter. Anything not in ALLOWED is refused, so that a future Jinja adds nothing unseen.
"""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar, cast

from jinja2 import nodes
from jinja2.exceptions import TemplateAssertionError
from jinja2.visitor import NodeTransformer

__all__ = ["guard"]

ALLOWED = frozenset(
    """Template Output TemplateData Extends Include Import FromImport Block For If Macro CallBlock With
    Assign AssignBlock Name NSRef Const Tuple List Dict Pair Keyword CondExpr Filter Test Call Getitem Getattr Slice
    Concat Compare Operand Add Sub Mul Div FloorDiv Mod Pow And Or Not Neg Pos""".split()  # noqa: SIM905 (read it as a list of words)
)
NESTING = 60  # deeper trees overflow the compilers below
_N = TypeVar("_N", bound=nodes.Node)


def guard(tree: nodes.Template, name: str | None, filename: str | None) -> nodes.Template:
    """The same template, paying for its work. Raises TemplateAssertionError with the line of what is refused."""
    _Guard(name, filename).visit(tree)
    return tree


class _Guard(NodeTransformer):
    def __init__(self, name: str | None, filename: str | None) -> None:
        self.name, self.filename, self.depth = name, filename, 0

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        if type(node).__name__ not in ALLOWED:
            self.refuse(node, f"{type(node).__name__} is not available in these templates")
        self.depth += 1
        if self.depth > NESTING:
            self.refuse(node, "nested too deeply")
        changed = super().visit(node, *args, **kwargs)
        self.depth -= 1
        return changed

    def refuse(self, node: nodes.Node, message: str) -> NoReturn:
        line = next((below.lineno for below in _below(node) if below.lineno), 1)
        raise TemplateAssertionError(message, line, self.name, self.filename)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        if node.name == "self":
            self.refuse(node, "'self' is not available in these templates")
        return node

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> nodes.Node:
        if node.filter is not None:  # Jinja takes what the filter gives for escaped markup
            self.refuse(node, "a filter on a {% set %} block is not available: filter it where it is written")
        return self.generic_visit(node)

    def visit_For(self, node: nodes.For) -> nodes.Node:
        if node.recursive:
            self.refuse(node, "recursive loops are not available in these templates")
        weight = _weight(node)
        self.generic_visit(node)
        node.iter = _inner(cast(nodes.Expr, node.iter), "_each", nodes.Const(weight))
        return node

    def _paid(self, node: Any) -> nodes.Node:
        """A body that can run many times pays at its start, each time."""
        fee = nodes.Output([_inner(nodes.Const(_weight(node)), "_spend")])
        self.generic_visit(node)
        node.body.insert(0, _settled(fee, node))
        return node  # type: ignore[no-any-return]

    visit_Macro = visit_CallBlock = visit_Block = visit_Template = _paid

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _inner(_settled(nodes.Tuple(node.nodes, "load"), node), "_concat")

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        node.expr = _weighed(node.expr)
        for operand in node.ops:
            operand.expr = _weighed(operand.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _weighed(node.node)
        return node

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        if not all(isinstance(pair.key, nodes.Const) for pair in node.items):
            self.refuse(node, "the keys of {...} must be written out")
        return self.generic_visit(node)

    def _named(self, node: Any) -> nodes.Node:
        named = node.template.items if isinstance(node.template, nodes.List | nodes.Tuple) else [node.template]
        if not all(isinstance(name, nodes.Const) and isinstance(name.value, str) for name in named):
            self.refuse(node, "the name of a template must be written out")
        return self.generic_visit(node)

    visit_Include = visit_Import = visit_FromImport = visit_Extends = _named


def _weight(node: nodes.Node) -> int:
    """What one run through a body costs: its nodes, and its literal text by 64 characters."""
    return sum(1 + (len(part.data) >> 6 if isinstance(part, nodes.TemplateData) else 0) for part in _below(node)) // 8


def _below(node: nodes.Node) -> list[nodes.Node]:
    found = [node]
    for parent in found:
        found.extend(parent.iter_child_nodes())
    return found


def _weighed(node: nodes.Expr) -> nodes.Expr:
    return node if isinstance(node, nodes.Const) else _inner(node, "_weigh")


def _inner(node: nodes.Expr, name: str, *args: nodes.Expr) -> nodes.Filter:
    return _settled(nodes.Filter(node, name, list(args), [], None, None), node)


def _settled(node: _N, near: nodes.Node) -> _N:
    """A made node needs the line and environment of the written one it stands for."""
    node.set_lineno(near.lineno)
    if near.environment is not None:
        node.set_environment(near.environment)
    return node
