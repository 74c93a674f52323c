"""Whole words around a calculator tape, so that a person can follow the thinking.

    14+3=17,-8=9~10=1 no, I am 1 away.
    14-8=6,+3=9~10=1 no, I am 1 away.
    14-3=11,*8=88 ...

The tape and its check stay as they are: a second form of them would have to be learned
as the first one was. Behind the verdict stands what it means, and the last line says
what will be answered, in the first person. Some people of the tiny web write like this
(`Habits.spoken`), and so does the person behind R1's cold start.
"""

import re

MEANS = {
    "en": {
        "no": ", I am {} away.",
        "countdown": ", that is the target.",
        "arithmetic": ", I am sure.",
    },
    "ko": {
        "no": ", {} 차이야.",
        "countdown": ", 목표야.",
        "arithmetic": ", 결과가 같아.",
    },
}
END = {"en": "So I write {}.", "ko": "결과는 {}."}
NUMBER = r"\d{1,4}"


def meaning(language: str, family: str, yes: bool, distance: int) -> str:
    """Say what a verdict means, to stand behind it.

    >>> meaning("en", "countdown", False, 3), meaning("ko", "arithmetic", True, 0)
    (', I am 3 away.', ', 결과가 같아.')
    """
    return MEANS[language][family if yes else "no"].format(distance)


def end(language: str, answer: str) -> str:
    """The last line of a thought: what will be answered.

    >>> end("en", "(8-3)*7")
    'So I write (8-3)*7.'
    """
    return END[language].format(answer)


def _either(texts, inside: str) -> str:
    return "|".join(re.escape(text).replace(r"\{\}", inside) for text in texts)


MEANING = _either((t for table in MEANS.values() for t in table.values()), NUMBER)
_TAIL = re.compile(rf"(?:{MEANING})$")
_END = re.compile(_either(END.values(), r"\S{1,60}"))


def bare(line: str) -> str:
    """A line without the words behind its verdict.

    >>> bare("14+3=17,-8=9~10=1 no, I am 1 away."), bare("8-3=5 no")
    ('14+3=17,-8=9~10=1 no', '8-3=5 no')
    """
    return _TAIL.sub("", line)


def ends(line: str) -> bool:
    """Whether a line only says what will be answered.

    >>> ends("So I write (8-3)*7."), ends("8-3=5")
    (True, False)
    """
    return _END.fullmatch(line) is not None
