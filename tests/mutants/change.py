# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A change of a source, and functions about syntax nodes that all mutation operators use."""
import dataclasses
import re

INTEGER_TYPES = re.compile(r"(_Atomic\()?(unsigned|signed|char|short|int|long|_Bool|enum|__int)\b")
IMPLICIT = ("ImplicitCastExpr", "ConstantExpr", "ExprWithCleanups")
WRAPPERS = (*IMPLICIT, "ParenExpr")


@dataclasses.dataclass(frozen=True)
class Change:
    """Replace bytes [begin, end) by @new; messages show the node @about.

    @becomes: what messages show in place of the node, if the bytes are outside of it.
    """
    operator: str
    begin: int
    end: int
    new: str
    about: object
    becomes: str = ""


def skip_parentheses_and_implicit_nodes(node):
    """The node without implicit nodes and parentheses around it."""
    while node.kind in WRAPPERS and len(node.children) == 1:
        node = node.children[0]
    return node


def skip_implicit_nodes(node):
    """The node without implicit nodes around it, which may have fewer bytes than the node."""
    while node.kind in IMPLICIT and node.children:
        node = node.children[0]
    return node
