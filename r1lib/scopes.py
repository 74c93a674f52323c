"""Names that are used before they can be bound, in the order in which Python runs.

No false alarms on purpose: a name bound in any branch, or anywhere in a loop around,
counts as bound. Bodies of functions run later: they see all names around.
"""

import ast
import builtins

from r1lib.syntax import (
    Complaint,
    bound,
    bound_by_global,
    declared,
    parameters,
    walk_scope,
)


def unbound(tree: ast.Module) -> list[Complaint]:
    """List the names of a program that cannot be bound where they are used.

    RecursionError for a tree that is nested too deeply.
    """
    return _Order(tree).found


class _Order(ast.NodeVisitor):
    """Walk as Python runs, and note names that cannot be bound yet."""

    def __init__(self, tree):
        self.found, self.targets = [], set()
        known = {*dir(builtins), "__name__"} | bound_by_global(tree)
        self._scope(tree.body, set(), known, False)

    def _scope(self, body, known, outer, is_function):
        """Check one scope; names of a function hide outer ones even before binding."""
        own = bound(body) | known
        outside = declared(walk_scope(body))
        self.known, self.own = set(known), (own - outside if is_function else set())
        self.outer, self.all, self.later = outer, own | outer, []
        for node in body:
            self.visit(node)
        later, everything = self.later, self.all
        for function, targets in later:
            one = isinstance(function, ast.Lambda)
            inside = [function.body] if one else function.body
            around = everything | targets
            self._scope(inside, parameters([function.args]), around, True)

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Store):
            self.known.add(node.id)
        elif node.id not in self.known and (
            node.id in self.own or node.id not in self.outer
        ):
            early = node.id in self.own or node.id in self.all
            text = "is used before it is defined" if early else "is not defined"
            self.found.append(Complaint(node.lineno, f"{node.id} {text}"))

    def visit_Assign(self, node):
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AugAssign(self, node):
        if isinstance(node.target, ast.Name):  # x += 1 reads x first
            self.visit_Name(
                ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
            )
        self.visit(node.value)
        self.visit(node.target)

    def visit_AnnAssign(self, node):
        for part in (node.value, node.target) if node.value else ():
            self.visit(part)

    def visit_NamedExpr(self, node):
        self.visit(node.value)
        self.visit(node.target)

    def visit_For(self, node):
        self.visit(node.iter)
        self.known |= bound([node])
        self.generic_visit(node)

    def visit_While(self, node):
        self.known |= bound([node])
        self.generic_visit(node)

    def _comprehension(self, node):
        before, targets = set(self.known), self.targets
        for part in node.generators:
            self.visit(part.iter)
            self.known |= bound([part.target])
            self.targets = self.targets | bound([part.target])
            for condition in part.ifs:
                self.visit(condition)
        for field in ("key", "value", "elt"):
            if part := getattr(node, field, None):
                self.visit(part)
        self.known, self.targets = before | (self.known & bound([node])), targets

    visit_ListComp = visit_SetComp = visit_DictComp = _comprehension
    visit_GeneratorExp = _comprehension

    def _function(self, node):
        arguments = node.args
        for part in (*arguments.defaults, *arguments.kw_defaults):
            if part is not None:
                self.visit(part)
        for decorator in getattr(node, "decorator_list", ()):
            self.visit(decorator)
        self.later.append((node, set(self.targets)))
        if not isinstance(node, ast.Lambda):
            self.known.add(node.name)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def visit_ClassDef(self, node):
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        self.known.add(node.name)
        before = set(self.known)
        for part in node.body:  # its names are not seen from its methods
            self.visit(part)
        self.known = before

    def visit_Import(self, node):
        self.known |= bound([node])

    def visit_ExceptHandler(self, node):
        self.known |= {node.name} - {None}
        self.generic_visit(node)

    def visit_MatchAs(self, node):
        self.known |= bound([node])
        self.generic_visit(node)

    visit_ImportFrom = visit_Import
    visit_MatchStar = visit_MatchMapping = visit_MatchAs
