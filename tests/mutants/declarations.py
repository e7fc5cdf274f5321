# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The declarations of a syntax tree: what a name at some place could also be."""
import re

BLOCKS = ("CompoundStmt", "DeclStmt", "ForStmt", "IfStmt", "WhileStmt", "DoStmt", "TranslationUnitDecl")
# With these operators, the sign of an operand matters.
SIGNED_OPERATORS = ("<", ">", "<=", ">=", "/", "%", ">>", "/=", "%=", ">>=")


def remove_qualifiers(type_name):
    """The type without const and volatile, which do not matter for a read."""
    return re.sub(r"\b(const|volatile|restrict)\b ?", "", type_name).replace("* ", "*").strip()


def get_type(node):
    return remove_qualifiers(node.type)


def _is_read(node):
    """True if the expression @node is used for its value: not written, and its address not taken."""
    parent = node.parent
    while parent.kind == "ParenExpr":
        parent = parent.parent
    return parent.kind == "ImplicitCastExpr" and parent.get("castKind") == "LValueToRValue"


def is_first_read(node):
    """True if @node reads a variable that its statement or condition did not read before."""
    statement = node
    while statement.parent.kind not in BLOCKS:
        statement = statement.parent
    return _is_read(node) and node is _find_first_read(statement, get_declared_identifier(node))


def _find_first_read(node, variable):
    if node.kind == "DeclRefExpr" and get_declared_identifier(node) == variable and _is_read(node):
        return node
    return next(filter(None, (_find_first_read(child, variable) for child in node.children)), None)


class Declarations:
    """What the tree @root of the source @main_text declares."""

    def __init__(self, root, main_text):
        self.main_text = main_text
        self.fields = {}  # {identifier of a field: all fields of its structure}
        self.with_address_taken = set()  # identifiers of variables
        self.used = set()  # identifiers of variables and fields that are not only converted to void
        self.used_with_sign = set()  # those that are an operand of SIGNED_OPERATORS
        # Functions without parameters and variables of the whole file, of the library, in their order.
        self.functions, self.file_variables = [], []
        self.initial_values = {}  # {identifier of a variable: its initial value}
        self._read(root)

    def _read(self, node):
        if node.kind == "RecordDecl":
            fields = [child for child in node.children if child.kind == "FieldDecl"]
            self.fields.update({child.get("id"): fields for child in fields})
        elif node.kind == "UnaryOperator" and node.get("opcode") == "&":
            self.with_address_taken.add(get_declared_identifier(node.children[0]))
        elif node.get("opcode") in SIGNED_OPERATORS:
            self.used_with_sign.update(get_declared_identifier(child) for child in node.children)
        elif node.kind in ("DeclRefExpr", "MemberExpr"):
            if not _is_converted_to_void(node):
                self.used.add(get_declared_identifier(node))
        elif node.kind == "FunctionDecl" and node.text and node.get("type")["qualType"].endswith("(void)"):
            self.functions.append(node)
        elif node.kind == "VarDecl":
            if node.text and node.parent.kind == "TranslationUnitDecl":
                self.file_variables.append(node)
            if node.get("init"):
                self.initial_values[node.get("id")] = node.children[-1]
        for child in node.children:
            self._read(child)

    def is_in_main_file(self, node):
        """True if the source of @node is not only included: all names that are visible are its own."""
        return node.text is self.main_text

    def list_visible_variables(self, node):
        """Variables with a value: of the blocks around @node, of its function, then of the file."""
        inside, around = node, node.parent
        while around:
            before = around.children[:_find_index(around.children, inside)]
            if around.kind == "FunctionDecl":
                yield from (child for child in before if child.kind == "ParmVarDecl")
            for child in before:
                if child.kind == "DeclStmt":
                    yield from (v for v in child.children if v.kind == "VarDecl" and v.get("init"))
            inside, around = around, around.parent
        yield from (v for v in self.file_variables if v.begin < node.begin or v.text is not node.text)

    def list_visible_functions(self, node):
        """Functions without parameters that are declared before @node."""
        return (f for f in self.functions if f.begin < node.begin or f.text is not node.text)


def _find_index(nodes, node):
    return next(i for i, other in enumerate(nodes) if other is node)


def get_return_type(function):
    return remove_qualifiers(function.get("type")["qualType"].rpartition("(")[0])


def get_declared_identifier(node):
    """The identifier of the variable or field to which the expression @node refers, or None."""
    while node.kind in ("ParenExpr", "ImplicitCastExpr"):
        node = node.children[0]
    return node.get("referencedMemberDecl") or (node.get("referencedDecl") or {}).get("id")


def _is_converted_to_void(node):
    while node.parent.kind in ("ParenExpr", "ImplicitCastExpr"):
        node = node.parent
    return node.parent.get("castKind") == "ToVoid"
