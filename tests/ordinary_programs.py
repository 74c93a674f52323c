"""Programs as a learner might write them: right ones, wrong ones, in several styles.

Each base program has its tests, and one change that makes it wrong. `STYLES` write the
same program in other ways: with Korean names, behind a decorator, inside a class.
"""

import ast
import textwrap
from dataclasses import dataclass

KOREAN = "값 목록 결과 개수 합계 이름 자리 다음 왼쪽 오른쪽 위 아래 처음 끝".split()


@dataclass(frozen=True)
class Program:
    """A program, tests (args, expected) that it passes, and a wrong relative."""

    name: str
    code: str
    tests: list
    wrong: str


def _program(name, code, tests, change):
    """Make a program; `change` is (old, new), the slip of its wrong relative."""
    code = textwrap.dedent(code).strip() + "\n"
    if code.count(change[0]) < 1:
        raise ValueError(f"{name} does not contain {change[0]!r}")
    return Program(name, code, tests, code.replace(*change, 1))


BASE = [
    _program(
        "class with private list",
        """
        class Basket:
            def __init__(self):
                self._items = []

            def add(self, item):
                self._items.append(item)

            def total(self):
                return sum(self._items)

        def solve(xs):
            basket = Basket()
            for x in xs:
                basket.add(x)
            return basket.total()
        """,
        [(([1, 2, 3],), 6), (([],), 0), (([-4, 4, 9],), 9)],
        ("sum(self._items)", "len(self._items)"),
    ),
    _program(
        "attribute numbers",
        """
        class Statistics:
            def __init__(self, numbers):
                self.numbers = numbers

            def mean(self):
                return sum(self.numbers) / len(self.numbers)

            def spread(self):
                return max(self.numbers) - min(self.numbers)

        def solve(xs):
            s = Statistics(xs)
            return s.mean(), s.spread()
        """,
        [(([1, 2, 3],), (2.0, 2)), (([5],), (5.0, 0))],
        ("max(self.numbers) -", "max(self.numbers) +"),
    ),
    _program(
        "equality and hash",
        """
        class Point:
            def __init__(self, x, y):
                self.x = x
                self.y = y

            def __eq__(self, other):
                if not isinstance(other, Point):
                    return NotImplemented
                return (self.x, self.y) == (other.x, other.y)

            def __hash__(self):
                return hash((self.x, self.y))

        def solve(pairs):
            return len({Point(x, y) for x, y in pairs})
        """,
        [(([(1, 2), (1, 2), (2, 1)],), 2), (([],), 0), (([(0, 0)] * 3,), 1)],
        ("hash((self.x, self.y))", "id(self)"),
    ),
    _program(
        "dataclass",
        """
        from dataclasses import dataclass, field

        @dataclass
        class Student:
            name: str
            marks: list[int] = field(default_factory=list)

            @property
            def average(self) -> float:
                return sum(self.marks) / len(self.marks) if self.marks else 0.0

        def solve(rows):
            students = [Student(name, marks) for name, marks in rows]
            best = max(students, key=lambda s: s.average)
            return best.name
        """,
        [(([("a", [1, 2]), ("b", [3])],), "b"), (([("c", []), ("d", [0, 1])],), "d")],
        ("max(students", "min(students"),
    ),
    _program(
        "frozen ordered dataclass",
        """
        from dataclasses import asdict, dataclass, replace

        @dataclass(frozen=True, order=True)
        class Version:
            major: int
            minor: int = 0

        def solve(texts):
            versions = [Version(*map(int, t.split("."))) for t in texts]
            newest = max(versions)
            return asdict(replace(newest, minor=newest.minor + 1))
        """,
        [
            ((["1.2", "1.10"],), {"major": 1, "minor": 11}),
            ((["3", "2.9"],), {"major": 3, "minor": 1}),
        ],
        ('map(int, t.split("."))', 't.split(".")'),
    ),
    _program(
        "enum",
        """
        from enum import Enum, auto

        class Direction(Enum):
            NORTH = auto()
            EAST = auto()
            SOUTH = auto()
            WEST = auto()

            def right(self):
                members = list(Direction)
                return members[(members.index(self) + 1) % len(members)]

        def solve(turns):
            facing = Direction.NORTH
            for _ in range(turns):
                facing = facing.right()
            return facing.name
        """,
        [((0,), "NORTH"), ((3,), "WEST"), ((5,), "EAST")],
        ("index(self) + 1", "index(self) + 2"),
    ),
    _program(
        "integer enum and flags",
        """
        from enum import Flag, IntEnum

        class Level(IntEnum):
            LOW = 1
            HIGH = 3

        class Right(Flag):
            READ = 1
            WRITE = 2
            RUN = 4

        def solve(n):
            rights = Right(n)
            level = Level.HIGH if Right.WRITE in rights else Level.LOW
            return int(level) + 10 * bool(rights & Right.RUN)
        """,
        [((1,), 1), ((3,), 3), ((7,), 13)],
        ("10 * bool", "100 * bool"),
    ),
    _program(
        "recursion",
        """
        def factorial(n):
            if n <= 1:
                return 1
            return n * factorial(n - 1)

        def solve(n):
            \"\"\"The factorial of n.\"\"\"
            return factorial(n)
        """,
        [((0,), 1), ((5,), 120), ((20,), 2432902008176640000)],
        ("n * factorial", "n + factorial"),
    ),
    _program(
        "towers of Hanoi",
        """
        def solve(n):
            moves = []

            def move(count, source, target, spare):
                if count == 0:
                    return
                move(count - 1, source, spare, target)
                moves.append(source + target)
                move(count - 1, spare, target, source)

            move(n, "A", "C", "B")
            return moves
        """,
        [((1,), ["AC"]), ((2,), ["AB", "AC", "BC"]), ((0,), [])],
        ("moves.append(source + target)", "moves.append(target + source)"),
    ),
    _program(
        "memoised recursion",
        """
        from functools import lru_cache

        @lru_cache(maxsize=None)
        def fibonacci(n):
            return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

        def solve(n):
            return fibonacci(n)
        """,
        [((10,), 55), ((60,), 1548008755920), ((0,), 0)],
        ("n < 2", "n < 3"),
    ),
    _program(
        "dynamic programming",
        """
        from functools import cache

        def solve(a, b):
            @cache
            def distance(i, j):
                if i == 0 or j == 0:
                    return i + j
                change = 0 if a[i - 1] == b[j - 1] else 1
                return min(
                    distance(i - 1, j) + 1,
                    distance(i, j - 1) + 1,
                    distance(i - 1, j - 1) + change,
                )

            return distance(len(a), len(b))
        """,
        [(("kitten", "sitting"), 3), (("", "abc"), 3), (("same", "same"), 0)],
        ("0 if a[i - 1]", "1 if a[i - 1]"),
    ),
    _program(
        "generator",
        """
        def squares():
            n = 0
            while True:
                yield n * n
                n += 1

        def solve(limit):
            out = []
            for square in squares():
                if square >= limit:
                    break
                out.append(square)
            return out
        """,
        [((20,), [0, 1, 4, 9, 16]), ((0,), []), ((1,), [0])],
        ("square >= limit", "square > limit + 1"),
    ),
    _program(
        "yield from",
        """
        def flatten(value):
            if isinstance(value, list):
                for item in value:
                    yield from flatten(item)
            else:
                yield value

        def solve(value):
            return list(flatten(value))
        """,
        [(([1, [2, [3]], []],), [1, 2, 3]), (([],), []), ((7,), [7])],
        ("return list(flatten(value))", "return list(flatten(value))[::-1] or 0"),
    ),
    _program(
        "generator with send",
        """
        def averager():
            total, count, mean = 0.0, 0, None
            while True:
                number = yield mean
                total += number
                count += 1
                mean = total / count

        def solve(xs):
            average = averager()
            next(average)
            out = [average.send(x) for x in xs]
            average.close()
            return out
        """,
        [(([2, 4],), [2.0, 3.0]), (([],), [])],
        ("total / count", "total // count + 1"),
    ),
    _program(
        "Korean names",
        '''
        def 평균(수들):
            """수들의 평균을 돌려준다."""
            return sum(수들) / len(수들)

        def solve(xs):
            결과 = sorted(xs)
            가운데 = 결과[len(결과) // 2]
            return [평균(결과), 가운데]
        ''',
        [(([3, 1, 2],), [2.0, 2]), (([4],), [4.0, 4])],
        ("sorted(xs)", "xs[::-1] + [0]"),
    ),
    _program(
        "Korean texts",
        """
        인사 = {"아침": "좋은 아침", "밤": "잘 자요"}

        def solve(때, 이름):
            말 = 인사.get(때, "안녕하세요")
            return f"{말}, {이름}님! \\N{BULLET}"
        """,
        [
            (("아침", "지수"), "좋은 아침, 지수님! \u2022"),
            (("낮", "José"), "안녕하세요, José님! \u2022"),
        ],
        ("안녕하세요", "안녕"),
    ),
    _program(
        "accents and Greek",
        """
        from math import pi as π

        def solve(rayon):
            café = π * rayon ** 2
            return round(café, 3), "naïve ☕"
        """,
        [((1,), (3.142, "naïve ☕")), ((0,), (0.0, "naïve ☕"))],
        ("rayon ** 2", "rayon * 2"),
    ),
    _program(
        "f-strings",
        """
        def solve(rows):
            width = max(len(name) for name, _ in rows)
            lines = [f"{name:<{width}} | {price:>8,.2f}" for name, price in rows]
            return "\\n".join(lines)
        """,
        [
            (
                ([("tea", 2.5), ("coffee", 1234)],),
                "tea    |     2.50\ncoffee | 1,234.00",
            ),
            (([("a", 0)],), "a |     0.00"),
        ],
        (":>8,.2f", ":<8,.2f"),
    ),
    _program(
        "format of a constant",
        """
        TEMPLATE = "{name} is {age:03d} ({0})"

        def solve(name, age):
            return TEMPLATE.format("ok", name=name, age=age)
        """,
        [(("Kim", 7), "Kim is 007 (ok)"), (("Ö", 120), "Ö is 120 (ok)")],
        (":03d", ":02d"),
    ),
    _program(
        "format of attributes",
        """
        class Row:
            def __init__(self, left, right):
                self.left, self.right = left, right

        def solve(a, b):
            text = "{row.left}-{row.right}, {xs[0]!r}"
            return text.format(row=Row(a, b), xs=["x"])
        """,
        [((1, 2), "1-2, 'x'"), (("a", "b"), "a-b, 'x'")],
        ("{row.left}-", "{row.left}+"),
    ),
    _program(
        "percent format and format_map",
        """
        def solve(name, n):
            first = "%s has %d" % (name, n)
            second = "{n:>4}|{name}".format_map({"n": n, "name": name})
            return [first, second, format(n, "08b")]
        """,
        [(("A", 5), ["A has 5", "   5|A", "00000101"])],
        ('"08b"', '"07b"'),
    ),
    _program(
        "collections",
        """
        from collections import Counter, defaultdict, deque

        def solve(words):
            groups = defaultdict(list)
            for word in words:
                groups[len(word)].append(word)
            common = Counter("".join(words)).most_common(1)
            line = deque(words, maxlen=2)
            line.rotate(1)
            return dict(groups), common, list(line)
        """,
        [
            (
                (["aa", "b", "ca"],),
                ({2: ["aa", "ca"], 1: ["b"]}, [("a", 3)], ["ca", "b"]),
            )
        ],
        ("line.rotate(1)", "line.rotate(2)"),
    ),
    _program(
        "ordered dictionary and chain map",
        """
        from collections import ChainMap, OrderedDict

        def solve(keys):
            order = OrderedDict.fromkeys(keys, 0)
            if order:
                order.move_to_end(next(iter(order)))
            settings = ChainMap({"a": 1}, {"a": 2, "b": 3})
            return list(order), settings["a"] + settings["b"]
        """,
        [((["x", "y", "z"],), (["y", "z", "x"], 4)), (([],), ([], 4))],
        ('{"a": 1}', '{"c": 1}'),
    ),
    _program(
        "itertools",
        """
        import itertools

        def solve(xs):
            pairs = list(itertools.combinations(xs, 2))
            sums = list(itertools.accumulate(xs))
            runs = [(k, len(list(g))) for k, g in itertools.groupby(xs)]
            first = list(itertools.islice(itertools.cycle(xs or [0]), 4))
            return pairs, sums, runs, first
        """,
        [
            (
                ([1, 1, 2],),
                ([(1, 1), (1, 2), (1, 2)], [1, 2, 4], [(1, 2), (2, 1)], [1, 1, 2, 1]),
            )
        ],
        ("combinations(xs, 2)", "permutations(xs, 2)"),
    ),
    _program(
        "product, chain, zip_longest",
        """
        from itertools import chain, pairwise, product, takewhile, zip_longest

        def solve(a, b):
            table = [x * y for x, y in product(a, b)]
            steps = [y - x for x, y in pairwise(chain(a, b))]
            small = list(takewhile(lambda x: x < 10, table))
            return table, steps, small, list(zip_longest(a, b, fillvalue=0))
        """,
        [(([1, 2], [9]), ([9, 18], [1, 7], [9], [(1, 9), (2, 0)]))],
        ("x < 10", "x < 20"),
    ),
    _program(
        "math",
        """
        import math

        def solve(a, b):
            side = math.hypot(a, b)
            return math.gcd(a, b), math.floor(side), math.comb(5, 2), math.isqrt(a * b)
        """,
        [((3, 4), (1, 5, 10, 3)), ((6, 8), (2, 10, 10, 6))],
        ("math.gcd", "math.lcm"),
    ),
    _program(
        "star import",
        """
        from math import *

        def solve(x):
            return floor(x), ceil(x), round(sqrt(abs(x)), 2)
        """,
        [((2.5,), (2, 3, 1.58)), ((-4.0,), (-4, -4, 2.0))],
        ("floor(x), ceil(x)", "ceil(x), floor(x)"),
    ),
    _program(
        "guard against a missing name",
        """
        try:
            limit
        except NameError:
            limit = 10

        def solve(x):
            return min(x, limit)
        """,
        [((5,), 5), ((50,), 10)],
        ("min(x, limit)", "max(x, limit)"),
    ),
    _program(
        "import guard",
        """
        try:
            from math import cbrt
        except ImportError:
            def cbrt(x):
                return x ** (1 / 3)

        def solve(x):
            return round(cbrt(x), 6)
        """,
        [((27,), 3.0), ((8,), 2.0)],
        ("round(cbrt(x), 6)", "round(cbrt(x), 6) + 1"),
    ),
    _program(
        "typing",
        """
        from typing import Callable, Dict, List, Optional, TypeVar, Union

        T = TypeVar("T")
        Number = Union[int, float]

        def first(items: List[T], test: Callable[[T], bool]) -> Optional[T]:
            for item in items:
                if test(item):
                    return item
            return None

        def solve(xs: List[Number]) -> Dict[str, Optional[Number]]:
            return {"even": first(xs, lambda x: x % 2 == 0)}
        """,
        [(([1, 4, 6],), {"even": 4}), (([1],), {"even": None})],
        ("x % 2 == 0", "x % 2 == 1"),
    ),
    _program(
        "annotations from the future",
        """
        from __future__ import annotations

        class Tree:
            left: Tree | None = None
            right: Tree | None = None

            def __init__(self, value: int):
                self.value = value

            def insert(self, value: int) -> Tree:
                side = "left" if value < self.value else "right"
                child = getattr(self, side)
                setattr(self, side, child.insert(value) if child else Tree(value))
                return self

            def __iter__(self):
                if self.left:
                    yield from self.left
                yield self.value
                if self.right:
                    yield from self.right

        def solve(xs: list[int]) -> list[int]:
            if not xs:
                return []
            root = Tree(xs[0])
            for x in xs[1:]:
                root.insert(x)
            return list(root)
        """,
        [(([3, 1, 2, 3],), [1, 2, 3, 3]), (([],), [])],
        ("value < self.value", "value > self.value"),
    ),
    _program(
        "functools",
        """
        from functools import partial, reduce

        def power(base, exponent):
            return base ** exponent

        cube = partial(power, exponent=3)

        def solve(xs):
            return reduce(lambda a, b: a + b, map(cube, xs), 0)
        """,
        [(([1, 2, 3],), 36), (([],), 0)],
        ("exponent=3", "exponent=2"),
    ),
    _program(
        "compare with a function",
        """
        from functools import cmp_to_key

        def compare(a, b):
            return (a + b > b + a) - (a + b < b + a)

        def solve(numbers):
            texts = sorted(map(str, numbers), key=cmp_to_key(compare), reverse=True)
            return "".join(texts)
        """,
        [(([3, 30, 34, 5, 9],), "9534330"), (([10, 2],), "210")],
        ("reverse=True", "reverse=False"),
    ),
    _program(
        "total ordering",
        """
        from functools import total_ordering

        @total_ordering
        class Card:
            ORDER = "23456789TJQKA"

            def __init__(self, rank):
                self._rank = rank

            def __eq__(self, other):
                return self._rank == other._rank

            def __lt__(self, other):
                return self.ORDER.index(self._rank) < self.ORDER.index(other._rank)

            def __repr__(self):
                return f"Card({self._rank!r})"

        def solve(hand):
            cards = sorted(map(Card, hand))
            return repr(cards), Card("A") >= Card("2")
        """,
        [(("KA2",), ("[Card('2'), Card('K'), Card('A')]", True))],
        ("2345", "A345"),
    ),
    _program(
        "single dispatch",
        """
        from functools import singledispatch

        @singledispatch
        def describe(value):
            return "something"

        @describe.register
        def _(value: int):
            return f"number {value}"

        @describe.register(list)
        def _(value):
            return f"{len(value)} items"

        def solve(value):
            return describe(value)
        """,
        [((3,), "number 3"), (([1, 2],), "2 items"), (("x",), "something")],
        ("{len(value)} items", "{value} items"),
    ),
    _program(
        "heapq",
        """
        import heapq

        def solve(edges, start):
            graph = {}
            for a, b, cost in edges:
                graph.setdefault(a, []).append((cost, b))
                graph.setdefault(b, []).append((cost, a))
            done, queue = {}, [(0, start)]
            while queue:
                cost, node = heapq.heappop(queue)
                if node in done:
                    continue
                done[node] = cost
                for step, other in graph.get(node, ()):
                    heapq.heappush(queue, (cost + step, other))
            return done
        """,
        [
            (
                ([("a", "b", 1), ("b", "c", 2), ("a", "c", 9)], "a"),
                {"a": 0, "b": 1, "c": 3},
            )
        ],
        ("cost + step", "step"),
    ),
    _program(
        "bisect",
        """
        from bisect import bisect_left, insort

        def solve(xs, x):
            kept = []
            for value in xs:
                insort(kept, value)
            place = bisect_left(kept, x)
            found = place < len(kept) and kept[place] == x
            return kept, place, found
        """,
        [(([3, 1, 2], 2), ([1, 2, 3], 1, True)), (([], 1), ([], 0, False))],
        ("kept[place] == x", "kept[place] != x"),
    ),
    _program(
        "string methods",
        """
        def solve(text):
            words = text.strip().lower().replace(",", "").split()
            title = " ".join(w.capitalize() for w in words)
            table = str.maketrans("aeiou", "*****")
            head, _, tail = title.partition(" ")
            return title, title.translate(table), head.center(7, "-"), tail.isalpha()
        """,
        [((" hello, WORLD ",), ("Hello World", "H*ll* W*rld", "-Hello-", True))],
        ("w.capitalize()", "w.upper()"),
    ),
    _program(
        "palindrome",
        """
        def solve(text: str) -> bool:
            letters = [c.lower() for c in text if c.isalnum()]
            return letters == letters[::-1]
        """,
        [(("A man, a plan, a canal: Panama",), True), (("ab",), False), (("",), True)],
        ("c.lower()", "c"),
    ),
    _program(
        "caesar",
        """
        import string

        def solve(text, k):
            letters = string.ascii_lowercase
            moved = letters[k:] + letters[:k]
            return text.translate(str.maketrans(letters, moved))
        """,
        [(("abc xyz", 1), "bcd yza"), (("a", 0), "a")],
        ("letters[k:] + letters[:k]", "letters[-k:] + letters[:-k]"),
    ),
    _program(
        "string template",
        """
        from string import Template

        GREETING = Template("Dear $name, you owe $$${amount}.")

        def solve(name, amount):
            return GREETING.substitute(name=name, amount=amount)
        """,
        [(("Ann", 5), "Dear Ann, you owe $5.")],
        ("you owe", "I owe"),
    ),
    _program(
        "sorting with keys",
        """
        def solve(people):
            order = sorted(people, key=lambda p: (-p["age"], p["name"]))
            people.sort(key=lambda p: p["name"], reverse=True)
            return [p["name"] for p in order], people[0]["name"]
        """,
        [
            (
                (
                    [
                        {"name": "b", "age": 3},
                        {"name": "a", "age": 3},
                        {"name": "c", "age": 9},
                    ],
                ),
                (["c", "a", "b"], "c"),
            ),
        ],
        ('-p["age"]', 'p["age"]'),
    ),
    _program(
        "match on sequences",
        """
        def solve(command):
            match command.split():
                case ["go", ("north" | "south") as way]:
                    return "to the " + way
                case ["take", *things] if things:
                    return len(things)
                case []:
                    return None
                case _:
                    return "what?"
        """,
        [
            (("go north",), "to the north"),
            (("take a b",), 2),
            (("",), None),
            (("x",), "what?"),
        ],
        ('"to the " + way', '"to the " + command'),
    ),
    _program(
        "match on classes and mappings",
        """
        from dataclasses import dataclass

        @dataclass
        class Circle:
            radius: float

        @dataclass
        class Box:
            width: float
            height: float

        def area(shape):
            match shape:
                case Circle(radius=r):
                    return round(3.14159 * r * r, 2)
                case Box(w, h):
                    return w * h

        def solve(data):
            match data:
                case {"kind": "circle", "r": r}:
                    return area(Circle(r))
                case {"kind": "box", "w": w, **rest}:
                    return area(Box(w, rest.get("h", w)))
                case int(n) | float(n):
                    return n
            return 0
        """,
        [
            (({"kind": "circle", "r": 2},), 12.57),
            (({"kind": "box", "w": 2, "h": 5},), 10),
            (({"kind": "box", "w": 3},), 9),
            ((4,), 4),
        ],
        ("return w * h", "return w + h"),
    ),
    _program(
        "walrus",
        """
        def solve(text):
            numbers = []
            while (place := text.find("#")) >= 0:
                numbers.append(place)
                text = text[place + 1:]
            if (n := len(numbers)) > 2:
                return n
            return [y for x in numbers if (y := x * 2) > 0]
        """,
        [(("a#bb#",), [2, 4]), (("###",), 3), (("",), [])],
        ("place + 1:", "place + 2:"),
    ),
    _program(
        "closures and nonlocal",
        """
        def counter(start=0):
            count = start

            def step(by=1):
                nonlocal count
                count += by
                return count

            return step

        def solve(n):
            a, b = counter(), counter(10)
            for _ in range(n):
                a()
            return a(), b(5)
        """,
        [((0,), (1, 15)), ((3,), (4, 15))],
        ("count += by", "count += 2 * by"),
    ),
    _program(
        "decorator",
        """
        import functools

        def logged(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                wrapper.calls += 1
                return function(*args, **kwargs)

            wrapper.calls = 0
            return wrapper

        @logged
        def double(x):
            \"\"\"Twice x.\"\"\"
            return 2 * x

        def solve(xs):
            out = [double(x) for x in xs]
            return out, double.calls > 0, double.__name__, double.__doc__
        """,
        [(([1, 2],), ([2, 4], True, "double", "Twice x."))],
        ("return 2 * x", "return 3 * x"),
    ),
    _program(
        "decorator with arguments",
        """
        def repeat(times):
            def decorate(function):
                def wrapper(x):
                    for _ in range(times):
                        x = function(x)
                    return x
                return wrapper
            return decorate

        @repeat(times=3)
        def grow(x):
            return x * 2 + 1

        def solve(x):
            return grow(x)
        """,
        [((0,), 7), ((1,), 15)],
        ("times=3", "times=2"),
    ),
    _program(
        "context manager",
        """
        class Ledger:
            def __init__(self):
                self._lines = []

            def __enter__(self):
                self._lines.append("open")
                return self

            def __exit__(self, kind, error, traceback):
                self._lines.append("failed" if kind else "closed")
                return True

            def note(self, x):
                self._lines.append(f"note {10 // x}")

        def solve(x):
            ledger = Ledger()
            with ledger as book:
                book.note(x)
            return ledger._lines
        """,
        [((5,), ["open", "note 2", "closed"]), ((0,), ["open", "failed"])],
        ('"failed" if kind', '"failed" if not kind'),
    ),
    _program(
        "contextlib",
        """
        from contextlib import contextmanager, suppress

        @contextmanager
        def tag(name, out):
            out.append(f"<{name}>")
            try:
                yield out
            finally:
                out.append(f"</{name}>")

        def solve(words):
            out = []
            with tag("p", out):
                for word in words:
                    with suppress(ValueError):
                        out.append(int(word))
            return out
        """,
        [((["1", "x", "2"],), ["<p>", 1, 2, "</p>"]), (([],), ["<p>", "</p>"])],
        ("int(word)", "word"),
    ),
    _program(
        "exceptions",
        """
        class EmptyError(ValueError):
            def __init__(self, what):
                super().__init__(f"{what} is empty")
                self.what = what

        def largest(xs):
            if not xs:
                raise EmptyError("list")
            return max(xs)

        def solve(xs):
            try:
                value = largest(xs)
            except EmptyError as error:
                return str(error), error.what
            except (TypeError, KeyError):
                return "mixed", None
            else:
                return value, "ok"
            finally:
                xs.clear()
        """,
        [
            (([],), ("list is empty", "list")),
            (([1, 5],), (5, "ok")),
            (([1, "a"],), ("mixed", None)),
        ],
        ("max(xs)", "min(xs)"),
    ),
    _program(
        "raise from and assert",
        """
        def parse(text):
            try:
                return int(text)
            except ValueError as error:
                raise RuntimeError("bad number") from error

        def solve(texts):
            out = []
            for text in texts:
                try:
                    number = parse(text)
                    assert number >= 0, "negative"
                    out.append(number)
                except RuntimeError as error:
                    out.append(type(error.__cause__).__name__)
                except AssertionError as error:
                    out.append(str(error))
            return out
        """,
        [((["3", "x", "-1"],), [3, "ValueError", "negative"]), (([],), [])],
        ("number >= 0", "number > -5"),
    ),
    _program(
        "stars",
        """
        def total(*numbers, scale=1, **named):
            return scale * (sum(numbers) + sum(named.values()))

        def solve(xs):
            first, *middle, last = xs
            settings = {"scale": 2, "extra": 100}
            return total(*middle), total(first, last, **settings), [*xs, *middle]
        """,
        [(([1, 2, 3],), (2, 208, [1, 2, 3, 2])), (([4, 5],), (0, 218, [4, 5]))],
        ('"scale": 2', '"scale": 3'),
    ),
    _program(
        "keyword-only and positional-only",
        """
        def clamp(x, /, low=0, *, high):
            return max(low, min(x, high))

        def solve(xs):
            return [clamp(x, high=5) for x in xs] + [clamp(-3, -2, high=9)]
        """,
        [(([-1, 3, 8],), [0, 3, 5, -2]), (([],), [-2])],
        ("high=5", "high=6"),
    ),
    _program(
        "comprehensions",
        """
        def solve(n):
            primes = [p for p in range(2, n) if all(p % d for d in range(2, p))]
            squares = {p: p * p for p in primes}
            ends = {p % 10 for p in primes}
            triangle = [[i * j for j in range(i)] for i in range(3)]
            return primes, squares, ends, triangle, sum(x for x in primes)
        """,
        [
            (
                (8,),
                (
                    [2, 3, 5, 7],
                    {2: 4, 3: 9, 5: 25, 7: 49},
                    {2, 3, 5, 7},
                    [[], [0], [0, 2]],
                    17,
                ),
            )
        ],
        ("p * p for p", "p + p for p"),
    ),
    _program(
        "lambda, map, filter, zip",
        """
        double = lambda x: 2 * x

        def solve(xs):
            even = list(filter(lambda x: x % 2 == 0, xs))
            return list(map(double, even)), list(zip(xs, xs[1:])), any(even), all(even)
        """,
        [
            (([1, 2, 4],), ([4, 8], [(1, 2), (2, 4)], True, True)),
            (([],), ([], [], False, True)),
        ],
        ("x % 2 == 0", "x % 2 != 0"),
    ),
    _program(
        "sets",
        """
        def solve(a, b):
            left, right = set(a), frozenset(b)
            left.discard(0)
            return left | right, left & right, left - right, left ^ right, left <= right
        """,
        [(([0, 1, 2], [2, 3]), ({1, 2, 3}, {2}, {1}, {1, 3}, False))],
        ("left.discard(0)", "left.add(0)"),
    ),
    _program(
        "dictionary views",
        """
        def solve(stock):
            stock = dict(stock)
            stock |= {"pear": 1}
            stock.update(fig=stock.pop("fig", 0) + 2)
            keys = sorted(stock.keys() - {"plum"})
            best = max(stock, key=stock.get)
            return keys, sum(stock.values()), best, {v: k for k, v in stock.items()}
        """,
        [
            (
                ({"plum": 7},),
                (["fig", "pear"], 10, "plum", {7: "plum", 1: "pear", 2: "fig"}),
            )
        ],
        ('stock.pop("fig", 0) + 2', 'stock.pop("fig", 0) + 3'),
    ),
    _program(
        "slices",
        """
        def solve(xs):
            xs = list(xs)
            xs[1:3] = [0]
            del xs[-1:]
            return xs[::2], xs[::-1], xs[:-1], xs[slice(1, None)]
        """,
        [(([1, 2, 3, 4, 5],), ([1, 4], [4, 0, 1], [1, 0], [0, 4]))],
        ("xs[1:3]", "xs[1:2]"),
    ),
    _program(
        "operator",
        """
        import operator
        from operator import attrgetter, itemgetter, methodcaller

        class Pair:
            def __init__(self, left, right):
                self.left = left
                self.right = right

        OPS = {"+": operator.add, "-": operator.sub, "*": operator.mul}

        def solve(rows, sign):
            pairs = sorted((Pair(*row) for row in rows), key=attrgetter("right"))
            words = list(map(methodcaller("upper"), ["a", "b"]))
            values = [OPS[sign](p.left, p.right) for p in pairs]
            return values, sorted(rows, key=itemgetter(0)), words
        """,
        [(([(5, 2), (3, 1)], "-"), ([2, 3], [(3, 1), (5, 2)], ["A", "B"]))],
        ('"-": operator.sub', '"-": operator.add'),
    ),
    _program(
        "statistics",
        """
        import statistics
        from statistics import mean, median

        def solve(xs):
            spread = round(statistics.pstdev(xs), 3)
            return mean(xs), median(xs), statistics.mode(xs), spread
        """,
        [(([1, 2, 2, 7],), (3, 2.0, 2, 2.345)), (([4],), (4, 4, 4, 0.0))],
        ("mean(xs), median(xs)", "median(xs), mean(xs)"),
    ),
    _program(
        "fractions",
        """
        from fractions import Fraction

        def solve(texts):
            total = sum((Fraction(t) for t in texts), Fraction(0))
            return str(total), total.numerator, float(total), total > Fraction(1, 2)
        """,
        [((["1/3", "1/6"],), ("1/2", 1, 0.5, False)), (([],), ("0", 0, 0.0, False))],
        ("total.numerator", "total.denominator"),
    ),
    _program(
        "decimal",
        """
        from decimal import ROUND_HALF_UP, Decimal

        CENT = Decimal("0.01")

        def solve(prices, rate):
            total = sum(map(Decimal, prices)) * (1 + Decimal(rate))
            return str(total.quantize(CENT, rounding=ROUND_HALF_UP))
        """,
        [((["0.10", "0.20"], "0"), "0.30"), ((["1.25"], "0.1"), "1.38")],
        ("(1 + Decimal(rate))", "(1 - Decimal(rate))"),
    ),
    _program(
        "regular expressions",
        """
        import re

        DATE = re.compile(r"(?P<year>\\d{4})-(?P<month>\\d{2})")

        def solve(text):
            found = [(m["year"], int(m.group("month"))) for m in DATE.finditer(text)]
            clean = re.sub(r"\\s+", " ", text).strip()
            is_word = re.match(r"\\w+$", text) is not None
            return found, clean, re.split(r"[,;]", "a,b;c"), is_word
        """,
        [
            (
                ("on 2024-05,  or",),
                ([("2024", 5)], "on 2024-05, or", ["a", "b", "c"], False),
            )
        ],
        ('" ", text', '"", text'),
    ),
    _program(
        "random with a seed",
        """
        import random

        def solve(xs, seed):
            rng = random.Random(seed)
            again = random.Random(seed)
            shuffled = xs[:]
            rng.shuffle(shuffled)
            other = sorted(xs)
            same = [again.random() for _ in range(2)] == [
                random.Random(seed).random() for _ in range(2)
            ]
            return sorted(shuffled) == other, same, rng.randint(3, 3)
        """,
        [(([3, 1, 2], 0), (True, False, 3)), (([], 7), (True, False, 3))],
        ("rng.randint(3, 3)", "rng.randint(4, 4)"),
    ),
    _program(
        "copy",
        """
        import copy

        def solve(grid):
            shallow, deep = copy.copy(grid), copy.deepcopy(grid)
            grid[0].append(9)
            return shallow[0][-1], deep
        """,
        [(([[1], [2]],), (9, [[1], [2]])), (([[]],), (9, [[]]))],
        ("copy.deepcopy(grid)", "copy.copy(grid)"),
    ),
    _program(
        "textwrap",
        """
        import textwrap

        POEM = textwrap.dedent('''
            roses
              violets
        ''').strip()

        def solve(text, width):
            return textwrap.wrap(text, width), textwrap.shorten(text, 10), POEM
        """,
        [
            (
                ("one two three", 7),
                (["one two", "three"], "one [...]", "roses\n  violets"),
            )
        ],
        ("textwrap.wrap(text, width)", "textwrap.wrap(text, width + 1)[::-1]"),
    ),
    _program(
        "abstract base class",
        """
        from abc import ABC, abstractmethod

        class Animal(ABC):
            def __init__(self, name):
                self._name = name

            @abstractmethod
            def sound(self):
                ...

            def speak(self):
                return f"{self._name}: {self.sound()}"

        class Dog(Animal):
            def sound(self):
                return "woof"

        class Cat(Animal):
            def sound(self):
                return "meow"

        def solve(names):
            animals = [Dog(n) if i % 2 == 0 else Cat(n) for i, n in enumerate(names)]
            return [a.speak() for a in animals]
        """,
        [((["Rex", "Tom"],), ["Rex: woof", "Tom: meow"]), (([],), [])],
        ("i % 2 == 0", "i % 2 == 1"),
    ),
    _program(
        "protocol",
        """
        from typing import Protocol, runtime_checkable

        @runtime_checkable
        class Sized(Protocol):
            def size(self) -> int: ...

        class Box:
            def __init__(self, n: int) -> None:
                self.__n = n

            def size(self) -> int:
                return self.__n

        def largest(things: list[Sized]) -> int:
            return max(t.size() for t in things)

        def solve(ns: list[int]) -> tuple[int, bool]:
            return largest([Box(n) for n in ns]), isinstance(Box(1), Sized)
        """,
        [(([1, 5, 2],), (5, True)), (([7],), (7, True))],
        ("return max(", "return min("),
    ),
    _program(
        "named tuples",
        """
        from collections import namedtuple
        from typing import NamedTuple

        Pixel = namedtuple("Pixel", "x y")

        class City(NamedTuple):
            name: str
            people: int = 0

            def is_large(self) -> bool:
                return self.people > 1000

        def solve(x, y):
            pixel = Pixel(x, y)._replace(y=0)
            city = City("A", people=y)
            return tuple(pixel), city.is_large(), pixel._fields, city._asdict()
        """,
        [((1, 2000), ((1, 0), True, ("x", "y"), {"name": "A", "people": 2000}))],
        ("self.people > 1000", "self.people < 1000"),
    ),
    _program(
        "property and setter",
        """
        class Thermometer:
            def __init__(self, celsius=0.0):
                self.celsius = celsius

            @property
            def fahrenheit(self):
                return self.celsius * 9 / 5 + 32

            @fahrenheit.setter
            def fahrenheit(self, value):
                self.celsius = (value - 32) * 5 / 9

        def solve(c):
            t = Thermometer(c)
            before = t.fahrenheit
            t.fahrenheit = 212
            return before, t.celsius
        """,
        [((0,), (32.0, 100.0)), ((10,), (50.0, 100.0))],
        ("* 9 / 5 + 32", "* 5 / 9 + 32"),
    ),
    _program(
        "class and static methods",
        """
        class Money:
            count = 0

            def __init__(self, cents):
                self.cents = cents
                type(self).count += 1

            @classmethod
            def parse(cls, text):
                whole, _, part = text.partition(".")
                return cls(int(whole) * 100 + int(part or 0))

            @staticmethod
            def show(cents):
                return f"{cents // 100}.{cents % 100:02d}"

        def solve(texts):
            before = Money.count
            total = sum(Money.parse(t).cents for t in texts)
            return Money.show(total), Money.count - before
        """,
        [((["1.50", "2.75"],), ("4.25", 2)), (([],), ("0.00", 0))],
        ("* 100 + int", "* 10 + int"),
    ),
    _program(
        "container protocol",
        """
        class Deck:
            def __init__(self, cards):
                self._cards = list(cards)

            def __len__(self):
                return len(self._cards)

            def __getitem__(self, place):
                return self._cards[place]

            def __setitem__(self, place, card):
                self._cards[place] = card

            def __delitem__(self, place):
                del self._cards[place]

            def __contains__(self, card):
                return card in self._cards

            def __iter__(self):
                return iter(self._cards)

            def __reversed__(self):
                return reversed(self._cards)

            def __bool__(self):
                return bool(self._cards)

        def solve(cards):
            deck = Deck(cards)
            deck[0] = "joker"
            del deck[1]
            back = list(reversed(deck))
            return len(deck), list(deck), "joker" in deck, back, bool(deck)
        """,
        [((["a", "b", "c"],), (2, ["joker", "c"], True, ["c", "joker"], True))],
        ("reversed(self._cards)", "iter(self._cards)"),
    ),
    _program(
        "iterator class",
        """
        class Countdown:
            def __init__(self, start):
                self.current = start

            def __iter__(self):
                return self

            def __next__(self):
                if self.current <= 0:
                    raise StopIteration
                self.current -= 1
                return self.current + 1

        def solve(n):
            return list(Countdown(n)), sum(Countdown(n)), next(Countdown(n), None)
        """,
        [((3,), ([3, 2, 1], 6, 3)), ((0,), ([], 0, None))],
        ("self.current <= 0", "self.current < 0"),
    ),
    _program(
        "operators of a class",
        """
        class Vector:
            __slots__ = ("x", "y")

            def __init__(self, x, y):
                self.x, self.y = x, y

            def __add__(self, other):
                return Vector(self.x + other.x, self.y + other.y)

            def __sub__(self, other):
                return Vector(self.x - other.x, self.y - other.y)

            def __mul__(self, k):
                return Vector(self.x * k, self.y * k)

            __rmul__ = __mul__

            def __neg__(self):
                return self * -1

            def __matmul__(self, other):
                return self.x * other.x + self.y * other.y

            def __abs__(self):
                return (self @ self) ** 0.5

            def __repr__(self):
                return f"<{self.x}, {self.y}>"

            def __str__(self):
                return f"({self.x}|{self.y})"

        def solve(a, b):
            v, w = Vector(*a), Vector(*b)
            return repr(v + 2 * w), str(-v - w), v @ w, abs(v)
        """,
        [(((3, 4), (1, 0)), ("<5, 4>", "(-4|-4)", 3, 5.0))],
        ("self.x * other.x + self", "self.x * other.x - self"),
    ),
    _program(
        "inheritance and super",
        """
        class Account:
            rate = 0

            def __init__(self, owner, balance=0):
                self.owner = owner
                self._balance = balance

            def deposit(self, amount):
                self._balance += amount
                return self

            def year(self):
                self._balance += self._balance * self.rate // 100

            def __str__(self):
                return f"{type(self).__name__} of {self.owner}: {self._balance}"

        class Savings(Account):
            rate = 5

            def __init__(self, owner):
                super().__init__(owner, balance=100)

            def year(self):
                super().year()
                self._balance += 1

        def solve(amounts):
            account = Savings("Kim")
            for amount in amounts:
                account.deposit(amount)
            account.year()
            return str(account)
        """,
        [(([100],), "Savings of Kim: 211"), (([],), "Savings of Kim: 106")],
        ("rate = 5", "rate = 6"),
    ),
    _program(
        "mixin and method resolution",
        """
        class Named:
            def name(self):
                return type(self).__name__.lower()

        class Loud:
            def name(self):
                return super().name().upper() + "!"

        class Horn(Loud, Named):
            pass

        def solve(n):
            order = [c.__name__ for c in Horn.__mro__]
            return Horn().name() * n, order, issubclass(Horn, Named)
        """,
        [((2,), ("HORN!HORN!", ["Horn", "Loud", "Named", "object"], True))],
        (".upper()", ".title()"),
    ),
    _program(
        "linked list",
        """
        class Node:
            def __init__(self, value, following=None):
                self.value = value
                self.next = following

        def reverse(head):
            before = None
            while head is not None:
                head.next, before, head = before, head, head.next
            return before

        def solve(xs):
            head = None
            for x in reversed(xs):
                head = Node(x, head)
            head, out = reverse(head), []
            while head:
                out.append(head.value)
                head = head.next
            return out
        """,
        [(([1, 2, 3],), [3, 2, 1]), (([],), [])],
        ("in reversed(xs)", "in xs"),
    ),
    _program(
        "stack of brackets",
        """
        PAIRS = {")": "(", "]": "[", "}": "{"}

        def solve(text):
            stack = []
            for sign in text:
                if sign in PAIRS.values():
                    stack.append(sign)
                elif sign in PAIRS and (not stack or stack.pop() != PAIRS[sign]):
                    return False
            return not stack
        """,
        [(("([])",), True), (("([)]",), False), (("((",), False), (("",), True)],
        ("return not stack", "return True"),
    ),
    _program(
        "breadth first",
        """
        from collections import deque

        def solve(grid):
            height, width = len(grid), len(grid[0])
            queue, seen = deque([(0, 0, 0)]), {(0, 0)}
            while queue:
                row, column, steps = queue.popleft()
                if (row, column) == (height - 1, width - 1):
                    return steps
                for down, right in ((1, 0), (0, 1), (-1, 0), (0, -1)):
                    r, c = row + down, column + right
                    inside = 0 <= r < height and 0 <= c < width
                    if inside and grid[r][c] == "." and (r, c) not in seen:
                        seen.add((r, c))
                        queue.append((r, c, steps + 1))
            return -1
        """,
        [(([".#.", "...", "##."],), 4), (([".#", "#."],), -1)],
        ("return -1", "return 0"),
    ),
    _program(
        "backtracking",
        """
        def solve(n):
            found = []

            def place(row, columns):
                if row == n:
                    found.append(columns)
                    return
                for column in range(n):
                    if all(
                        column != c and abs(column - c) != row - r
                        for r, c in enumerate(columns)
                    ):
                        place(row + 1, columns + [column])

            place(0, [])
            return len(found)
        """,
        [((4,), 2), ((5,), 10), ((1,), 1)],
        ("abs(column - c) != row - r", "column - c != row - r"),
    ),
    _program(
        "binary search",
        """
        def solve(xs, x):
            low, high = 0, len(xs) - 1
            while low <= high:
                middle = (low + high) // 2
                if xs[middle] == x:
                    return middle
                elif xs[middle] < x:
                    low = middle + 1
                else:
                    high = middle - 1
            return -1
        """,
        [(([1, 3, 5, 7], 5), 2), (([1, 3], 2), -1), (([], 1), -1)],
        ("return middle", "return middle + 1"),
    ),
    _program(
        "while, else, break",
        """
        def solve(n):
            out = []
            for k in range(2, n):
                for d in range(2, k):
                    if k % d == 0:
                        break
                else:
                    out.append(k)
                    continue
            while n > 0:
                n -= 3
            else:
                out.append(n)
            return out
        """,
        [((6,), [2, 3, 5, 0]), ((4,), [2, 3, -2])],
        ("n -= 3", "n -= 2.5"),
    ),
    _program(
        "globals and constants",
        """
        COUNT = 0
        NAMES: list[str] = []

        def remember(name):
            global COUNT
            COUNT += 1
            NAMES.append(name)

        def solve(names):
            before = COUNT
            for name in names:
                remember(name)
            return COUNT - before, NAMES[-len(names):] if names else []
        """,
        [((["a", "b"],), (2, ["a", "b"])), (([],), (0, []))],
        ("COUNT += 1", "COUNT += 2"),
    ),
    _program(
        "main guard",
        """
        def solve(year):
            return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)

        def main():
            print(solve(2000))

        if __name__ == "__main__":
            main()
        """,
        [((2000,), True), ((1900,), False), ((2024,), True), ((2023,), False)],
        ("year % 400 == 0", "year % 300 == 0"),
    ),
    _program(
        "printing",
        """
        def show(*values, sep=" "):
            print(*values, sep=sep, end="\\n", flush=False)

        def solve(xs):
            for place, x in enumerate(xs, start=1):
                show(place, x)
            return len(xs)
        """,
        [(([5, 6],), 2), (([],), 0)],
        ("return len(xs)", "return place"),
    ),
    _program(
        "bytes and codes",
        """
        def solve(text):
            data = bytearray(text.encode("utf-8"))
            data.append(33)
            key = sum(data) % 256
            mixed = bytes(b ^ 1 for b in data)
            codes = [ord(c) for c in text]
            return key, mixed.hex(), codes, chr(ord("a") + 1), data.decode()
        """,
        [(("hi",), (242, "696820", [104, 105], "b", "hi!"))],
        ("b ^ 1", "b ^ 2"),
    ),
    _program(
        "numbers",
        """
        def solve(n):
            text = bin(n)[2:]
            back = int(text, 2)
            z = complex(1, 2) * 1j
            quotient, rest = divmod(n, 7)
            bits = n.bit_length(), ~n, n << 2
            return text, back, hex(n), z.real, quotient, rest, 1_000 + n, *bits
        """,
        [((10,), ("1010", 10, "0xa", -2.0, 1, 3, 1010, 4, -11, 40))],
        ("divmod(n, 7)", "divmod(n, 6)"),
    ),
    _program(
        "roman numerals",
        """
        NUMERALS = (
            ("M", 1000), ("CM", 900), ("D", 500), ("CD", 400), ("C", 100), ("XC", 90),
            ("L", 50), ("XL", 40), ("X", 10), ("IX", 9), ("V", 5), ("IV", 4), ("I", 1),
        )

        def solve(n):
            out = ""
            for letters, value in NUMERALS:
                count, n = divmod(n, value)
                out += letters * count
            return out
        """,
        [((1994,), "MCMXCIV"), ((4,), "IV"), ((0,), "")],
        ('("IV", 4), ', ""),
    ),
    _program(
        "matrices",
        """
        def multiply(a, b):
            def entry(row, column):
                return sum(x * y for x, y in zip(row, column))

            return [[entry(row, column) for column in zip(*b)] for row in a]

        def solve(a, n):
            size = range(len(a))
            result = [[int(i == j) for j in size] for i in size]
            while n:
                if n & 1:
                    result = multiply(result, a)
                a, n = multiply(a, a), n >> 1
            return result
        """,
        [(([[1, 1], [1, 0]], 10), [[89, 55], [55, 34]]), (([[2]], 0), [[1]])],
        ("int(i == j)", "int(i != j)"),
    ),
    _program(
        "builtin names as variables",
        """
        def solve(list, max):
            sum = 0
            for input in list:
                if input <= max:
                    sum += input
            return sum
        """,
        [(([1, 5, 9], 5), 6), (([], 1), 0)],
        ("input <= max", "input < max"),
    ),
    _program(
        "introspection",
        """
        class Robot:
            kind = "robot"

            def walk(self):
                return "walks"

        def solve(name):
            robot = Robot()
            setattr(robot, "name", name)
            has = hasattr(robot, "fly")
            method = getattr(robot, "walk", None)
            names = robot.__class__.__name__, robot.__dict__
            return vars(robot), has, method(), callable(method), *names
        """,
        [(("R2",), ({"name": "R2"}, False, "walks", True, "Robot", {"name": "R2"}))],
        ('hasattr(robot, "fly")', 'hasattr(robot, "walk")'),
    ),
    _program(
        "getattr hook",
        """
        class Config:
            def __init__(self, **values):
                self.__dict__.update(values)

            def __getattr__(self, name):
                if name.startswith("_"):
                    raise AttributeError(name)
                return f"no {name}"

        def solve(values):
            config = Config(**values)
            return config.size, config.colour
        """,
        [
            (({"size": 3},), (3, "no colour")),
            (({"size": 0, "colour": "red"},), (0, "red")),
        ],
        ('"no {name}"', '"none {name}"'),
    ),
    _program(
        "descriptor",
        """
        class Positive:
            def __set_name__(self, owner, name):
                self._name = "_" + name

            def __get__(self, instance, owner=None):
                return getattr(instance, self._name)

            def __set__(self, instance, value):
                if value <= 0:
                    raise ValueError(f"{self._name[1:]} must be positive")
                setattr(instance, self._name, value)

        class Order:
            amount = Positive()

            def __init__(self, amount):
                self.amount = amount

        def solve(amount):
            try:
                return Order(amount).amount
            except ValueError as error:
                return str(error)
        """,
        [((3,), 3), ((0,), "amount must be positive")],
        ("value <= 0", "value < 0"),
    ),
    _program(
        "metaclass and init_subclass",
        """
        class Plugin:
            registry = {}

            def __init_subclass__(cls, key, **kwargs):
                super().__init_subclass__(**kwargs)
                cls.registry[key] = cls

            def run(self, x):
                return x

        class Double(Plugin, key="double"):
            def run(self, x):
                return 2 * x

        class Square(Plugin, key="square"):
            def run(self, x):
                return x * x

        def solve(name, x):
            return Plugin.registry[name]().run(x)
        """,
        [(("double", 5), 10), (("square", 5), 25)],
        ("return 2 * x", "return 2 + x"),
    ),
    _program(
        "literal types and final",
        """
        from typing import Any, ClassVar, Final, Literal, TypedDict

        LIMIT: Final = 3
        Mode = Literal["up", "down"]

        class Movie(TypedDict):
            title: str
            year: int

        class Shelf:
            count: ClassVar[int] = 0

            def __init__(self) -> None:
                self.movies: list[Movie] = []

        def solve(mode: Mode, rows: list[Any]) -> list[str]:
            shelf = Shelf()
            for title, year in rows[:LIMIT]:
                shelf.movies.append({"title": title, "year": year})
            shelf.movies.sort(key=lambda m: m["year"], reverse=mode == "down")
            return [m["title"] for m in shelf.movies]
        """,
        [
            (("up", [("b", 2), ("a", 1)]), ["a", "b"]),
            (("down", [("b", 2), ("a", 1)]), ["b", "a"]),
        ],
        ('mode == "down"', 'mode == "up"'),
    ),
    _program(
        "generic class",
        """
        from typing import Generic, Iterator, TypeVar

        T = TypeVar("T")

        class Stack(Generic[T]):
            def __init__(self) -> None:
                self._items: list[T] = []

            def push(self, item: T) -> None:
                self._items.append(item)

            def pop(self) -> T:
                return self._items.pop()

            def __iter__(self) -> Iterator[T]:
                return iter(self._items)

        def solve(xs: list[int]) -> tuple[int, list[int]]:
            stack: Stack[int] = Stack()
            for x in xs:
                stack.push(x)
            return stack.pop(), list(stack)
        """,
        [(([1, 2, 3],), (3, [1, 2])), (([9],), (9, []))],
        ("self._items.pop()", "self._items.pop(0)"),
    ),
    _program(
        "recursion limit and sys",
        """
        import sys

        def depth(n):
            return 0 if n == 0 else 1 + depth(n - 1)

        def solve(n):
            sys.setrecursionlimit(3000)
            return depth(n), sys.maxsize > 2 ** 31, sys.version_info >= (3, 8)
        """,
        [((1500,), (1500, True, True)), ((0,), (0, True, True))],
        ("1 + depth", "2 + depth"),
    ),
    _program(
        "dates",
        """
        from datetime import date, timedelta

        def solve(year, month, day, days):
            later = date(year, month, day) + timedelta(days=days)
            return later.isoformat(), later.weekday(), (later - date(year, 1, 1)).days
        """,
        [
            ((2024, 2, 28, 2), ("2024-03-01", 4, 60)),
            ((2023, 12, 31, 1), ("2024-01-01", 0, 365)),
        ],
        ("days=days", "days=days + 1"),
    ),
    _program(
        "json and pretty keys",
        """
        import json

        def solve(text):
            data = json.loads(text)
            data["n"] = len(data)
            return json.dumps(data, sort_keys=True, ensure_ascii=False)
        """,
        [
            (('{"b": [1, 2.5], "a": null}',), '{"a": null, "b": [1, 2.5], "n": 2}'),
            (("{}",), '{"n": 0}'),
        ],
        ("sort_keys=True", "sort_keys=False"),
    ),
    _program(
        "io and csv",
        """
        import csv
        import io

        def solve(text):
            rows = list(csv.DictReader(io.StringIO(text)))
            out = io.StringIO()
            out.write(";".join(row["name"] for row in rows))
            return sum(int(row["age"]) for row in rows), out.getvalue()
        """,
        [(("name,age\nKim,3\nLee,4\n",), (7, "Kim;Lee")), (("name,age\n",), (0, ""))],
        ('";".join', '",".join'),
    ),
    _program(
        "hashing and base64",
        """
        import base64
        import hashlib

        def solve(text):
            digest = hashlib.sha256(text.encode()).hexdigest()
            return digest[:8], base64.b64encode(text.encode()).decode()
        """,
        [(("abc",), ("ba7816bf", "YWJj")), (("",), ("e3b0c442", ""))],
        ("digest[:8]", "digest[-8:]"),
    ),
    _program(
        "time of the process and warnings",
        """
        import time
        import warnings

        def solve(xs):
            began = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.warn("slow", DeprecationWarning)
                total = sum(xs)
            return total, time.perf_counter() >= began
        """,
        [(([1, 2],), (3, True)), (([],), (0, True))],
        ("sum(xs)", "sum(xs) + 1"),
    ),
]


def _plain(code):
    return code


def _korean(code):
    """Give local variables Korean names, where that is safe by its scopes."""
    tree = ast.parse(code)
    nodes = list(ast.walk(tree))
    kept = {n.arg for n in nodes if isinstance(n, ast.arg)} | {"solve", "_"}
    kept |= {
        t.id
        for c in nodes
        if isinstance(c, ast.ClassDef)
        for s in c.body
        for t in ast.walk(s)
        if isinstance(t, ast.Name) and isinstance(s, (ast.Assign, ast.AnnAssign))
    }
    captures = {n.name for n in nodes if isinstance(n, (ast.MatchAs, ast.MatchStar))}
    stored = [n.id for n in nodes if isinstance(n, ast.Name) and _stores(n)]
    names = dict.fromkeys(n for n in stored if n not in kept | captures)
    new = {
        n: KOREAN[i % len(KOREAN)] * (1 + i // len(KOREAN)) for i, n in enumerate(names)
    }
    for node in nodes:
        if isinstance(node, ast.Name):
            node.id = new.get(node.id, node.id)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [new.get(n, n) for n in node.names]
    return ast.unparse(tree) + "\n" if new else code


def _stores(node):
    return isinstance(node.ctx, (ast.Store, ast.Del))


def _after(code):
    """Append a decorator and decorate what is there."""
    return f'''{code}

def checked(function):
    """Call a function and keep what it returned."""
    history = []

    def wrapper(*args, **kwargs):
        result = function(*args, **kwargs)
        history.append(result)
        return history[-1]

    return wrapper


solve = checked(solve)
'''


def _in_class(code):
    """Keep the function in an object with private attributes, which is called."""
    return f'''{code}

class Solver:
    """Calls a function and counts how often."""

    def __init__(self, function):
        self._function = function
        self._calls = 0

    def __call__(self, *args):
        self._calls += 1
        return self._function(*args)

    def __repr__(self):
        return f"Solver({{self._calls}})"


solve = Solver(solve)
'''


STYLES = {
    "plain": _plain,
    "korean": _korean,
    "decorated": _after,
    "object": _in_class,
}


def all_programs() -> list[Program]:
    """Every base program in every style; those that a style leaves alone, once."""
    out = {}
    for style, change in STYLES.items():
        for base in BASE:
            code, wrong = change(base.code), change(base.wrong)
            name = f"{base.name}, {style}"
            out.setdefault(code, Program(name, code, base.tests, wrong))
    return list(out.values())
