# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Mutation operators, and the kinds of syntax nodes that each one changes."""
import re

from change import INTEGER_TYPES, Change, skip_implicit_nodes, skip_parentheses_and_implicit_nodes
from flow_operators import FLOW_LISTERS
from substitute_operator import SUBSTITUTE_LISTERS
from type_operator import TYPE_LISTERS

# {name of a mutation operator: {token of C: the tokens that replace it}}
TOKENS = {
    "relation": {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
                 "==": ("!=",), "!=": ("==",)},
    "logic": {"&&": ("||",), "||": ("&&",)},
    "arithmetic": {"+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("/",),
                   "+=": ("-=",), "-=": ("+=",)},
    "bits": {"<<": (">>",), ">>": ("<<",), "&": ("|",), "|": ("&",), "^": ("|",),
             "&=": ("|=",), "|=": ("&=",)},
}
UNARY = {"++": ("step", "--"), "--": ("step", "++"), "!": ("not", ""), "~": ("not", ""),
         "-": ("not", "")}
ORDERS = ("memory_order_acquire", "memory_order_release", "memory_order_acq_rel")
BOOLS = {"true": "false", "false": "true"}
COMMENT = re.compile(r"/\*.*?\*/|\s+", re.DOTALL)
INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*")
CONDITIONS = {"IfStmt": 0, "WhileStmt": 0, "ForStmt": 2, "DoStmt": 1, "ConditionalOperator": 0}
STATEMENTS = ("CallExpr", "BinaryOperator", "CompoundAssignOperator", "UnaryOperator",
              "AtomicExpr", "ParenExpr", "CStyleCastExpr", "ImplicitCastExpr", "StmtExpr")


# ---- one function for each kind of node ----

def _list_binary_operator_changes(node):
    left, right = skip_implicit_nodes(node.children[0]), skip_implicit_nodes(node.children[1])
    if not (left.text and left.text is right.text is node.text and left.end <= right.begin):
        return
    between = node.text.bytes[left.end:right.begin].decode()
    token = COMMENT.sub("", between)
    if token != node.get("opcode"):
        return
    begin = left.end + between.index(token)
    for operator, table in TOKENS.items():
        for new in table.get(token, ()):
            yield Change(operator, begin, begin + len(token), new, node)


def _list_unary_operator_changes(node):
    token = node.get("opcode")
    if token not in UNARY:
        return
    operator, new = UNARY[token]
    begin = node.end - len(token) if node.get("isPostfix") else node.begin
    if node.text.bytes[begin:begin + len(token)].decode() == token:
        yield Change(operator, begin, begin + len(token), new, node)


def _list_integer_literal_changes(node):
    if not INTEGER.fullmatch(node.source):
        return
    value = int(node.get("value"))
    for new in (f"({node.source} + 1)", f"({node.source} - 1)"):
        yield Change("constant", node.begin, node.end, new, node)
    if value not in (0, 1):
        yield Change("constant", node.begin, node.end, "0", node)


def _list_true_and_false_swaps(node):
    if node.macro in BOOLS and node.source == node.macro:
        yield Change("constant", node.begin, node.end, BOOLS[node.macro], node)


def _list_relaxed_memory_orders(node):
    if (node.get("referencedDecl") or {}).get("name") in ORDERS and node.source in ORDERS:
        yield Change("order", node.begin, node.end, "memory_order_relaxed", node)


def _list_condition_changes(node):
    at = CONDITIONS[node.kind]
    if len(node.children) <= at:
        return
    condition = skip_implicit_nodes(node.children[at])
    if not condition.text:
        return
    what = condition.begin, condition.end
    # Other operators negate comparisons and remove "!".
    inside = skip_parentheses_and_implicit_nodes(condition)
    if condition.macro or (inside.get("opcode") not in TOKENS["relation"] and
                           inside.get("opcode") != "!"):
        yield Change("condition", *what, f"!({condition.source})", condition)
    yield Change("condition", *what, "0", condition)
    if node.kind in ("IfStmt", "ConditionalOperator"):
        yield Change("condition", *what, "1", condition)


def _list_statement_removals(node):
    """Expressions that are statements: in a block, or as a body."""
    if node.kind == "CompoundStmt":
        inside = node.children
    elif node.kind in ("IfStmt", "WhileStmt"):
        inside = node.children[1:]
    elif node.kind == "ForStmt":
        inside = node.children[4:]
    else:
        return
    for child in inside:
        if child.kind in STATEMENTS and child.text:
            child = skip_implicit_nodes(child)
            if child.text and skip_parentheses_and_implicit_nodes(child).kind != "CStyleCastExpr":
                yield Change("statement", child.begin, child.end, "(void)0", child)


def _list_return_value_changes(node):
    if not node.children or not skip_implicit_nodes(node.children[0]).text:
        return
    value = skip_implicit_nodes(node.children[0])
    kind = node.children[0].type
    what = value.begin, value.end
    if value.macro in BOOLS:
        return
    if kind == "_Bool" or kind == "bool":
        yield Change("return", *what, f"!({value.source})", value)
    elif kind.endswith("*"):
        if value.macro != "NULL":
            yield Change("return", *what, "0", value)
    elif INTEGER_TYPES.match(kind):
        if skip_parentheses_and_implicit_nodes(value).kind != "IntegerLiteral":
            yield Change("return", *what, f"({value.source}) + 1", value)
            yield Change("return", *what, "0", value)


def _normalize_type_for_swap(node):
    kind = node.type.replace("const ", "").replace("*const", "*").strip()
    return "integer" if INTEGER_TYPES.match(kind) and "*" not in kind else kind


def _list_argument_swaps(node):
    arguments = node.children[1:]
    for left, right in zip(arguments, arguments[1:]):
        same = _normalize_type_for_swap(left) == _normalize_type_for_swap(right)
        left, right = skip_implicit_nodes(left), skip_implicit_nodes(right)
        if not (same and left.text and left.text is right.text and left.end <= right.begin):
            continue
        if left.source == right.source:
            continue
        between = left.text.bytes[left.end:right.begin].decode()
        yield Change("swap", left.begin, right.end, right.source + between + left.source, node)


def _list_jump_removals(node):
    yield Change("jump", node.begin, node.end, "", node)


LISTERS_OF_CHANGES = {
    "BinaryOperator": _list_binary_operator_changes, "CompoundAssignOperator": _list_binary_operator_changes,
    "UnaryOperator": _list_unary_operator_changes, "IntegerLiteral": _list_integer_literal_changes,
    "DeclRefExpr": _list_relaxed_memory_orders,
    "CallExpr": _list_argument_swaps, "ReturnStmt": _list_return_value_changes, "BreakStmt": _list_jump_removals,
    "ContinueStmt": _list_jump_removals,
}


# These functions also get the declarations of the tree: declarations.py.
LISTERS_WITH_DECLARATIONS = (FLOW_LISTERS, TYPE_LISTERS, SUBSTITUTE_LISTERS)


def list_changes_of_node(node, declarations):
    """All changes of this node, without those of its children."""
    if node.kind in CONDITIONS:
        yield from _list_condition_changes(node)
    yield from _list_statement_removals(node)
    if node.kind == "IntegerLiteral" and node.macro and node.text:
        yield from _list_true_and_false_swaps(node)
    if node.text and not node.macro and node.kind in LISTERS_OF_CHANGES:
        yield from LISTERS_OF_CHANGES[node.kind](node)
    for listers in LISTERS_WITH_DECLARATIONS:
        for lister in listers.get(node.kind, ()) if node.text else ():
            yield from lister(node, declarations)
