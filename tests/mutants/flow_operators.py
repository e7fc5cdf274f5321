# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Mutation operators that change which statements run, and with which values a repetition starts."""
from change import INTEGER_TYPES, Change, skip_implicit_nodes, skip_parentheses_and_implicit_nodes
from declarations import get_declared_identifier

JUMPS = ("ReturnStmt", "GotoStmt", "BreakStmt", "ContinueStmt")
LOOPS = ("ForStmt", "WhileStmt", "DoStmt")


def _has_side_effects(node):
    opcode = node.get("opcode") or ""
    return node.kind in ("CallExpr", "AtomicExpr", "CompoundAssignOperator") or opcode in ("++", "--", "=") or \
        any(_has_side_effects(child) for child in node.children)


def _list_ancestors(node):
    while node.parent:
        node = node.parent
        yield node


def _find_loop_of_jump(node):
    """The loop that `break` and `continue` at @node would both leave or repeat, or None."""
    around = next((a for a in _list_ancestors(node) if a.kind in (*LOOPS, "SwitchStmt", "FunctionDecl")), None)
    return around if around and around.kind in LOOPS else None


# ---- exits ----

def _is_whole_body_of_pure_condition(node):
    """True if a condition that is always false, a mutant of another operator, has the same effect."""
    around = node.parent
    if around.kind == "CompoundStmt" and len(around.children) == 1:
        node, around = around, around.parent
    return around.kind == "IfStmt" and around.children[1] is node and len(around.children) == 2 and \
        not _has_side_effects(around.children[0])


def _is_last_statement_of_function(node):
    around = node.parent
    return around.kind == "CompoundStmt" and around.children[-1] is node and around.parent.kind == "FunctionDecl"


def _list_return_removals(node, _declarations):
    if node.macro or _is_last_statement_of_function(node) or _is_whole_body_of_pure_condition(node):
        return
    yield Change("exit", node.begin, node.end, "(void)0", node)


def _list_exit_block_removals(node, _declarations):
    """The block of an `if` that leaves the function or the loop: the whole block, or all but the jump."""
    body = node.children[1]
    if body.kind != "CompoundStmt" or not body.text or not body.children or body.children[-1].kind not in JUMPS:
        return
    if len(body.children) > 1 and _has_side_effects(node.children[0]):
        yield Change("exit", body.begin, body.end, "{ }", body)
    *cleanup, jump = body.children
    if len(cleanup) > 1 and jump.text and not any(child.kind == "DeclStmt" for child in cleanup):
        yield Change("exit", body.begin, jump.begin, "{ ", body)


# ---- operands of conditions ----

def _list_dropped_operands(node, _declarations):
    if node.get("opcode") not in ("&&", "||") or node.macro:
        return
    left, right = skip_implicit_nodes(node.children[0]), skip_implicit_nodes(node.children[1])
    if not (left.text and left.text is right.text is node.text and left.end <= right.begin):
        return
    yield Change("operand", node.begin, node.end, left.source, node)
    # Of a && b && c, which is (a && b) && c, each mutant drops one operand.
    if left.get("opcode") != node.get("opcode"):
        yield Change("operand", node.begin, node.end, right.source, node)


# ---- initial values ----

def _list_zeroed_value(value):
    value = skip_implicit_nodes(value)
    is_number = INTEGER_TYPES.match(value.type) and "*" not in value.type
    if not value.text or value.macro or not (is_number or value.type.endswith("*")):
        return
    if skip_parentheses_and_implicit_nodes(value).kind not in ("IntegerLiteral", "StringLiteral"):
        yield Change("initial", value.begin, value.end, "0", value)


def _list_zeroed_initial_values(node, _declarations):
    """Of variables and structures of functions; the operator `constant` changes literals."""
    if node.kind == "DeclStmt":
        for variable in node.children:
            if variable.kind == "VarDecl" and variable.get("init"):
                yield from _list_zeroed_value(variable.children[-1])
    elif any(around.kind == "FunctionDecl" for around in _list_ancestors(node)):
        for value in node.children:
            yield from _list_zeroed_value(value)


# ---- repetitions ----

def _list_exchanged_jumps(node, _declarations):
    other = {"BreakStmt": "continue", "ContinueStmt": "break"}[node.kind]
    if not node.macro and _find_loop_of_jump(node):
        yield Change("jump", node.begin, node.end, other, node)


def _list_repeated_exits(node, _declarations):
    if not node.macro and _find_loop_of_jump(node):
        yield Change("jump", node.begin, node.end, "continue", node)


def _list_restarts_by_compound_assignment(node, _declarations):
    """x += e becomes x = e, as if each step were the first."""
    left, right = node.children[0], skip_implicit_nodes(node.children[1])
    if node.macro or not (left.text and left.text is right.text is node.text and left.end <= right.begin):
        return
    between = node.text.bytes[left.end:right.begin].decode()
    if between.strip() == node.get("opcode"):
        begin = left.end + between.index(node.get("opcode"))
        yield Change("retry", begin, begin + len(node.get("opcode")), "=", node)


def _list_progress_variables(loop):
    """Identifiers of the variables that the loop increases by a step, such as the number of copied bytes."""
    if loop.kind == "CompoundAssignOperator" and loop.get("opcode") == "+=":
        yield get_declared_identifier(loop.children[0])
    for child in loop.children:
        yield from _list_progress_variables(child)


def _list_restarts_by_dropped_progress(node, _declarations):
    """In a loop that increases `done`, x + done and x - done become x: each round begins at the start."""
    left, right = (skip_implicit_nodes(child) for child in node.children)
    loop = next((a for a in _list_ancestors(node) if a.kind in LOOPS), None)
    variable = get_declared_identifier(right)
    if node.get("opcode") in ("+", "-") and loop and variable and not node.macro and left.text and \
            variable in _list_progress_variables(loop):
        yield Change("retry", node.begin, node.end, left.source, node)


def _find_first_value(loop, variable, declarations):
    """The value of the expression @variable before the first round of the loop, or None."""
    start = loop.children[0] if loop.kind == "ForStmt" else None
    if start and start.get("opcode") == "=" and start.children[0].text and start.children[0].source == variable.source:
        return skip_implicit_nodes(start.children[1])
    value = declarations.initial_values.get(get_declared_identifier(variable))
    return value and skip_implicit_nodes(value)


def _list_restarts_by_assignment(node, declarations):
    """An assignment in a loop assigns the first value again: that of the declaration or of the `for`."""
    variable, value = node.children[0], skip_implicit_nodes(node.children[1])
    loop = next((a for a in _list_ancestors(node) if a.kind in LOOPS), None)
    if node.get("opcode") != "=" or node.macro or not loop or not variable.text:
        return
    first = _find_first_value(loop, variable, declarations)
    if first and first.text is value.text and first.begin != value.begin and first.source != value.source:
        yield Change("retry", value.begin, value.end, first.source, node)


def _list_kept_expected_values(node, _declarations):
    """A compare-exchange that fails does not write the current value to the variable of the expected value."""
    if node.macro or "compare_exchange" not in node.source.partition("(")[0]:
        return
    for child in node.children:
        if child.kind == "UnaryOperator" and child.get("opcode") == "&" and child.text and not child.macro and \
                skip_parentheses_and_implicit_nodes(child.children[0]).kind == "DeclRefExpr":
            name = child.children[0].source
            yield Change("retry", child.begin, child.end, f"&(__typeof__({name})){{ {name} }}", node)


# {kind of node: functions that list changes}
FLOW_LISTERS = {
    "ReturnStmt": (_list_return_removals, _list_repeated_exits), "IfStmt": (_list_exit_block_removals,),
    "GotoStmt": (_list_return_removals,),
    "BinaryOperator": (_list_dropped_operands, _list_restarts_by_assignment, _list_restarts_by_dropped_progress),
    "CompoundAssignOperator": (_list_restarts_by_compound_assignment,),
    "DeclStmt": (_list_zeroed_initial_values,), "InitListExpr": (_list_zeroed_initial_values,),
    "BreakStmt": (_list_exchanged_jumps,), "ContinueStmt": (_list_exchanged_jumps,),
    "AtomicExpr": (_list_kept_expected_values,),
}
