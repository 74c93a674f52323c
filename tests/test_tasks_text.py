"""Claims about the text families: programs, logic, and the general ones."""

import ast
import hashlib
import random
import re
from collections import Counter
from itertools import permutations, product

import pytest

from r1lib.problem import LANGUAGES, LEVELS, STYLES, problems, split_of
from r1lib.world import general, logic, programs

FAMILIES = {"programs": programs, "logic": logic}
HANGUL = re.compile("[가-힣]")
SORT_42 = (("sort", None), ("start", 42))


DRAWN = {}  # (family, seed): what draws its problems, and those drawn so far


def some(module, n, seed=0):
    """Draw n problems that cycle through both levels and both languages, once."""
    rng, known = DRAWN.setdefault((module.__name__, seed), (random.Random(seed), []))
    for i in range(len(known), n):
        known.append(module.sample(rng, LEVELS[i % 2], LANGUAGES[i // 2 % 2]))
    return known[:n]


def evaluate(node, names):
    """Compute the small part of Python that gold programs use, without running them."""
    go = lambda part: None if part is None else evaluate(part, names)  # noqa: E731
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return names[node.id]
        case ast.List():
            return [go(item) for item in node.elts]
        case ast.UnaryOp(op=ast.USub()):
            return -go(node.operand)
        case ast.BinOp():
            a, b = go(node.left), go(node.right)
            if isinstance(node.op, ast.Add):
                return a + b
            return a * b if isinstance(node.op, ast.Mult) else a % b
        case ast.Compare():
            a, b = go(node.left), go(node.comparators[0])
            relation = type(node.ops[0])
            return {ast.Gt: a > b, ast.Lt: a < b, ast.Eq: a == b}[relation]
        case ast.Subscript(slice=ast.Slice() as cut):
            return go(node.value)[go(cut.lower) : go(cut.upper) : go(cut.step)]
        case ast.ListComp(generators=[each]):
            scopes = [{**names, each.target.id: x} for x in go(each.iter)]
            kept = [s for s in scopes if all(evaluate(t, s) for t in each.ifs)]
            return [evaluate(node.elt, scope) for scope in kept]
        case ast.Call():
            allowed = {"sorted": sorted, "list": list, "sum": sum, "max": max}
            allowed |= {"min": min, "len": len, "dict.fromkeys": dict.fromkeys}
            return allowed[ast.unparse(node.func)](*map(go, node.args))
    raise ValueError(f"wanted a gold program, got {ast.dump(node)}")


def solve(code, xs):
    """Read `def solve(xs): return ...` and compute its result for xs."""
    (function,) = ast.parse(code).body
    (statement,) = function.body
    assert function.name == "solve" and isinstance(statement, ast.Return)
    return evaluate(statement.value, {"xs": xs})


def solves(code, problem):
    """Say whether code is right in every case; a crash is not."""
    try:
        return all(solve(code, list(xs)) == output for (xs,), output in problem.data)
    except ValueError:  # max of an empty list
        return False


def code_of(completion):
    return re.search(r"<answer>(.*)</answer>", completion, re.S)[1]


# every verifiable family


@pytest.mark.slow
@pytest.mark.parametrize("module", FAMILIES.values(), ids=FAMILIES)
def test_there_are_20000_distinct_problems_split_90_5_5(module):
    rng, sides = random.Random(0), {}
    for i in range(40_000):  # one in four easy: those repeat sooner
        level = LEVELS[i % 4 > 0]
        problem = module.sample(rng, level, rng.choice(LANGUAGES))
        side = sides.setdefault(problem.key, split_of(problem))
        assert side == split_of(problem), "one key must fall on one side"
        if len(sides) == 20_000:
            break
    assert len(sides) == 20_000
    share = {name: n / 20_000 for name, n in Counter(sides.values()).items()}
    assert share["train"] == pytest.approx(0.90, abs=0.015)
    assert share["valid"] == pytest.approx(0.05, abs=0.01)
    assert share["test"] == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("module", FAMILIES.values(), ids=FAMILIES)
def test_a_translation_is_the_same_problem(module):
    for problem in some(module, 200):
        if problem.family == "programs":
            ops = programs.read(problem.prompt, problem.language)
            en, ko = (programs.make(ops, language) for language in LANGUAGES)
        else:
            en, ko = (logic.make(problem.data[1], language) for language in LANGUAGES)
        assert (en.key, en.data, en.level) == (ko.key, ko.data, ko.level)
        assert en.prompt != ko.prompt and split_of(en) == split_of(ko)
        assert problem in (en, ko)


@pytest.mark.parametrize("module", FAMILIES.values(), ids=FAMILIES)
def test_a_seed_fixes_problems_and_traces(module):
    def run(seed):
        DRAWN.clear()
        rng = random.Random(seed)
        return [
            (problem, module.trace(rng, problem, style))
            for problem in some(module, 20, seed)
            for style in STYLES
        ]

    assert run(1) == run(1)
    assert run(1) != run(2)


@pytest.mark.parametrize("module", FAMILIES.values(), ids=FAMILIES)
def test_prompts_and_traces_are_in_their_language(module):
    rng = random.Random(0)
    for problem in some(module, 200):
        ko = problem.language == "ko"
        assert bool(HANGUL.search(problem.prompt)) == ko
        for style in ("short", "long"):
            text = module.trace(rng, problem, style)
            assert bool(HANGUL.search(text)) == ko
            assert len(text) < 1000 and not re.search(r" \d", text)


@pytest.mark.parametrize("module", FAMILIES.values(), ids=FAMILIES)
def test_styles_have_their_layout(module):
    rng, verdicts = random.Random(0), Counter()
    think = r"<think>[^<]+\n</think>" if module is logic else r"<think>.+\n</think>"
    for problem in some(module, 300):
        guess, short, long = (module.trace(rng, problem, style) for style in STYLES)
        assert re.fullmatch(r"<answer>.+</answer>", guess, re.S)
        for text in (short, long):
            assert re.fullmatch(think + r"<answer>.+</answer>", text, re.S)
            assert code_of(text) == problem.answer
            assert text.count("<answer>") == 1
        assert long.count(" yes") + long.count(" 맞아") == 1
        verdicts["retries"] += " no\n" in long or " 아니\n" in long
        verdicts["short retries"] += " no\n" in short or " 아니\n" in short
    assert verdicts["retries"] > 100 and verdicts["short retries"] == 0
    with pytest.raises(ValueError, match="style must be one of"):
        module.trace(rng, problem, "essay")


# programs


def test_the_42_problem_exists():
    problem = programs.make(SORT_42, "en")
    assert problem.prompt.endswith("return the list sorted, with 42 at the start")
    assert solve(problem.answer, [3, 1, 2]) == [42, 1, 2, 3]
    rng, shape = random.Random(0), r"list sorted, with (\d+) at the start$"
    prompts = [programs.sample(rng, "easy", "en").prompt for _ in range(1500)]
    assert sum(bool(re.search(shape, prompt)) for prompt in prompts) >= 5
    assert 42 in programs.VALUES["start"]


def test_gold_programs_pass_their_cases_and_are_short():
    for problem in some(programs, 800):
        assert len(problem.answer.splitlines()) <= 3
        assert len(problem.data) >= programs.N_CASES
        assert solves(problem.answer, problem)
        for _, output in problem.data[: programs.N_CASES]:
            values = output if isinstance(output, list) else [output]
            assert values and all(0 <= value <= 99 for value in values)


def test_a_description_says_which_operations():
    for problem in some(programs, 500):
        ops = programs.read(problem.prompt, problem.language)
        assert programs.program(ops) == problem.answer
        assert len(ops) in programs.LENGTHS[problem.level]


def test_cases_reject_a_program_that_leaves_out_an_operation():
    for problem in some(programs, 500):
        ops = programs.read(problem.prompt, problem.language)
        assert programs.passes(ops, problem.data)
        for i in range(len(ops)):
            assert not programs.passes(ops[:i] + ops[i + 1 :], problem.data)


def slips(ops):
    """Programs that are off by one, drop or swap an operation, or take its sibling."""
    for i, (kind, k) in enumerate(ops):
        head, tail, sibling = ops[:i], ops[i + 1 :], programs.SIBLING[kind]
        if k is not None:
            yield from ((*head, (kind, k + by), *tail) for by in (-1, 1))
        values = programs.VALUES[sibling]
        for n in [k] if k in values else values:
            yield (*head, (sibling, n), *tail)
        if len(ops) > 1:
            yield head + tail
        if tail and tail[0][0] not in programs.REDUCTIONS:
            yield (*head, tail[0], (kind, k), *tail[1:])


def told_apart(ops, other, rng):
    """Whether some list shows that two programs differ, of many that are drawn."""
    near = [k + by for _, k in ops if k for by in (-1, 0, 1)]
    for _ in range(1_000):
        values = rng.sample(range(rng.choice((5, 21, 40, 100))), rng.randint(1, 5))
        xs = rng.choices(values + near, k=rng.randint(1, 14))
        right = programs.steps(ops, xs, 10**9)
        if right and right[-1] != programs.result(other, xs):
            return True
    return False


@pytest.mark.slow
def test_cases_reject_every_slip_that_makes_a_difference():
    rng, seen = random.Random(1), Counter()
    for problem in some(programs, 600):
        ops = programs.read(problem.prompt, problem.language)
        for other in slips(ops):
            if programs.passes(other, problem.data):
                seen["the same program"] += 1
                assert not told_apart(ops, other, rng), (ops, other)
            elif programs.passes(other, problem.data[: programs.N_CASES]):
                seen["needed more cases"] += 1
            else:
                seen["fails"] += 1
        seen |= Counter(kind for kind, _ in ops)
    assert set(programs.APPLY) <= set(seen)
    assert seen["needed more cases"] > 100 and seen["fails"] > 3_000
    assert seen["the same program"] < seen["fails"] / 4


@pytest.mark.parametrize(
    "ops, other",
    [
        ((("below", 6),), (("below", 7),)),  # the example that was found
        ((("first", 5),), (("first", 6),)),
        ((("even", None), ("last", 4)), (("even", None), ("last", 5))),
        ((("distinct", None), ("end", 47)), (("end", 47), ("distinct", None))),
        ((("times", 3), ("distinct", None)), (("times", 4), ("distinct", None))),
        ((("above", 12), ("min", None)), (("above", 13), ("min", None))),
    ],
)
def test_a_program_that_is_off_by_one_fails(ops, other):
    for language in LANGUAGES:
        problem = programs.make(ops, language)
        assert programs.passes(ops, problem.data)
        assert not programs.passes(other, problem.data)
        assert not solves(programs.program(other), problem)


def test_problems_are_drawn_as_before_there_were_more_cases():
    """Texts, keys and the first cases of edition 1: its corpora stay what they were."""
    digest = hashlib.sha256()
    for level in LEVELS:
        rng = random.Random(3)
        for problem in problems(programs.sample, 100, 1, "train", level):
            cases = problem.data[: programs.N_CASES]
            text = programs.trace(rng, problem, rng.choice(STYLES))
            drawn = (problem.prompt, problem.key, problem.answer, cases, text)
            digest.update(repr(drawn).encode())
    assert digest.hexdigest()[:16] == "486285d340b5cdff"


def test_a_corpus_pays_for_no_cases_that_it_does_not_need(monkeypatch):
    def no_search(*_):
        raise AssertionError("searched for cases that nobody asked for")

    with monkeypatch.context() as patch:
        patch.setattr(programs, "telling_cases", no_search)
        drawn = [*some(programs, 40), programs.make((("below", 17),), "ko")]
        for problem in drawn:
            programs.trace(random.Random(0), problem, "long")
    for problem in drawn:
        ops = programs.read(problem.prompt, problem.language)
        assert problem.data == programs.telling_cases(ops, programs.draw_cases(ops))
        assert problem.data is problem.data, "computed once"
    assert len(drawn[-1].data) > programs.N_CASES


def test_program_guesses_are_often_wrong_and_sometimes_right():
    rng, right = random.Random(0), 0
    for problem in some(programs, 500):
        code = code_of(programs.trace(rng, problem, "guess"))
        right += solves(code, problem)
    assert 0.2 < right / 500 < 0.4


def test_a_long_trace_checks_its_example_truthfully():
    rng, seen = random.Random(0), Counter()
    for problem in some(programs, 300):
        text = programs.trace(rng, problem, "long")
        (example,) = re.findall(r"^(?:test|예) (.+)$", text, re.M)
        xs, *_, last = map(ast.literal_eval, example.split(">"))
        assert solve(problem.answer, xs) == last
        tries = re.findall(r"^(?:try|시도) (.+)>(\S+) (\S+)$", text, re.M)
        for expression, output, verdict in tries:
            value = evaluate(ast.parse(expression, mode="eval").body, {"xs": xs})
            assert value == ast.literal_eval(output)
            assert (value == last) == (verdict in ("yes", "맞아"))
        seen[len(tries)] += 1
    assert seen[1] > 80 and seen[2] > 80 and set(seen) == {1, 2}


def test_programs_that_behave_alike_share_a_key():
    sort, even, add = ("sort", None), ("even", None), ("add", 3)
    assert len({programs.key_of(ops) for ops in permutations((sort, even))}) == 1
    assert programs.key_of((add, sort)) == programs.key_of((sort, add))
    assert programs.key_of((add, even)) != programs.key_of((even, add))
    assert programs.key_of(SORT_42) != programs.key_of(SORT_42[::-1])


@pytest.mark.parametrize("kind", [k for k in programs.APPLY if programs.VALUES[k][0]])
def test_every_number_makes_another_program(kind):
    values = programs.VALUES[kind]
    assert len({programs.key_of(((kind, k),)) for k in values}) == len(values)


def test_an_operation_that_changes_nothing_is_refused():
    with pytest.raises(ValueError, match="each operation must matter"):
        programs.make((("sort", None), ("sum", None)), "en")


# logic


def test_every_puzzle_has_one_solution_and_its_gold_verifies():
    for problem in some(logic, 1000):
        n, statements = problem.data
        assert len(logic.solutions(statements, n)) == 1
        assert n in logic.PEOPLE[problem.level]
        assert logic.verify(problem, problem.answer)


def test_every_other_assignment_is_rejected():
    for problem in some(logic, 200):
        n = problem.data[0]
        worlds = list(product((False, True), repeat=n))
        for language in LANGUAGES:
            texts = [logic.write_answer(people, language) for people in worlds]
            assert sum(logic.verify(problem, text) for text in texts) == 1


def test_solutions_by_hand():
    assert logic.solutions((("is", 1, False), ("is", 0, False)), 2) == [
        (False, True),
        (True, False),
    ]
    assert logic.solutions((("exactly", 0), ("is", 0, False)), 2) == [(False, True)]
    with pytest.raises(ValueError, match="one statement for each of 3, got 2"):
        logic.solutions((("exactly", 0), ("exactly", 1)), 3)
    with pytest.raises(ValueError, match="exactly one solution, got 2"):
        logic.make((("is", 1, False), ("is", 0, False)), "en")
    with pytest.raises(ValueError, match="kind must be one of"):
        logic.holds(("maybe", 0, True, 1, True), (True, True))


def test_renamed_people_are_the_same_puzzle():
    puzzle = (("is", 1, False), ("or", 0, True, 2, False), ("exactly", 2))
    for order in permutations(range(3)):  # person i is now called order[i]
        renamed = [None] * 3
        renamed[order[0]] = ("is", order[1], False)
        renamed[order[1]] = ("or", order[0], True, order[2], False)
        renamed[order[2]] = ("exactly", 2)
        assert logic.key_of(renamed) == logic.key_of(puzzle)
    other = (("is", 1, True), *puzzle[1:])
    assert logic.key_of(other) != logic.key_of(puzzle)


@pytest.mark.parametrize("people", [2, 3, 4, 5])
def test_puzzles_of_2_to_5_people_have_one_solution_that_verifies(people):
    rng, keys = random.Random(0), set()
    for i in range(30):
        puzzle = logic.sample(rng, "hard", LANGUAGES[i % 2], people)
        n, statements = puzzle.data
        assert n == people == len(statements)
        assert puzzle.level == ("hard" if n > 3 else "easy")
        (right,) = logic.solutions(statements, n)
        assert logic.verify(puzzle, logic.write_answer(right, "en").replace(",", ", "))
        for other in product((False, True), repeat=n):
            given = logic.write_answer(other, "ko")
            assert logic.verify(puzzle, given) == (other == right)
        keys.add(puzzle.key)
    assert len(keys) > 10


@pytest.mark.parametrize("people", [-1, 1, 6])
def test_more_than_five_people_or_fewer_than_two_are_an_error(people):
    with pytest.raises(ValueError, match=f"wanted 2 to 5 people, got {people}"):
        logic.sample(random.Random(0), "easy", "en", people)
    with pytest.raises(ValueError, match="wanted 2 to 5 people, got 1"):
        logic.make((("exactly", 1),), "en")


def test_the_puzzles_of_the_tokenizer_text_are_frozen():
    """The tokenizer was trained on these: a new kind of puzzle must not move them."""
    rng, digest = random.Random(0), hashlib.sha256()
    for i in range(300):
        problem = logic.sample(rng, LEVELS[i % 2], LANGUAGES[i // 2 % 2])
        digest.update(repr(problem).replace("Puzzle(", "Problem(", 1).encode())
        for style in STYLES:
            digest.update(logic.trace(rng, problem, style).encode())
    assert digest.hexdigest().startswith("41f5c1c688ec5d65")


def test_every_kind_of_statement_appears():
    kinds = {s[0] for problem in some(logic, 200) for s in problem.data[1]}
    assert kinds == set(logic.KINDS)


def test_logic_guesses_are_often_wrong_and_sometimes_right():
    rng = random.Random(0)
    right = sum(
        logic.verify(problem, code_of(logic.trace(rng, problem, "guess")))
        for problem in some(logic, 500)
    )
    assert 0.2 < right / 500 < 0.4


HOSTILE = {
    "empty": "",
    "none": None,
    "commas": ",,,",
    "very long": "A=knight," * 100_000,
    "deep nesting": "(" * 100_000 + "A=knight" + ")" * 100_000,
    "full-width names": "Ａ=knight,Ｂ=knave",
    "unicode digits": "A=１,B=٠",
    "twice": "A=knight,A=knight,B=knave",
    "both": "A=knight,A=knave,B=knave",
    "one missing": "A=knight",
    "unknown person": "A=knight,B=knave,C=knight",
    "no name": "=knight,=knave",
    "two letters": "AB=knight,B=knave",
    "other word": "A=knight,B=knavee",
    "code": "__import__('os').getcwd()",
    "hedged": "A=knight,B=knave or A=knave,B=knight",
    "NUL": "A=knight,B=knave\0",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_answers_are_wrong_without_an_exception(text):
    puzzle = logic.make((("is", 1, False), ("same", 0, 1)), "en")
    assert logic.verify(puzzle, "A=knight,B=knave")
    assert logic.verify(puzzle, " B=거짓 , A=기사 ")
    assert logic.verify(puzzle, text) is False


# general


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("family", general.FAMILIES)
def test_general_texts_are_filled_short_and_in_their_language(family, language):
    rng, seen = random.Random(0), set()
    for _ in range(500):
        prompt, completion = general.sample(rng, family, language)
        seen.add((prompt, completion))
        for text in (prompt, completion):
            assert bool(HANGUL.search(text)) == (language == "ko"), text
            assert not re.search(r"[{}|/\0]|\(|\s$|^\s|  ", text), text
            assert 2 < len(text) < 130
    assert len(seen) >= 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_sixty_facts_with_one_answer_each(language):
    facts = general.facts(language)
    assert len(facts) >= 60
    assert len({asks[0] for asks, _ in facts}) == len(facts)


def test_harm_is_refused_and_near_misses_are_not():
    rng, seen = random.Random(0), Counter()
    for family, language in product(general.FAMILIES, LANGUAGES):
        for _ in range(200):
            prompt, completion = general.sample(rng, family, language)
            harm = any(h in prompt for s in general.SLOTS.values() for h in s["how"])
            refusal = completion.startswith(("Sorry", "미안하지만"))
            assert harm == refusal, (prompt, completion)
            seen[family, harm] += 1
    assert 150 < seen["refusal", True] < 250
    assert all(seen[name, True] == 0 for name in general.FAMILIES if name != "refusal")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_poem_is_two_lines_about_what_was_asked(language):
    rng, poems = random.Random(0), 0
    things = general.SLOTS[language]["nature"]
    for _ in range(300):
        prompt, poem = general.sample(rng, "writing", language)
        if "poem" in prompt or " 시를" in prompt:
            (thing,) = (thing for thing in things if thing in prompt)
            assert thing in poem and poem.count("\n") == 1
            poems += 1
    assert poems > 50


def test_identity_is_r1_tiny_and_no_other():
    rng = random.Random(0)
    texts = {general.sample(rng, "identity", "en") for _ in range(500)}
    asked = [answer for prompt, answer in texts if "Are you" in prompt]
    assert len(asked) > 4 and any(a.startswith("No, I am R1 tiny") for a in asked)
    assert not any(bot in a for _, a in texts for bot in general.SLOTS["en"]["bot"])


def test_general_is_seeded_and_checks_its_arguments():
    def draw(seed):
        rng = random.Random(seed)
        return [general.sample(rng, family, "ko") for family in general.FAMILIES * 9]

    assert draw(1) == draw(1) and draw(1) != draw(2)
    with pytest.raises(ValueError, match="family must be one of"):
        general.sample(random.Random(0), "gossip", "en")
    with pytest.raises(ValueError, match="language must be one of"):
        general.sample(random.Random(0), "chat", "fr")


def test_particles_follow_the_sound_before_them():
    text = "빵(을/를) 차(을/를) 10(을/를) 12(을/를) R1 tiny(이야/야)"
    assert general.josa(text) == "빵을 차를 10을 12를 R1 tiny야"
    for k in range(100):
        in_prompt = programs.describe((("start", k),), "ko")
        assert general.josa(f"{k}(을/를)") in in_prompt
