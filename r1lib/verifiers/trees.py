"""Expressions as plain data: exact values, and bounds on what may be computed.

A tree is a tuple (kind, part, ...): ("number", Fraction), ("name", "x"), ("call",
"sin", tree), ("-", tree), and ("+", "*", "/" or "^", tree, tree). `answers` adds
tuples, sets, intervals and units around them.
"""

from fractions import Fraction

BITS = 4096  # size of a number that is computed
POWER = 1000  # exponent of a number
DEGREE = 100  # degree of an expression in its variables

Tree = tuple


class Refused(Exception):
    """A text is not surely one answer, or too large to be looked at."""


def exact(tree: Tree) -> Fraction | None:
    """Compute a tree of numbers; None where something in it is not rational."""
    kind, *parts = tree
    if kind == "number":
        return parts[0]
    if kind not in ("-", "+", "*", "/", "^"):
        return None
    values = [exact(part) for part in parts]
    if None in values:
        return None
    if kind == "^":
        return _power(*values)
    if kind == "-":
        return -values[0]
    left, right = values
    if kind == "/":
        if right == 0:
            raise Refused("division by zero")
        return left / right
    return left + right if kind == "+" else left * right


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if abs(exponent) > POWER or (base == 0 and exponent <= 0):
        raise Refused(f"wanted a power up to {POWER} of a number, got {exponent}")
    if exponent.denominator != 1:
        return None
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size * abs(exponent) > BITS:
        raise Refused(f"wanted a number below {BITS} bits")
    return base**exponent.numerator


def degree(tree: Tree) -> Fraction:
    """Bound the degree of an expression in its variables and roots."""
    kind, *parts = tree
    if kind in ("number", "name"):
        return Fraction(kind == "name")
    if kind == "call":
        return 1 + degree(parts[1])
    if kind == "^":
        exponent = exact(parts[1])
        if exponent is None:
            return degree(parts[0]) + degree(parts[1]) + 1
        return max(degree(parts[0]), Fraction(exact(parts[0]) is None)) * abs(exponent)
    return sum(map(degree, parts)) if kind in "*/" else max(map(degree, parts))


def bounded(tree: Tree) -> Tree:
    """Return a tree that is small enough, else refuse it."""
    value = exact(tree)
    if value is not None:
        size = max(value.numerator.bit_length(), value.denominator.bit_length())
        if size > BITS:
            raise Refused(f"wanted a number below {BITS} bits")
    elif degree(tree) > DEGREE:
        raise Refused(f"wanted a degree of at most {DEGREE}")
    return tree


def written(tree: Tree) -> Fraction | None:
    """Return the value of a number that is written out, with nothing left to compute.

    3, 3/4, 10%, 1 1/2, 2^10 and 6*10^23 are; 2+2, 2*3 and the root of 4 are not.
    """
    kind, *parts = tree
    if kind == "number":
        return parts[0]
    if kind == "-":
        value = written(parts[0])
        return None if value is None else -value
    if kind == "/":
        leaves = [part[1] if part[0] == "-" else part for part in parts]
        return exact(tree) if all(leaf[0] == "number" for leaf in leaves) else None
    if kind == "^" and exact(parts[1]) is not None:
        signless = parts[1][1] if parts[1][0] == "-" else parts[1]
        return exact(tree) if parts[0][0] == signless[0] == "number" else None
    if kind == "*" and parts[0][0] == "number" and parts[1][0] == "^":
        ten = parts[1][1] == ("number", Fraction(10))
        return exact(tree) if ten and written(parts[1]) is not None else None
    return None
