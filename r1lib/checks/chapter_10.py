"""Checks of chapter 10: cold start."""

from types import SimpleNamespace

import torch

from r1lib.checks.exercise import (
    items,
    number,
    parts,
    plain,
    report,
    shown,
    tensor,
    text,
)
from r1lib.training.packing import Packed
from r1lib.world.rewrite import FITS, missed, verdict

NO, YES = missed("en"), verdict("en", True, FITS["en"])
MISS = f"8+7=15,-3=12~35=23{NO}"
HIT = f"8-3=5,*7=35~35=0{YES}"
END = "\n</think><answer>(8-3)*7</answer>"


def ex_10_1(two_means) -> None:
    """The loss as a mean over tokens, and as a mean over examples."""

    def test(two_means):
        mask = torch.zeros(2, 12).bool()  # completions of 2 and 10 tokens
        mask[0, 3:5] = mask[1, 2:] = True
        losses = torch.full((2, 12), 7.0)  # prompts and padding, of no interest
        losses[0, 3:5] = 1.0
        for hard, which in ((1.0, "each token costs 1"), (3.0, "the long row costs 3")):
            losses[1, 2:] = hard
            got = two_means(-losses, mask)
            got = [number(x) for x in parts(got, 2, "return (by_token, by_example)")]
            token, example = (2 + 10 * hard) / 12, (1 + hard) / 2
            assert min(got) > 0, "a loss is minus the log-probability"
            if hard > 1:
                assert abs(got[0] - example) > 1e-4 or abs(got[1] - token) > 1e-4, (
                    "the two are exchanged: a long row counts more in the token mean"
                )
            for name, value, wanted in zip(
                ("by_token", "by_example"), got, (token, example), strict=True
            ):
                reason = f"{which}: {name} is {wanted:.3f}, not {value:.3f}"
                assert abs(value - wanted) < 1e-4, reason

    report("10.1", test, two_means)


def ex_10_2(readable_line) -> None:
    """A readable line with true distance and verdict, or None after a slip."""

    def test(readable_line):
        for tape, target in (("8-3=6,*7=42", 42), ("8+7=15,-3=13", 35)):
            assert readable_line(tape, target) is None, f"{tape} holds a wrong sum"
        for tape, target, wanted in (
            ("8-3=5,*7=35", 35, HIT),
            ("8+7=15,-3=12", 35, MISS),
            ("20-1=19,/19=1", 4, f"20-1=19,/19=1~4=3{NO}"),
        ):
            got = plain(readable_line(tape, target))
            assert got is not None, f"every sum of {tape} is right"
            assert got == wanted, f"wanted {wanted!r}, got {got!r}"

    report("10.2", test, readable_line, may_be_none=True)


def ex_10_3(to_shortcut) -> None:
    """The right attempt of a journey, alone."""

    def test(to_shortcut):
        clean = f"<think>{HIT}{END}"
        assert text(to_shortcut(clean)) == clean, "a shortcut must stay as it is"
        for misses in (1, 3):
            long = "<think>" + "\n".join([MISS] * misses + [HIT]) + END
            got = text(to_shortcut(long))
            assert NO not in got, "an attempt that missed is still there"
            assert got.startswith("<think>") and got.endswith(END), (
                "keep the tags, the line break and the answer as they are"
            )
            assert got == clean, f"wanted {clean!r}, got {got!r}"

    report("10.3", test, to_shortcut)


def ex_10_4(may_look) -> None:
    """Which token of a packed row may look at which."""

    def test(may_look):
        owner = torch.tensor([1, 1, 1, 2, 2, 3, 0, 0])
        got = tensor(may_look(owner), (8, 8))
        assert got.dtype == torch.bool, f"return a bool tensor, not {got.dtype}"
        assert not got.triu(1).any(), "a token looks into the future"
        assert got.diagonal().all(), "every token may look at itself"
        assert not got[3, 2], "the second example looks at the first"
        wanted = Packed(owner[None], owner[None]).mask[0, 0]
        assert torch.equal(got, wanted), "earlier tokens of the same example: yes"

    report("10.4", test, may_look)


def ex_10_5(my_funnel) -> None:
    """Filters in turn, and what each removes."""

    def test(my_funnel):
        def funnel(rows, filters):
            got = my_funnel(rows, filters)
            rows, removed = parts(got, 2, "return (rows, removed)")
            assert isinstance(removed, dict), f"a dict is wanted, not {shown(removed)}"
            rows = sorted(items(rows, "return (rows, removed), rows a list"))
            return rows, {name: number(n) for name, n in removed.items()}

        filters = {"even": lambda n: n % 2 == 0, "small": lambda n: n < 6}
        rows, removed = funnel(list(range(10)), filters)
        assert rows == [0, 2, 4], f"0, 2 and 4 pass both filters, got {rows}"
        assert removed != {"even": 5, "small": 4}, (
            "a filter must see only what the ones before it have left"
        )
        assert removed == {"even": 5, "small": 2}, f"wanted 5 and 2, got {removed}"
        assert funnel([7], {}) == ([7], {}), "without filters nothing is removed"

    report("10.5", test, my_funnel)


def ex_10_6(compare) -> None:
    """A fair comparison of starts: copies are trained, and both moments measured."""

    def test(compare):
        starts = {"base": SimpleNamespace(skill=1), "Zero": SimpleNamespace(skill=5)}
        trained = []

        def train(model):
            trained.append(model)
            model.skill += 2

        got = compare(dict(starts), train, lambda model: model.skill)
        assert isinstance(got, dict), f"return a dict, not {shown(got)}"
        assert set(got) == set(starts), "wanted one entry for each name in starts"
        skills = {name: model.skill for name, model in starts.items()}
        assert skills == {"base": 1, "Zero": 5}, "train a copy, not the model itself"
        assert len(trained) == 2, f"train each start once, not {len(trained)} in all"
        found = {n: parts(both, 2, "wanted (before, after)") for n, both in got.items()}
        found = {name: tuple(map(number, both)) for name, both in found.items()}
        assert found["base"][0] == 1, "first comes the measure of the untrained model"
        assert found["Zero"][1] != 3, "each copy has the weights of its own start"
        assert found == {"base": (1, 3), "Zero": (5, 7)}, (
            "a train that adds 2 to skills of 1 and 5 must give (1, 3) and (5, 7), "
            f"not {found}"
        )

    report("10.6", test, compare)
