"""The parts of the book to play with: they follow their controls, and never break."""

import math
import re
from xml.etree import ElementTree

import pytest
import torch

from r1lib import artifacts, rewards
from r1lib.plots import interactive
from r1lib.problem import problems
from r1lib.rl.grpo import group_advantages
from r1lib.rl.rollout import rollout
from r1lib.tokenizer import Tokenizer
from r1lib.world import arithmetic

PROMPT = "compute ((17+5)*2)-8"


@pytest.fixture(scope="module")
def base():
    return artifacts.load("base-tiny")


@pytest.fixture(scope="module")
def batch(base):
    model, tokenizer = base
    asked = problems(arithmetic.sample, 2, 3, "train")
    dice = torch.Generator().manual_seed(3)
    return rollout(
        model, tokenizer, asked, 8, rewards.total, max_new_tokens=32, generator=dice
    )


@pytest.fixture(scope="module")
def panels(base, batch):
    """Each kind of panel as it begins, made anew at each call."""
    model, tokenizer = base
    right = torch.tensor([[1.0] * 2 + [0.0] * 6, [0.5] * 8])  # the second group agrees
    return {
        "tokens": lambda: interactive.tokens(tokenizer, "compute 17+5"),
        "next_token": lambda: interactive.next_token("base-tiny", PROMPT),
        "experts": lambda: interactive.experts("base-tiny", PROMPT),
        "grpo_steps": lambda: interactive.grpo_steps(
            model, tokenizer, batch, group_advantages(right).flatten()
        ),
    }


KINDS = ("tokens", "next_token", "experts", "grpo_steps")


def still(panel) -> str:
    """What a viewer without a kernel shows."""
    return panel._repr_mimebundle_()["text/html"]


def move(panel, **values) -> str:
    """Move controls as a reader does; return the page."""
    for name, value in values.items():
        panel.controls[name].value = value
    return panel.page.value


def table(page: str) -> list[list[str]]:
    """The rows of a page's table, heads included."""
    rows = ElementTree.fromstring(page).iter("tr")
    return [["".join(cell.itertext()) for cell in row] for row in rows]


def pieces(page: str) -> list[str]:
    """The boxes of a page of tokens."""
    return re.findall(r"<code[^>]*>(.*?)</code>", page, re.DOTALL)


@pytest.mark.parametrize("kind", KINDS)
def test_a_viewer_without_a_kernel_shows_how_a_panel_begins(panels, kind):
    panel = panels[kind]()
    shown = panel._repr_mimebundle_()
    assert set(shown) == {interactive.VIEW, "text/html", "text/plain"}
    assert shown[interactive.VIEW]["model_id"] == panel.box.model_id
    assert panel.box.children == (*panel.controls.values(), panel.page)
    assert shown["text/html"].startswith(panel.page.value)
    ElementTree.fromstring(f"<div>{shown['text/html']}</div>")  # an e-book wants XML
    assert not re.search(r"<(p|td|th|table)\b", shown["text/plain"])
    assert len(shown["text/plain"]) > 40


@pytest.mark.parametrize("kind", KINDS)
def test_a_panel_begins_in_the_same_way_every_time(panels, kind):
    assert still(panels[kind]()) == still(panels[kind]())


def test_a_text_is_cut_into_its_tokens_and_counted(base, panels):
    tokenizer, panel = base[1], panels["tokens"]()
    for text in ("the cat", "고양이 12345", "🙂", "a & <b>"):
        page = move(panel, text=text)
        size = f"{len(text)} characters, {len(text.encode())} bytes"
        assert f"{size}, {len(tokenizer.encode(text))} tokens" in page
        assert len(pieces(page)) == len(tokenizer.encode(text))
    assert pieces(move(panel, text="compute 7")) == ["compute", "␣", "7"]
    assert pieces(move(panel, text="🙂")) == [r"\xf0", r"\x9f", r"\x99", r"\x82"]


def test_what_chapter_02_says_about_its_words(base):
    lengths = {w: len(base[1].encode(w)) for w in ("compute", "cat", "계산", "고양이")}
    assert lengths == {"compute": 1, "cat": 2, "계산": 1, "고양이": 5}


def test_special_tokens_come_from_the_box_and_not_from_the_text(panels):
    panel = panels["tokens"]()
    assert len(pieces(move(panel, text="<think>"))) > 1
    assert pieces(move(panel, allow_special=True)) == ["&lt;think&gt;"]


def test_another_tokenizer_cuts_in_another_way(panels):
    bytes_only = interactive.tokens(Tokenizer([]), "compute")
    assert pieces(bytes_only.page.value) == list("compute")


def test_text_is_escaped(panels):
    hostile = "<script>alert(1)</script>"
    for kind, name in (
        ("tokens", "text"),
        ("next_token", "answer"),
        ("experts", "text"),
    ):
        assert "<script" not in move(panels[kind](), **{name: hostile})


def percent(page: str) -> dict[str, float]:
    return {token: float(share.rstrip("%")) for token, share in table(page)[1:]}


def test_temperature_keeps_the_order_and_brings_the_bars_closer(panels):
    panel = panels["next_token"]()
    pages = [percent(move(panel, temperature=t)) for t in (0.0, 0.6, 1.0, 2.0)]
    assert len({tuple(page) for page in pages}) == 1  # the same tokens, in this order
    best = [max(page.values()) for page in pages]
    assert best[0] == 100 and best == sorted(best, reverse=True) and best[3] < 90
    assert list(pages[0])[:2] == ["<answer>", "<think>"]  # as chapter 03 says


def test_top_p_closes_tokens_and_what_is_left_adds_up(panels):
    page = percent(move(panels["next_token"](), temperature=1.5, top_p=0.5))
    assert list(page.values()) == [100] + [0] * 7


def test_a_completion_depends_on_the_seed_and_on_how_it_begins(panels):
    panel = panels["next_token"]()
    first = still(panel)
    move(panel, temperature=1.5)
    texts = {move(panel, seed=seed).partition("<tr>")[0] for seed in range(4)}
    assert len(texts) > 1
    move(panel, temperature=1.0, seed=0)
    assert still(panel) == first
    page = move(panel, answer="<think>17+5=")
    assert "writes: &lt;think&gt;17+5=" in page and percent(page)["22"] > 80


def test_every_token_goes_to_two_experts_of_the_layer(base, panels):
    panel = panels["experts"]()
    for layer in (1, 2, 3):
        head, *rows = table(move(panel, text="5+5, 계산", layer=layer))
        assert len(head) == 1 + len(base[1].encode("5+5, 계산")) and len(rows) == 8
        for column in list(zip(*rows, strict=True))[1:]:
            weights = [float(cell) for cell in column if cell.strip()]
            assert len(weights) == 2 and sum(weights) == pytest.approx(1, abs=0.011)
    assert move(panel, layer=1) != move(panel, layer=2)


def test_what_chapter_04_says_about_five_fives(panels):
    def fives(layer):
        head, *rows = table(move(panels["experts"](), text="5+5+5+5+5", layer=layer))
        return [
            {row[0] for row in rows if row[place].strip()}
            for place, name in enumerate(head)
            if name == "5"
        ]

    for layer in (1, 2):
        first, *others = fives(layer)
        assert first != others[0] and others == [others[0]] * 4


def test_steps_of_grpo_lift_what_was_better_and_leave_the_model_alone(base, panels):
    panel = panels["grpo_steps"]()
    weights = [w.clone() for w in base[0].parameters()]
    begun = still(panel)
    assert all(before == after for *_, before, after in table(panel.page.value)[1:])
    rows = table(move(panel, steps=4))[1:]
    changes = [number(before) / number(after) for *_, before, after in rows]
    assert min(changes[:2]) > 1 and sum(changes[2:]) / 6 < 1
    assert [row[2][0] for row in rows] == ["+"] * 2 + ["-"] * 6
    move(panel, steps=0)
    assert still(panel) == begun
    for old, new in zip(weights, base[0].parameters(), strict=True):
        assert torch.equal(old, new)


def number(cell: str) -> float:
    """The number of "1 in 1,200"."""
    found = cell.removeprefix("1 in ").replace(",", "")
    return 1e6 if found == "over a million" else float(found)


def test_a_group_that_agrees_does_not_move(panels):
    rows = table(move(panels["grpo_steps"](), group=1, steps=3))[1:]
    assert all(before == after for *_, before, after in rows)


def test_a_very_rare_completion_has_a_short_number():
    assert interactive.odds(-math.log(2))[0] == "1 in 2"
    assert interactive.odds(-1000.0)[0] == "1 in over a million"


BAD = {
    "empty": ("tokens", {"text": ""}, "1 to 300 characters, got 0"),
    "spaces": ("tokens", {"text": "  "}, "1 to 300 characters, got 2"),
    "long": ("tokens", {"text": "x" * 301}, "1 to 300 characters, got 301"),
    "surrogate": ("tokens", {"text": "\ud800"}, "surrogate"),
    "no prompt": ("next_token", {"prompt": ""}, "1 to 200 characters, got 0"),
    "no room": ("next_token", {"answer": "17+5=" * 500}, "do not fit"),
    "long for experts": ("experts", {"text": "7" * 61}, "1 to 60 characters, got 61"),
    "dense layer": ("experts", {"layer": 0}, "layer 0 of base-tiny has no experts"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_a_sentence_in_the_panel(panels, case):
    kind, values, said = BAD[case]
    panel = panels[kind]()
    begun = panel.page.value
    kept = {name: panel.controls[name].value for name in values}
    page = move(panel, **values)
    assert "Not possible: " in page and said in page and "Traceback" not in page
    assert move(panel, **kept) == begun  # and it goes on


@pytest.mark.parametrize("make", [interactive.next_token, interactive.experts])
@pytest.mark.parametrize("name", ["no-such-model", "tokenizer", "../base-tiny"])
def test_an_unknown_model_is_a_sentence_in_the_panel(make, name):
    assert "Not possible: " in still(make(name, PROMPT))


def test_a_dense_model_has_no_experts_to_show():
    page = still(interactive.experts("student-tiny", PROMPT))
    assert "layer 1 of student-tiny has no experts" in page
