# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The mutation operator `substitute`: another variable, field or call of the same type in place of one."""
import zlib

from change import Change
from declarations import get_return_type, get_type, is_first_read


def _is_pointer_or_structure(type_name):
    return type_name.endswith("*") or type_name.startswith("struct ")


def _list_substitutes(node, declarations):
    """Texts in place of the expression @node: variables in scope, and calls without arguments."""
    wanted, own_name = get_type(node), (node.get("referencedDecl") or {}).get("name")
    if not _is_pointer_or_structure(wanted):
        return
    for variable in declarations.list_visible_variables(node):
        if get_type(variable) == wanted and variable.get("name") != own_name:
            yield variable.get("name")
    if node.kind == "DeclRefExpr":
        for function in declarations.list_visible_functions(node):
            if get_return_type(function) == wanted:
                yield function.get("name") + "()"


def _list_other_names(node, declarations):
    is_call = node.kind == "CallExpr"
    if node.macro or not declarations.is_in_main_file(node) or (is_call and len(node.children) > 1) or \
            not (is_call or is_first_read(node)):
        return
    # Several declarations of one name are one substitute.
    names = list(dict.fromkeys(_list_substitutes(node, declarations)))
    if names:
        yield Change("substitute", node.begin, node.end, _choose_by_text_around(node, names), node)


def _choose_by_text_around(node, names):
    """One name is enough for an expression. Other expressions with the same variable get other names."""
    around = node.parent
    while around.parent and (not around.text or (around.begin, around.end) == (node.begin, node.end)):
        around = around.parent
    source = around.source if around.text else ""
    return names[zlib.crc32(source.encode()) % len(names)]


def _list_other_fields(node, declarations):
    """The next field of the same type; the first one after the last."""
    fields = declarations.fields.get(node.get("referencedMemberDecl"), [])
    same = [f for f in fields if f.get("name") and get_type(f) == get_type(node)]
    names, name = [f.get("name") for f in same], node.get("name")
    if len(names) < 2 or name not in names or not node.source.endswith(name):
        return
    about = node
    while about.source.count("(") != about.source.count(")"):  # the field is an argument of a macro
        about = about.parent
        if not about.text:
            return
    new = names[(names.index(name) + 1) % len(names)]
    yield Change("substitute", node.end - len(name), node.end, new, about)


SUBSTITUTE_LISTERS = {"DeclRefExpr": (_list_other_names,), "CallExpr": (_list_other_names,),
                      "MemberExpr": (_list_other_fields,)}
