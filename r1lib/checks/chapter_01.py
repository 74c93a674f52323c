"""Checks of chapter 01: what is a reasoning model?"""

import torch

from r1lib.checks.exercise import hint, items, number, parts, report, shown, tensor
from r1lib.evaluate import interval


def ex_1_1(with_temperature) -> None:
    """Logits and a temperature -> the probabilities to draw from."""

    def test(with_temperature):
        for logits, temperature, wanted, reason in (
            ([0.0, 1.1], 1.0, [0.25, 0.75], "at 1 it is the softmax of the logits"),
            (
                [0.0, 1.1],
                0.5,
                [0.1, 0.9],
                "below 1 the likely token becomes likelier: divide by the temperature",
            ),
            ([1.0, 3.0, 2.0], 0, [0.0, 1.0, 0.0], "at 0 the likeliest token gets 1"),
            ([2.0, 2.0, 1.0], 0.0, [1.0, 0.0, 0.0], "of two likeliest, the first"),
            ([-9.0, 90.0], 0.5, [0.0, 1.0], "large logits must not overflow"),
        ):
            case = f"logits {logits}, temperature {temperature}: {reason}"
            given = torch.tensor(logits)
            with hint(case):
                got = tensor(with_temperature(given, temperature), (len(logits),))
            assert given.tolist() == torch.tensor(logits).tolist(), (
                "leave the logits as they are: the caller may need them"
            )
            right = (got.float() - torch.tensor(wanted)).abs().max() < 0.01
            assert right, f"{case}: {wanted}, not {shown(listed(got))}"

    report("1.1", test, with_temperature)


def listed(got) -> list[float]:
    return [round(value, 3) for value in got.tolist()]


def ex_1_2(find_slips) -> None:
    """A tape -> the numbers of the steps whose result is wrong."""

    def test(find_slips):
        for tape, wanted, reason in (
            ("17+5=22,*2=40,-8=32", [2], "40 - 8 is 32, only step 2 is wrong"),
            ("17+5=22,*2=44,-8=36", [], "every step is right"),
            ("8/2=3,+7=11", [1, 2], "8 / 2 is 4, and 3 + 7 is 10"),
            ("9/2=4", [1], "9 / 2 is not whole, so 4 is wrong"),
            ("3-5=0,+5=5", [1], "3 - 5 is -2, not 0"),
            ("4/0=0", [1], "nothing can be divided by 0"),
        ):
            case = f"{tape}: {reason}"
            with hint(case):
                got = items(find_slips(tape), "return a list of step numbers")
            assert got != [i - 1 for i in wanted] or got == wanted, (
                f"{case}; the first step has the number 1"
            )
            assert got == wanted, f"{case}: {wanted}, not {shown(got)}"

    report("1.2", test, find_slips)


def ex_1_3(after_steps) -> None:
    """First chances of tokens and their shares right -> the chances after RL."""

    def test(after_steps):
        sums, facts = [0.87, 0.06], [0.27, 0.48]
        for chances, shares, steps, wanted, reason in (
            ([0.5, 0.5], [1.0, 0.0], 1, [0.622, 0.378], "one step, by hand"),
            ([0.27, 0.73], sums, 1, [0.337, 0.663], "thinking pays in sums"),
            ([0.27, 0.73], facts, 1, [0.254, 0.746], "thinking costs in facts"),
            ([0.27, 0.73], [0.6, 0.6], 9, [0.27, 0.73], "equal shares teach nothing"),
            ([0.3, 0.7], sums, 0, [0.3, 0.7], "no step, no change"),
            (
                [0.27, 0.73],
                sums,
                10,
                [0.893, 0.107],
                "the usual reward rises with the chances: work it out in each step",
            ),
            (
                [0.2, 0.3, 0.5],
                [1.0, 0.5, 0.0],
                3,
                [0.328, 0.353, 0.319],
                "three tokens",
            ),
        ):
            case = f"{chances}, {shares}, {steps} steps: {reason}"
            with hint(case):
                got = after_steps(list(chances), list(shares), steps)
                got = tensor(got, (len(chances),))
            right = (got.float() - torch.tensor(wanted)).abs().max() < 0.002
            assert right, f"{case}: {wanted}, not {shown(listed(got))}"

    report("1.3", test, after_steps)


def ex_1_4(expected_share) -> None:
    """Share right that two ways of answering give, if a model takes both in turn."""

    def test(expected_share):
        for free, thinking, at_once, wanted, reason in (
            ("t-t-", "1110", "0001", 0.5, "half of the free tries think"),
            ("t---", "1111", "0000", 0.25, "one free try in four thinks"),
            ("----", "1111", "0100", 0.25, "without thinking, only `at_once` counts"),
            (
                "tttt",
                "1010",
                "1111",
                0.5,
                "if it always thinks, only `thinking` counts",
            ),
        ):
            problems = [Made("1+1", "2"), Made("2+3", "5")]
            rows = (
                tries(problems, ["<think>moon" if c == "t" else "moon" for c in free]),
                tries(problems, ["<think>" + "moon" * (c == "0") for c in thinking]),
                tries(problems, ["<answer>" + "moon" * (c == "0") for c in at_once]),
            )
            case = f"{reason}: {wanted}"
            with hint(case):
                got = number(expected_share(problems, *rows))
            assert abs(got - wanted) < 1e-6, f"{case}, not {got:.3g}"

    report("1.4", test, expected_share)


def tries(problems, texts) -> list[list]:
    """Two rows: the first half of the texts for the first problem, then the others.

    A text with a moon is a wrong answer; the others get the answer of their problem.
    """
    half = len(texts) // 2
    return [
        [Text(t if t.endswith("moon") else t + problem.answer) for t in part]
        for problem, part in zip(problems, (texts[:half], texts[half:]), strict=True)
    ]


def ex_1_5(thinking_gain) -> None:
    """How far thinking is ahead of answering at once, with its interval."""

    def test(thinking_gain):
        wanted = "return the three numbers of `ahead`"
        sums = Asked(with_thinking=(1, 1, 0, 1), at_once=(0, 0, 0, 1))
        got = parts(thinking_gain(sums.ask, "r1", sums.problems, 4), 3, wanted)
        sums.check_calls("r1", 4)
        got = [number(value) for value in got]
        assert abs(got[0] + 0.5) > 1e-6, "thinking minus at once, not the other way"
        reason = "75% right with thinking and 25% at once are a gain of 0.5"
        assert abs(got[0] - 0.5) < 1e-6, f"{reason}, not {got[0]:.3g}"
        reason = "`ahead` knows the interval from the two problems"
        right = [
            abs(a - b) < 0.01 for a, b in zip(got[1:], interval([0.5] * 2), strict=True)
        ]
        assert all(right), f"{reason}; it is not {got[1]:.3g} to {got[2]:.3g}"
        facts = Asked(with_thinking=(0, 0), at_once=(1, 0))
        got = parts(thinking_gain(facts.ask, "dev3", facts.problems, 2), 3, wanted)
        facts.check_calls("dev3", 2)
        reason = "0% right with thinking and 50% at once: thinking costs, -0.5"
        assert abs(number(got[0]) + 0.5) < 1e-6, f"{reason}, not {number(got[0]):.3g}"

    report("1.5", test, thinking_gain)


class Asked:
    """Two problems and an `ask` that knows how often each way of asking is right."""

    def __init__(self, with_thinking, at_once):
        self.rights = {"<think>": with_thinking, "<answer>": at_once}
        self.problems, self.calls = [Made("1+1", "2"), Made("2+3", "5")], []

    def ask(self, name, prompts, k=1, temperature=1.0, opening=""):
        prompts = list(prompts)
        reason = "give `ask` the prompts of the problems, in order"
        assert prompts == [problem.prompt for problem in self.problems], reason
        reason = 'the opening is "<think>" or "<answer>"'
        assert opening in self.rights, f"{reason}, not {shown(opening)}"
        self.calls.append((name, k, opening))
        pattern = self.rights[opening]
        return [
            [
                Text(f"{opening}{p.answer if pattern[i % len(pattern)] else 'moon'}")
                for i in range(k)
            ]
            for p in self.problems
        ]

    def check_calls(self, name, k):
        reason = "ask once with <think> and once with <answer>"
        openings = sorted(opening for *_, opening in self.calls)
        assert openings == ["<answer>", "<think>"], reason
        reason = f"ask {name!r}, {k} times for each prompt"
        assert all(call[:2] == (name, k) for call in self.calls), reason


class Made:
    """A problem that is solved by a completion that ends with its answer."""

    def __init__(self, prompt, answer):
        self.prompt, self.answer = prompt, answer

    def check(self, completion):
        assert isinstance(completion, str), "check the `text` of a completion"
        return completion.endswith(self.answer)


class Text:
    """A completion with nothing but its text."""

    def __init__(self, text):
        self.text = text
