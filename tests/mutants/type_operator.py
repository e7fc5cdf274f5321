# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The mutation operator `type`: integers become narrower, or signed."""
import re

from change import Change, skip_parentheses_and_implicit_nodes
from declarations import remove_qualifiers

# {type: the type that replaces it, of fewer bits}
NARROWER = {"unsigned long": "unsigned int", "unsigned long long": "unsigned int", "long": "int", "long long": "int",
            "unsigned int": "unsigned short", "unsigned short": "unsigned char"}
# {type: the type with the other meaning of the highest bit}
OTHER_SIGN = {"unsigned long": "long", "unsigned int": "int", "int": "unsigned int", "long": "unsigned long"}
BITS = {"long": 64, "int": 32, "short": 16, "char": 8}
CAST = re.compile(rb"\(\s*([\w ]+?)\s*\)")
ATOMIC = re.compile(r"_Atomic\((.*)\)")


def _get_integer_type(type_name):
    """The integer type, and a pattern that puts a type in its place: atomic or not."""
    plain = remove_qualifiers(type_name)
    atomic = ATOMIC.fullmatch(plain)
    return (atomic[1], "_Atomic({})") if atomic else (plain, "{}")


def _list_replacements(kind, with_sign):
    if kind in NARROWER:
        yield NARROWER[kind]
    if with_sign and kind in OTHER_SIGN:
        yield OTHER_SIGN[kind]


def _count_bits(type_name):
    return BITS[type_name.split()[-1]]


def _find_written_type(node):
    """The place of the type in a declaration: [begin, end), or None if it has no place of its own."""
    written = remove_qualifiers(node.get("type")["qualType"])
    before = node.text.bytes[node.begin:node.name_begin].decode() if node.name_begin > node.begin else ""
    found = re.search(rf"\b{re.escape(written)}(?!\w)", before)
    if not found or "*" in before:
        return None
    return node.begin + found.start(), node.begin + found.end()


def _list_narrower_variables(node, declarations):
    if node.macro or node.get("id") in declarations.with_address_taken or node.get("storageClass") == "extern" or \
            node.get("previousDecl"):
        return
    # The variable of a `for` counts to a bound, which has a type too.
    if node.parent.kind == "DeclStmt" and node.parent.parent.kind == "ForStmt":
        return
    kind, pattern = _get_integer_type(node.type)
    place = _find_written_type(node)
    for other in _list_replacements(kind, node.get("id") in declarations.used_with_sign) if place else ():
        yield Change("type", *place, pattern.format(other), node)


def _list_narrower_parameters(node, declarations):
    """The body converts the parameter first, so no other declaration of the function changes."""
    body = next((child for child in node.children if child.kind == "CompoundStmt"), None)
    if not body or body.text is not node.text or body.macro:
        return
    for parameter in node.children:
        if parameter.kind != "ParmVarDecl" or parameter.text is not node.text or "const" in parameter.type or \
                parameter.get("id") not in declarations.used:
            continue
        place, name = _find_written_type(parameter), parameter.get("name")
        with_sign = parameter.get("id") in declarations.used_with_sign
        for other in _list_replacements(parameter.type, with_sign) if place else ():
            becomes = parameter.source.replace(node.text.bytes[slice(*place)].decode(), other, 1)
            yield Change("type", body.begin, body.begin + 1, f"{{ {name} = ({other}){name};", parameter, becomes)


def _list_narrower_fields(node, declarations):
    """Unnamed bits after the field keep the places of the other fields, which other programs know."""
    kind, pattern = _get_integer_type(node.type)
    if node.macro or node.get("isBitfield"):
        return
    place = _find_written_type(node)
    if not place:
        return
    source, end = node.text.bytes, node.name_begin + len(node.get("name"))
    written = source[slice(*place)].decode()
    before, after = source[place[1]:node.name_begin].decode(), source[end:end + 1].decode()
    begin = place[0] if "," not in before else place[1] + before.rindex(",")
    if after not in (";", ",") or source[node.begin:place[0]].strip():
        return
    for other in _list_replacements(kind, node.get("id") in declarations.used_with_sign):
        declaration = f"{pattern.format(other)} {node.get('name')}"
        new = f"{'' if begin == place[0] else '; '}_Alignas({written}) {declaration};{_make_padding(other, kind)}"
        yield Change("type", begin, end + 1, new + (f" {written}" if after == "," else ""), node, declaration)


def _make_padding(narrow, wide):
    """Unnamed bits from the end of an integer of the type @narrow to that of @wide."""
    units = {bits: unit for unit, bits in BITS.items()}
    padding, bits = "", _count_bits(narrow)
    while bits < _count_bits(wide):
        padding += f" unsigned {units[bits]} : {bits};"
        bits *= 2
    return padding


def _list_narrower_results(node, _declarations):
    if node.macro or not node.children:
        return
    value = node.children[0]
    shown = skip_parentheses_and_implicit_nodes(value)
    kind = remove_qualifiers(value.type)
    if kind in NARROWER and value.text and shown.kind != "IntegerLiteral":
        yield Change("type", value.begin, value.end, f"({NARROWER[kind]})({value.source})", value)


def _list_narrower_casts(node, _declarations):
    written = CAST.match(node.text.bytes, node.begin)
    kind = remove_qualifiers(node.type)
    if written and not node.macro and kind in NARROWER:
        yield Change("type", *written.span(1), NARROWER[kind], node)


TYPE_LISTERS = {
    "VarDecl": (_list_narrower_variables,), "FunctionDecl": (_list_narrower_parameters,),
    "FieldDecl": (_list_narrower_fields,), "ReturnStmt": (_list_narrower_results,),
    "CStyleCastExpr": (_list_narrower_casts,),
}
