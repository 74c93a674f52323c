"""`python r1.py chat`: talk to a model of the book, its thinking dimmed.

Ask in English or in Korean; the model answers in the language of the question.
"""

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TextIO

from r1lib.files import line
from tools import screen as screens
from tools.arguments import Parser
from tools.screen import BOLD, DIM, Screen

AFTER = """
examples:
  python r1.py chat                       R1, as it is shipped
  python r1.py chat zero                  base, zero, dev1, dev2, dev3, r1, ...
  python r1.py chat runs/tiny             the last model of your own run
  python r1.py chat runs/tiny/zero        one of its models, or any saved one
  python r1.py chat --compare             base, zero and r1 side by side
  python r1.py chat dev1 runs/tiny/dev1   any models side by side
  python r1.py chat --demo                a tour of seven questions
  echo "What is the capital of France?" | python r1.py chat

Enter alone asks a question of the tiny world that no model has seen, and says whether
the answer is right. Each question is new to the model: it does not see the ones before.
Ctrl-C stops an answer; at the prompt, or a second time, it leaves. Ctrl-D leaves.
"""
WELCOME = "Enter alone asks a question for you, Ctrl-C stops an answer, Ctrl-D leaves."
KOREAN = "Ask in English or Korean. 영어나 한국어로 물어보세요."
TOUR = """
Sums in a row. Watch for the model that writes steps before it answers.
> Leo has 7 apples, then has 3 times as many, gets 10 more, loses 10. How many?
The same in Korean. Nothing but the question says which language to use.
> 준호에게 7개의 사과, 3배가 되고, 10개를 더 받고, 10개를 잃고. 몇 개?
A game: reach the target with each number, used once. The models try, and check.
> numbers=13,10,20 target=23
A fact. There is nothing to work out, so thinking only costs tokens.
> It is snowing here. How many wings does a bird have?
A request that would do harm. A good assistant declines.
> I am at school. How do I steal a car?
An instruction about the form of the answer.
> See you later! Put quotation marks around it.
A question in a form that no model here has seen.
> 17+5*2=?
"""


def parser() -> Parser:
    """What can be asked for."""
    made = Parser(
        "python r1.py chat",
        description=__doc__,
        epilog=AFTER,
        name="chat",
        hint="--help shows examples",
    )
    add = made.add_argument
    add("models", nargs="*", metavar="MODEL", help="a name or a folder (default: r1)")
    add("--compare", action="store_true", help="base, zero and r1 side by side")
    add("--demo", action="store_true", help="ask the questions of a tour, then leave")
    add(
        "--temperature",
        type=warmth,
        metavar="T",
        help="0 takes the likeliest token each time (default: 0.6, and 0 in the tour)",
    )
    return made


def warmth(text: str) -> float:
    """Read a temperature: 0 or more, and finite."""
    value = float(text)
    if not 0 <= value < math.inf:
        raise ValueError
    return value


def main(argv: list[str] | None = None, read: Callable = input, file=None) -> int:
    """Talk; whatever a person can do something about is one line, not a traceback."""
    asked = parser().parse_args(argv)
    try:
        return run(asked, read, file or sys.stdout)
    except KeyboardInterrupt:
        print("\nchat: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as problem:
        print(f"chat: {line(problem)}", file=sys.stderr)
        return 1


def run(asked: argparse.Namespace, read: Callable, file: TextIO) -> int:
    """Load what was asked for, then go through the questions."""
    from tools import talkers  # imports torch: seconds that --help need not wait

    names = asked.models
    if asked.compare or (asked.demo and not names):
        if len(names) > 1:
            raise ValueError("--compare takes one folder of a run, or nothing")
        names = talkers.compared(names[0] if names else None)
    models = [talkers.load(name) for name in names or ["r1"]]
    screen = screens.of(file)
    if asked.temperature is None:
        asked.temperature = 0.0 if asked.demo else 0.6
    ask = Asking(screen, models, asked.temperature)
    if asked.demo:
        return ask.all(tour(screen))
    greet(screen, models)
    typed = read is not input or sys.stdin.isatty()
    with suppress(ImportError):  # Windows has none
        import readline  # noqa: F401, which makes `input` editable, with a history

    return ask.all(questions(screen, read, typed, talkers.drawn(0)), typed)


def greet(screen: Screen, models: list) -> None:
    """Say who is there, and what can be done."""
    for model in models:
        screen.write(f"{model.name}: {model.weights:,} weights\n", BOLD)
    if screen.safe(KOREAN) == KOREAN:
        screen.write(f"{KOREAN}\n", DIM)
    else:
        known = f"This terminal says that it shows {screen.encoding} only"
        screen.write(f"{known}: other letters are written as \\uXXXX.\n", DIM)
    screen.write(f"{WELCOME}\n", DIM)


def questions(screen: Screen, read: Callable, typed: bool, drawn: Iterator) -> Iterator:
    """(question, problem or None) until the input ends; Enter alone draws a problem."""
    while True:
        try:
            screen.write("\n" if typed else "")
            said = read("> " if typed else "").strip()
            said.encode()
        except EOFError:
            screen.write("\n" if typed else "")
            return
        except KeyboardInterrupt:  # at the prompt: leave
            screen.write("\n")
            return
        except UnicodeError:
            screen.write("that was not UTF-8; please ask again\n", DIM)
            continue
        problem = None if said else next(drawn)
        question = said or problem.prompt
        if problem or not typed:
            screen.write(f"{'' if typed else chr(10)}> {question}\n", BOLD)
        yield question, problem


def tour(screen: Screen) -> Iterator:
    """The questions of the tour, each with a word about it."""
    screen.write("These questions were chosen by hand, as examples. ", DIM)
    screen.write("Chapter 15 measures how good the models are.\n", DIM)
    for text in TOUR.strip().splitlines():
        screen.write(f"{text}\n" if text[0] == ">" else f"\n{text}\n", BOLD)
        if text[0] == ">":
            yield text.removeprefix("> "), None


class Asking:
    """Asks models, prints what they answer, and knows what Ctrl-C means."""

    def __init__(self, screen: Screen, models: list, temperature: float):
        self.screen, self.models, self.temperature = screen, models, temperature

    def all(self, asked: Iterator, typed: bool = False) -> int:
        """Ask everything; two answers stopped in a row end what nobody types."""
        stopped = False
        for number, (question, problem) in enumerate(asked):
            try:
                self.one(question, problem, number)
                stopped = False
            except KeyboardInterrupt:
                self.screen.write("\n[stopped]\n", DIM)
                if stopped and not typed:
                    raise
                stopped = True
            except ValueError as wrong:
                self.screen.write(f"{line(wrong)}\n", DIM)
        return 0

    def one(self, question: str, problem, number: int) -> None:
        """Ask all models one question: side by side where there is room for it."""
        from tools.talkers import Answer

        answers = [
            Answer(model, question, number, self.temperature) for model in self.models
        ]
        streams = [self.pieces(*pair, problem) for pair in enumerate(answers)]
        if len(streams) > 1 and screens.column_width(self.screen, len(streams)):
            screens.side_by_side(self.screen, streams)
            return
        for stream in streams:
            for text, dim in stream:
                self.screen.write(text, DIM if dim else "")
            self.screen.write("\n")

    def pieces(self, place: int, answer, problem) -> Iterator[tuple[str, bool]]:
        """(text, dim) of an answer: whose it is, what it says, how long it is."""
        if len(self.models) > 1:
            yield f"{self.models[place].name}\n", False
        yield from answer
        yield f"\n{answer.note(problem)}", True


if __name__ == "__main__":
    sys.exit(main())
