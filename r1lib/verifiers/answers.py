"""Mathematical text -> a tree, or nothing where it is not surely one answer.

Reads what people and models write: 1,000, 10%, 3/4, x=3, 3 cm, LaTeX, tuples, sets,
intervals. Length, digits, nesting, powers and degree are bounded while reading.
docs/answers.md is the table of what is accepted and what is refused.
"""

from fractions import Fraction

from r1lib.verifiers.notation import parse_number, plain, tokens
from r1lib.verifiers.trees import Refused, Tree, bounded, exact, written
from r1lib.verifiers.units import UNITS, unit_of

LONGEST = 200  # characters of an answer that are looked at
MEMBERS = 12  # of a tuple, set or list


def read(text: str) -> Tree | None:
    """Read one answer as a tree, or None where it is not surely one.

    >>> read("3/4"), read("(1, x)")
    (('number', Fraction(3, 4)), ('tuple', ('number', Fraction(1, 1)), ('name', 'x')))
    >>> read("3 or 4") is None
    True
    """
    if len(text) > LONGEST:
        return None
    if "$" not in text and (number := parse_number(text)) is not None:
        return ("number", number)
    try:
        return _Reader(tokens(plain(text))).answer()
    except Refused:
        return None


def as_interval(tree: Tree) -> Tree:
    """In a union, (a, b) is an open interval and not a tuple."""
    if tree[0] == "tuple" and len(tree) == 3:
        return ("interval()", *tree[1:])
    if not tree[0].startswith("interval"):
        raise Refused("a union of something that is no interval")
    return tree


def as_unit(tree: Tree) -> Tree:
    """Read a number times one letter as a quantity, 3 m as metres, where m is a unit.

    >>> as_unit(read("3 m")) == read(r"3 \\text{ m}"), as_unit(read("3x"))[0]
    (True, '*')
    """
    if tree[0] != "*" or written(tree[1]) is None:
        return tree
    letter, power = tree[2][1:] if tree[2][0] == "^" else (tree[2], None)
    name = letter[1] if letter[0] == "name" else ""
    size = "" if power is None else f"^{exact(power)}"
    unit = unit_of(f"⟨{name}⟩{size}") if len(name) == 1 else None
    return ("unit", tree[1], *unit) if unit else tree


def real_root(tree: Tree, root: Fraction) -> Tree:
    """The root of a tree; an odd one of a negative number is negative: not complex."""
    value = exact(tree)
    if root % 2 and value is not None and value < 0:
        return ("-", ("^", ("number", -value), ("number", 1 / root)))
    if root % 2 and tree[0] == "-":
        return ("-", real_root(tree[1], root))
    return ("^", tree, ("number", 1 / root))


def is_number(tree: Tree) -> bool:
    """Say whether a tree has a value: no variable in it, no tuple, no set."""
    kind, *parts = tree
    if kind in ("number", "name"):
        return kind == "number" or parts == ["pi"]
    if kind not in ("call", "-", "+", "*", "/", "^"):
        return False
    return all(is_number(part) for part in parts if isinstance(part, tuple))


class _Reader:
    """A recursive-descent parser: one method for each rule of the grammar."""

    def __init__(self, found):
        self.tokens, self.at = found, 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def sees(self, *signs):
        return self.peek()[0] == "sign" and self.peek()[1] in signs

    def take(self, *signs):
        if signs and not self.sees(*signs):
            raise Refused(f"wanted one of {signs}, got {self.peek()}")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def answer(self):
        """The whole text: one item, one with a unit, a union, or a bare list."""
        if self.sees("$") or (self.sees("-") and self.tokens[1:2] == [("sign", "$")]):
            return self.dollars()
        items = [self.item()]
        if self.peek()[0] == "unit":
            return self.unit(items[0], *unit_of(self.take()))
        if self.sees("$"):
            self.take()
            return self.unit(items[0], *UNITS["$"])
        while self.sees("\\cup"):
            self.take()
            items.append(self.item())
        if len(items) > 1:
            return self.end("union", list(map(as_interval, items)))
        while self.sees(","):
            self.take()
            items.append(self.item())
        return self.end("list", items) if len(items) > 1 else self.end("", items)

    def dollars(self):
        """`$5`, `-$5` and `$-5`, with or without the word behind."""
        sign = self.take() if self.sees("-") else ""
        self.take("$")
        number = self.sum()
        if self.peek()[0] == "unit" and unit_of(self.peek()[1]) == UNITS["$"]:
            self.take()
        return self.unit(("-", number) if sign else number, *UNITS["$"])

    def end(self, kind, items):
        if self.peek()[0] != "end" or len(items) > MEMBERS:
            raise Refused(f"more than one answer, or more than {MEMBERS} members")
        return (kind, *items) if kind else items[0]

    def unit(self, number, kind, size):
        """`3 cm`, `3 cm^2`: the number, what it measures, and its size in that."""
        if not is_number(number):
            raise Refused("a unit behind something that is no number")
        return self.end("", [("unit", number, kind, size)])

    def item(self):
        """A set, an interval, a tuple, or else an expression."""
        start = self.at
        if self.sees("{", "\\{"):
            closing = self.take().replace("{", "}")
            tree = ("set", *self.members(closing))
            self.take(closing)
            return tree
        if self.sees("("):
            try:
                return self.sum()
            except Refused:  # not brackets around one thing
                self.at = start
        if self.sees("(", "["):
            return self.pair(self.take(), self.members(), self.take(")", "]"))
        return self.sum()

    def members(self, closing=""):
        items = []
        if not self.sees(closing):
            items.append(self.item())
        while self.sees(","):
            self.take()
            items.append(self.item())
        if len(items) > MEMBERS:
            raise Refused(f"wanted at most {MEMBERS} members, got {len(items)}")
        return items

    def pair(self, opening, items, closing):
        """Brackets with commas: (a, b) is a tuple; [a, b), (0, infinity) intervals."""
        ends = [item for item in items if item[-1] in ("infty", ("name", "infty"))]
        if opening + closing == "()" and not ends and len(items) > 1:
            return ("tuple", *items)
        if len(items) != 2:
            raise Refused(f"an interval has two ends, got {len(items)}")
        low, high = map(exact, items)
        if low is not None and high is not None and low > high:
            raise Refused("the ends of the interval are the wrong way round")
        return ("interval" + opening + closing, *items)

    def sum(self):
        sign = self.take() if self.sees("-", "+") else "+"
        tree = self.product()
        tree = ("-", tree) if sign == "-" else tree
        while self.sees("-", "+"):
            sign = self.take()
            right = self.product()
            tree = ("+", tree, ("-", right) if sign == "-" else right)
        return bounded(tree)

    def product(self):
        tree, divided = self.power(), False
        while True:
            if self.sees("*", "/"):
                sign, right = self.take(), self.signed()
                if sign == "/" and (divided or exact(right) == 0):
                    raise Refused("division by zero, or a/b/c")
                divided = divided or sign == "/"
                tree = (sign, tree, right)
            elif self.peek()[0] in ("name", "function") or self.sees("(", "\\frac"):
                if divided:
                    raise Refused("1/2x may be x/2 or 1/(2x)")
                tree = ("*", tree, self.power())
            elif self.sees("%"):
                return self.percent(tree)
            else:
                return bounded(tree)

    def percent(self, tree):
        """A written number with the sign behind it: 10%, 1/2% and 12 1/2%."""
        self.take("%")
        if (value := written(tree)) is None:
            raise Refused("percent behind something that is not written out")
        return ("number", value / 100)

    def signed(self):
        """What follows a sign of division or multiplication: 1/-2."""
        if self.sees("-"):
            self.take()
            return ("-", self.power())
        return self.power()

    def power(self):
        tree = self.primary()
        if self.sees("^"):
            self.take()
            tree = bounded(("^", tree, self.exponent()))
            if self.sees("^"):
                raise Refused("a tower of powers")
        if self.peek()[0] == "number":
            raise Refused("a number behind something: not surely one answer")
        return tree

    def exponent(self):
        if self.sees("{"):
            return self.group()
        if self.sees("-"):
            self.take()
            return ("-", self.primary())
        return self.primary()

    def group(self):
        self.take("{")
        tree = self.sum()
        self.take("}")
        return tree

    def part(self):
        """Above or below a fraction bar: braces, or a single digit or letter."""
        kind, word = self.peek()
        if kind == "name" or (kind == "number" and len(word) == 1):
            self.at += 1
            return (kind, Fraction(word) if kind == "number" else word)
        return self.group()

    def primary(self):
        kind, word = self.peek()
        if kind == "end" or kind == "unit":
            raise Refused("wanted a number, a name or a bracket")
        self.at += 1
        if kind == "number":
            return self.mixed(Fraction(word))
        if kind == "name":
            return ("name", word)
        if kind == "function":
            return self.call(word)
        if word == "(":
            tree = self.sum()
            self.take(")")
            return tree
        if word == "\\frac":
            top, bottom = self.part(), self.part()
            if exact(bottom) == 0:
                raise Refused("division by zero")
            return ("/", top, bottom)
        raise Refused(f"wanted a number, a name or a bracket, got {word}")

    def mixed(self, whole):
        """A number; with a fraction right behind it they add: 1 1/2 is 3/2."""
        start = self.at
        if self.sees("\\frac"):
            value = exact(self.primary())
        else:
            value = self.slashed()
        if value is None:
            self.at = start
            return ("number", whole)
        if whole.denominator != 1 or not 0 < value < 1:
            raise Refused("a mixed number has a whole part and a part below 1")
        return ("number", whole + value)

    def slashed(self):
        """The fraction 2/3 of `1 2/3`: three tokens right here, or None."""
        three = self.tokens[self.at : self.at + 3]
        kinds = [kind for kind, _ in three]
        if kinds != ["number", "sign", "number"] or three[1][1] != "/":
            return None
        top, bottom = three[0][1], three[2][1]
        if not (top.isdigit() and bottom.isdigit() and Fraction(bottom)):
            raise Refused("a mixed number has a fraction of whole numbers")
        self.at += 3
        return Fraction(top) / Fraction(bottom)

    def call(self, function):
        root = ("number", Fraction(2))
        if function == "sqrt" and self.sees("["):
            self.take()
            root = self.primary()
            self.take("]")
            if exact(root) not in range(2, 13):
                raise Refused("wanted a root from 2 to 12")
        if self.peek()[0] == "function":
            raise Refused("a function of a function wants brackets")
        argument = self.group() if self.sees("{") else self.primary()
        if function == "sqrt":
            return real_root(argument, exact(root))
        return ("call", function, argument)
