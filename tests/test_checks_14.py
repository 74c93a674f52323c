"""The checks of chapter 14 refuse the mistakes that learners make, and say why."""

import math

import pytest

from r1lib import checks
from r1lib.distill import kl_loss


def kl(p, q):
    total = 0.0
    for a, b in zip(p, q, strict=True):
        if a and not b:
            return math.inf
        total += a * math.log(a / b) if a else 0.0
    return total


def without_limits(p, q):
    def bare(p, q):
        return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a and b)

    return bare(p, q), bare(q, p)


def kl_rows(student, teacher, mask):
    return unshifted(student[:, :-1], teacher[:, :-1], mask[:, 1:])


def unshifted(student, teacher, mask):
    log_p, log_q = teacher.log_softmax(-1), student.log_softmax(-1)
    each = (log_p.exp() * (log_p - log_q)).sum(-1)
    return (each * mask).sum(1) / mask.sum(1)


def by_batch(student, teacher, mask):
    counts = mask.sum(1)
    return kl_rows(student, teacher, mask) * counts / counts.sum()


def flops(student, teacher, spent):
    mine = 6 * spent.student_trained + 2 * spent.student_written
    return student * mine + teacher * 2 * (spent.teacher_written + spent.teacher_read)


def all_alike(student, teacher, spent):
    mine = 6 * (spent.student_trained + spent.student_written)
    return student * mine + teacher * 2 * (spent.teacher_written + spent.teacher_read)


def one_size(student, teacher, spent):
    return flops(student, student, spent)


def pull(student, teacher, temperature):
    q, p = ((x / temperature).softmax(-1) for x in (student, teacher))
    return temperature * (p - q)


def comparable(a, b):
    return (a.pretokenizer, a.merges) == (b.pretokenizer, b.merges)


def halfway(p, q, beta):
    m = beta * p + (1 - beta) * q
    ahead, back = ((x * (x / m).log()).sum(-1) for x in (p, q))
    return beta * ahead + (1 - beta) * back


def no_mixture(p, q, beta):
    ahead, back = (p * (p / q).log()).sum(-1), (q * (q / p).log()).sum(-1)
    return beta * ahead + (1 - beta) * back


def one_number(p, q, beta):
    return halfway(p, q, beta).mean()


def lesson(rows, n):
    first = {}
    for row in rows:
        first.setdefault(row["prompt"], row)
    return list(first.values())[:n]


def token_loss(student, teacher, mask):
    return -((teacher - student).detach() * student)[mask].mean()


def by_ratio(student, teacher, mask):
    """The same gradient, written as chapter 08 writes it."""
    ratio = (student - student.detach()).exp()
    return -(ratio * (teacher - student).detach())[mask].mean()


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_14_1, lambda p, q: (kl(q, p), kl(p, q)), "exchanged"),
        (checks.ex_14_1, lambda p, q: (kl(p, q), kl(p, q)), "reverse is"),
        (checks.ex_14_1, lambda p, q: kl(p, q), "return two numbers"),
        (checks.ex_14_1, without_limits, "infinitely far away"),
        (checks.ex_14_2, unshifted, "off by one"),
        (checks.ex_14_2, lambda s, t, mask: kl_rows(t, s, mask), "KL(student ||"),
        (checks.ex_14_2, lambda s, t, mask: kl_rows(s, t, mask | True), "the mask"),
        (checks.ex_14_2, kl_loss, "one for the batch"),
        (checks.ex_14_2, lambda *x: kl_rows(*x) * x[2].sum(1), "divide by the masked"),
        (checks.ex_14_2, by_batch, "those of the batch"),
        (checks.ex_14_2, lambda *x: kl_rows(*x) + 1, "here, not"),
        (checks.ex_14_3, all_alike, "a written token costs 2"),
        (checks.ex_14_3, one_size, "at its own size"),
        (checks.ex_14_4, lambda s, t, T: pull(t, s, T), "the sign"),
        (checks.ex_14_4, lambda s, t, T: pull(s, t, 1.0), "before the softmax"),
        (checks.ex_14_4, lambda s, t, T: pull(s, t, 1.0) * T, "softmax, too"),
        (checks.ex_14_4, lambda s, t, T: pull(s, t, T) / T, "multiply by"),
        (checks.ex_14_4, lambda s, t, T: pull(s, t, T) * T, "not twice"),
        (checks.ex_14_4, lambda s, t, T: pull(s, t, T) + 1, "in row 0, not"),
        (checks.ex_14_5, lambda a, b: a.vocab_size == b.vocab_size, "another piece"),
        (checks.ex_14_5, lambda a, b: a.merges == b.merges, "before merging"),
        (checks.ex_14_5, lambda a, b: a is b, "are one"),
        (checks.ex_14_6, no_mixture, "beta 0.5"),
        (checks.ex_14_6, one_number, "one number for each row"),
        (checks.ex_14_6, lambda p, q, b: halfway(p, q, 1 - b), "weighs the teacher"),
        (checks.ex_14_7, lambda rows, n: rows[:n], "a prompt is there twice"),
        (checks.ex_14_7, lambda rows, n: lesson(rows, n - 1), "not 0"),
        (checks.ex_14_7, lambda rows, n: range(n), "rows that were given"),
        (checks.ex_14_8, lambda q, p, m: -token_loss(q, p, m), "the sign"),
        (checks.ex_14_8, lambda q, p, m: token_loss(q, p, m) * 5, "take the mean"),
        (checks.ex_14_8, lambda q, p, m: token_loss(q, p, m | ~m), "outside the mask"),
        (checks.ex_14_8, lambda q, p, m: token_loss(q, p, m) * 5 / 8, "divide by"),
        (checks.ex_14_8, lambda q, p, m: ((q - p) * q)[m].mean(), "detach"),
        (checks.ex_14_8, lambda q, p, m: -(p * q)[m].mean(), "log p - log q"),
        (checks.ex_14_8, lambda q, p, m: token_loss(q, p, m).detach(), "no gradient"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said, said


@pytest.mark.parametrize(
    "check, right",
    [
        (checks.ex_14_1, lambda p, q: (kl(p, q), kl(q, p))),
        (checks.ex_14_2, kl_rows),
        (checks.ex_14_3, flops),
        (checks.ex_14_4, pull),
        (checks.ex_14_5, comparable),
        (checks.ex_14_6, halfway),
        (checks.ex_14_7, lesson),
        (checks.ex_14_8, token_loss),
        (checks.ex_14_8, by_ratio),
    ],
)
def test_a_right_answer_is_right(check, right, capsys):
    check(right)
    assert capsys.readouterr().out.endswith(": correct\n")
