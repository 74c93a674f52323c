"""Claims about reading mathematical text, and about the worker that does algebra."""

import random
import threading
from fractions import Fraction

import pytest

from r1lib.verifiers import algebra, math_equal
from r1lib.verifiers.answers import LONGEST, MEMBERS, read
from r1lib.verifiers.notation import DIGITS, parse_number
from r1lib.verifiers.trees import BITS, DEGREE, POWER, Refused, bounded, exact, written

X, Y = ("name", "x"), ("name", "y")
PIECES = """
1 2 3 10 0.5 1,000 x y ab or and - + * / ^ ( ) [ ] { } \\{ \\} , % $ = ! \\frac
\\frac12 \\frac{1}{2} \\sqrt \\sqrt{2} \\sqrt[3]{x} \\pi \\infty \\cup \\cdot \\left(
\\right] \\text{cm} cm \\text{or} ^2 ^{x} \\% \\! ~ \\in 개 맞아 ∞ − ３ ⟨ ⟩ \\unknown
sqrt sin ln pi . :
""".split()


def number(value):
    return ("number", Fraction(value))


def forms(rng, value):
    """Ways to write a fraction, all of the same value."""
    top, bottom = value.numerator, value.denominator
    k = rng.randint(2, 9)
    sign, above = "-" * (top < 0), abs(top)
    yield f"{top}/{bottom}"
    yield f"{sign}\\frac{{{above}}}{{{bottom}}}"
    yield f"\\dfrac{{{top * k}}}{{{bottom * k}}}"
    yield f" $ {top * k} / {bottom * k} $ "
    yield f"x = {sign}{above}/{bottom}"
    if 100 % bottom == 0:
        yield f"{100 * top // bottom}\\%"
        yield f"{sign}{above * 100 // bottom / 100:.2f}"
    if bottom == 1:
        yield f"{top:,}"
        yield f"{top}.000"
        yield f"({top})"
        yield f"{top} \\text{{ kg}}"
    if above > bottom > 1:
        yield f"{sign}{above // bottom}\\frac{{{above % bottom}}}{{{bottom}}}"


def test_every_form_of_a_number_is_that_number_and_no_other():
    rng, seen = random.Random(0), 0
    for _ in range(120):
        bottom = rng.choice((1, 1, 2, 3, 4, 5, 7, 10, 20, 25, 50))
        value = Fraction(rng.randint(-99_999, 99_999), bottom)
        other = value + Fraction(rng.choice((-1, 1)), rng.choice((1, 7, 1000)))
        texts = list(forms(rng, value))
        gold, answer = rng.choice(texts), rng.choice(texts)
        assert math_equal(gold, answer), (gold, answer)
        assert not math_equal(gold, rng.choice(list(forms(rng, other)))), (gold, other)
        seen += len(texts)
    assert seen > 600


def test_random_pieces_never_raise_and_never_read_as_two_numbers():
    rng, read_ones = random.Random(0), 0
    for _ in range(1000):
        joint = rng.choice(("", " "))
        text = joint.join(rng.choices(PIECES, k=rng.randint(1, 9)))
        tree = read(text)
        read_ones += tree is not None
        assert math_equal("12345", text) is False
        assert not (math_equal("1", text) and math_equal("2", text))
    assert read_ones > 25  # so the pieces do make answers


def test_broken_answers_never_raise():
    rng = random.Random(1)
    whole = ["\\frac{1}{2}", "(1,2)", "[1,2)\\cup(3,\\infty)", "{1,2,3}", "1,000,000%"]
    whole += ["x^{2}+2x+1", "\\sqrt[3]{\\frac{1}{2}}", "3 \\text{ cm}^2", "$x=-3$"]
    for _ in range(800):
        text = list(rng.choice(whole))
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text))
            text[at : at + rng.randint(0, 2)] = rng.choice(PIECES)
        assert math_equal("12345", "".join(text)) is False


# ---- reading ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, tree",
    [
        ("12", number(12)),
        ("(12)", number(12)),
        ("xy", ("*", X, Y)),
        ("2x", ("*", number(2), X)),
        ("x/2", ("/", X, number(2))),
        ("-x^2", ("-", ("^", X, number(2)))),
        ("x-y", ("+", X, ("-", Y))),
        ("\\sqrt x", ("^", X, number("1/2"))),
        ("\\sqrt\\sqrt x", None),
        ("\\sqrt{x}", ("^", X, number("1/2"))),
        ("sin(x)", ("call", "sin", X)),
        ("(x)", X),
        ("(x,)", None),
        ("()", None),
        ("[x]", None),
        ("(x]", None),
        ("(x,y]", ("interval(]", X, Y)),
        ("[x,y]", ("interval[]", X, Y)),
        ("(x,\\infty)", ("interval()", X, ("name", "infty"))),
        ("(-\\infty,x)", ("interval()", ("-", ("name", "infty")), X)),
        ("(x,y)\\cup(x,y]", ("union", ("interval()", X, Y), ("interval(]", X, Y))),
        ("{x}\\cup{y}", None),
        ("x\\cup y", None),
        ("2(x,y)", None),
        ("{x}^2", ("^", X, number(2))),
        ("x^y^2", None),
        ("x2", None),
        ("(x)2", None),
        ("x_1", None),
        ("x!", None),
        ("|x|", None),
        ("x=", None),
        ("=x", None),
        ("", None),
        (" ", None),
        ("$$", None),
        ("five", None),
        ("2\\frac{3}{2}", None),  # neither a mixed number nor surely a product
        ("1.5\\frac{1}{2}", None),
        ("\\frac{1}{0}", None),
        ("1/(1-1)", None),
        ("x/0", None),
        ("0^0", None),
        ("0^{-1}", None),
        ("3 cm kg", None),
        ("x cm", None),
        ("3 cm^4", None),
        ("cm", None),
    ],
)
def test_text_is_read_as_this_tree(text, tree):
    assert read(text) == tree


def test_bounds_are_where_they_are_said_to_be():
    assert read("7" * DIGITS + "x") and not read("7" * (DIGITS + 1) + "x")
    assert read(f"2^{{{POWER}}}") and not read(f"2^{{{POWER + 1}}}")
    assert read(f"x^{{{DEGREE}}}") and not read(f"x^{{{DEGREE + 1}}}")
    assert not read(f"(x^{{{DEGREE}}})x") and read(f"x^{{{DEGREE - 1}}}y")
    assert read("{" + ",".join("x" * MEMBERS) + "}")
    assert not read("{" + ",".join("x" * (MEMBERS + 1)) + "}")
    assert not read("(" + ",".join("x" * (MEMBERS + 1)) + ")")
    assert not read(",".join("x" * (MEMBERS + 1)))
    sums = "+".join("1" * (LONGEST // 2))
    assert exact(read(sums)) == LONGEST // 2
    assert not read(sums + "+1")


def test_what_is_computed_stays_small():
    large = ("^", number(2), number(POWER))
    assert exact(large) == 2**POWER
    for tree in (
        ("^", number(10**12), number(POWER)),
        ("^", number("1/3"), number(POWER * 10)),
        ("^", large, number(POWER)),
        ("^", number(0), number(0)),
        ("/", number(1), number(0)),
    ):
        with pytest.raises(Refused):
            exact(tree)
    product = large
    with pytest.raises(Refused, match=f"below {BITS} bits"):
        for _ in range(9):
            product = bounded(("*", product, large))


@pytest.mark.parametrize(
    "text, value",
    [
        ("3", 3),
        ("-3", -3),
        ("\\frac{-1}{2}", Fraction(-1, 2)),
        ("-\\frac{1}{2}", Fraction(-1, 2)),
        ("2^{10}", 1024),
        ("10^{-2}", Fraction(1, 100)),
        ("6*10^2", 600),
        ("-6*10^2", -600),
        ("1+1", None),
        ("2*3", None),
        ("6*2^2", None),
        ("6/2*3", None),
        ("\\frac{1+1}{2}", None),
        ("\\frac{1}{\\frac{1}{2}}", None),
        ("2^{1+1}", None),
        ("(1+1)^2", None),
        ("4^{1/2}", None),
        ("\\sqrt{4}", None),
        ("0x", None),
        ("x", None),
        ("(1,2)", None),
        ("{1}", None),
        ("\\pi", None),
    ],
)
def test_a_written_number_has_nothing_left_to_compute(text, value):
    assert written(read(text)) == value


def test_plain_numbers_are_read_as_they_always_were():
    assert parse_number("1,234.5/2%") == Fraction(12345, 2000)
    assert parse_number("007") == 7 and parse_number("٣") is None
    assert read("1,234.5/2%") == ("number", Fraction(12345, 2000))


# ---- algebra ---------------------------------------------------------------------


def random_tree(rng, depth):
    """An expression in x and y, small enough to be read back."""
    if depth == 0:
        return rng.choice((X, Y, number(rng.randint(1, 9))))
    kind = rng.choice("++*^-")
    left = random_tree(rng, depth - 1)
    if kind == "^":
        return ("^", left, number(rng.randint(2, 3)))
    if kind == "-":
        return ("-", left)
    return (kind, left, random_tree(rng, depth - 1))


def value_at(tree, x, y):
    """The twin: compute a polynomial at a point."""
    kind, *parts = tree
    if kind == "name":
        return {"x": x, "y": y}[parts[0]]
    if kind == "number":
        return parts[0]
    values = [value_at(part, x, y) for part in parts]
    if kind == "-":
        return -values[0]
    left, right = values
    if kind == "^":
        return left ** int(right)
    return left + right if kind == "+" else left * right


def test_algebra_agrees_with_values_at_many_points():
    rng, verdicts = random.Random(0), []
    points = [(Fraction(rng.randint(-99, 99)), Fraction(rng.randint(-99, 99), 7))]
    points += [(Fraction(i), Fraction(j)) for i in (2, 17) for j in (3, 101)]
    for i in range(16):
        first = random_tree(rng, 3)
        second = ("+", Y, ("+", first, ("-", Y))) if i % 2 else random_tree(rng, 3)
        equal = all(value_at(first, *p) == value_at(second, *p) for p in points)
        assert algebra.equal(first, second, seconds=20) is equal
        verdicts.append(equal)
    assert 6 < sum(verdicts) < 12


def hard():
    """Two expressions whose difference sympy would expand for hours."""
    many = X
    for letter in "abcdefgh":
        many = ("+", many, ("name", letter))
    return ("^", many, number(60)), ("^", ("+", many, Y), number(60))


@pytest.mark.parametrize("limit", [{"seconds": 0.3}, {"patience": 0.3}])
def test_a_question_that_takes_too_long_is_given_up_and_the_worker_ends(limit):
    assert algebra.equal(X, X) is True
    worker = algebra._workers[0]
    assert algebra.equal(*hard(), **limit) is None
    assert worker.process.poll() is not None  # gone
    assert algebra._workers == []
    assert algebra.equal(X, Y) is False  # and the next one is answered


def test_a_worker_that_died_is_replaced():
    assert algebra.equal(X, X) is True
    algebra._workers[0].process.kill()
    algebra._workers[0].process.wait()
    assert algebra.equal(X, Y) is None  # this question got no answer
    assert algebra.equal(X, Y) is False


def test_no_time_left_starts_nothing():
    before = list(algebra._workers)
    assert algebra.equal(X, X, patience=0.0) is None
    assert algebra._workers == before


def test_algebra_works_from_any_thread():
    found = []

    def ask():
        found.append(math_equal("\\sqrt{8}", "2\\sqrt{2}"))
        found.append(math_equal("x+1", "x+2"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 4 + [True] * 4


def test_what_sympy_cannot_prove_is_not_equal():
    sine, root = ("call", "sin", number(1)), ("^", number(2), number("1/2"))
    assert algebra.equal(sine, root) is not True
    assert not math_equal("\\sqrt{2}", "1.41421356237")
    assert not math_equal("\\ln(x^2)", "2\\ln(x)")  # not for negative x
    assert not math_equal("1/(x-x)", "x")
