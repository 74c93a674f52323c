"""The report of a run: complete in itself, and safe whatever a model wrote."""

import json
import math
import re
from html.parser import HTMLParser

import jinja2
import pytest

from r1lib import plots
from tools import page, report, report_pieces, report_words

DIGEST = {"model.safetensors": "0" * 64}


def stage(mean: float) -> dict:
    test = {"pass@1": mean, "interval": [mean - 0.05, mean + 0.05], "length": 90 * mean}
    families = {"countdown": dict(test), "arithmetic": dict(test)}
    test |= {"problems": 8, "samples": 4, "reflects": mean, **families}
    columns = {"countdown": mean, "mixed": 0.0, "length": 90 * mean}
    card = {n: {"mean": v, "interval": [v - 0.1, v + 0.1]} for n, v in columns.items()}
    card["length"]["interval"] = [0.0, 200.0]
    hard = {**card, "countdown": {"mean": 0.0, "interval": [0.0, 0.3]}}
    cards = {"easy": card, "hard": hard}
    rest = {"minutes": 1.5, "memory_gb": None, "sha256": DIGEST}
    text = f"<think>1+1=2 yes\n</think><answer>{mean}</answer>"
    answers = [{"prompt": ask, "text": text, "right": mean > 0.5} for ask in "ab"]
    return {"test": test, "card": cards, "answers": answers, **rest}


def results(before: float = 0.2, after: float = 0.7) -> dict:
    return {
        "command": "python r1.py train",
        "preset": "tiny",
        "seed": 0,
        "settings": {"model": "tiny", "zero": {"lr": 0.1}, "cards": 64},
        "stages": {"base": stage(before), "zero": stage(after)},
        "provenance": {"commit": "abc1234", "versions": {"torch": "2"}},
    }


def records(text: str = "<think>1+1=2 yes\n</think>", prompt: str = "1+1") -> dict:
    """Curves of a base and of a zero run whose model writes one and the same text."""
    base, zero = [], []
    for step in range(0, 101, 10):
        rise = 1 - math.exp(-step / 30)
        skills = {"copy": rise, "arithmetic": rise / 2, "verification": 0.5 + rise / 2}
        base.append({"step": step, "loss": 4 - 3 * rise, "skills": skills})
        point = {
            "step": step,
            "reward": rise,
            "accuracy": rise,
            "length": 20 + 50 * rise,
        }
        one = {"text": text, "prompt": prompt, "right": step > 50}
        look = {"valid": rise, "valid_length": 30.0, "transcripts": [one] * 4}
        zero.append(point | (look if step % 20 == 0 else {}))
    return {"base": {"history": base}, "zero": {"history": zero}}


def last_stage(liked: bool = True) -> list[dict]:
    """The curve of r1: looks at the truth, and reward models from step 60 on."""
    out = []
    for step in range(0, 101, 10):
        point = {"step": step, "reward": 1.2, "accuracy": 0.5, "length": 60.0}
        if liked and step >= 60:
            point |= {"liked": step / 200, "safe": 0.9}
        if step % 20 == 0:
            point |= {"helpful": 0.5 + step / 1000, "over_refusal": 0.0, "words": 7.0}
        out.append(point)
    return out


def words(page: str) -> str:
    """What a page says, in one line, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


class Links(HTMLParser):
    """What a page would fetch or run, the tags it holds, and whether they close."""

    def __init__(self, page: str):
        super().__init__()
        self.text, self.tags, self.links, self.open = page, set(), [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag != "meta":
            self.open.append(tag)
        for name, value in attributes:
            assert not name.startswith("on"), name
            if name in ("src", "href", "xlink:href", "srcset", "action", "data"):
                self.links.append(value)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def fetched(self) -> list[str]:
        """All that a browser would fetch or run."""
        assert self.open == []
        active = {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
        outside = [link for link in self.links if not link.startswith("#")]
        calls = re.findall(r"@import|https?:|url\((?!#)", self.text)
        return [*sorted(self.tags & active), *outside, *calls]


def test_a_report_fetches_and_runs_nothing():
    page = Links(report.page(results(), records()))
    assert page.fetched() == []
    assert {"table", "svg", "details", "pre"} <= page.tags


def test_that_test_can_fail():
    for bad in ("<script></script>", "<img src='http://x'>", "<p style='url(x)'></p>"):
        page = Links.__new__(Links)
        HTMLParser.__init__(page)
        page.text, page.tags, page.links, page.open = bad, set(), [], []
        page.feed(bad)
        page.open = []
        assert page.fetched()


def test_every_picture_has_words_for_those_who_listen():
    text = report.page(results(), records())
    told = re.findall(r'<svg [^>]*role="img" aria-label="([^"]*)"', text)
    assert len(told) == text.count("<svg") == 4
    assert "Held-out pass@1: 0% at step 0, 96% at step 100" in told[1]
    assert "zero, arithmetic: 0.70 (0.65 to 0.75)" in told[2]
    assert "zero, countdown: 0.70 (0.65 to 0.75)" in told[3]


def test_pictures_follow_light_and_dark():
    text = report.page(results(), records())
    assert "prefers-color-scheme: dark" in text and "var(--c1)" in text
    drawn = "".join(re.findall(r"<svg.*?</svg>", text, re.S))
    assert not re.search("#(222222|ffffff|0072b2)", drawn)


@pytest.mark.parametrize("text", ["<script>f()</script>", '"><img src=x onerror=f()>'])
def test_model_text_and_prompts_are_escaped(text):
    page = report.page(results(), records(text + " no\n</think>", text))
    assert text not in page
    assert Links(page).fetched() == []


HOSTILE = '<script>f()</script>"><img src=x onerror=f()>$x^$</style>&amp;{{ 7*7 }}'


def hostile(value):
    """Replace every text in something by one that would run if nobody escaped it."""
    if isinstance(value, dict):
        return {name: hostile(part) for name, part in value.items()}
    if isinstance(value, list):
        return [hostile(part) for part in value]
    return HOSTILE if isinstance(value, str) else value


def renamed(found: dict, old: str) -> dict:
    return {HOSTILE if name == old else name: x for name, x in found.items()}


def check_harmless(text: str):
    assert Links(text).fetched() == [] and "49" not in words(text).split()
    assert HOSTILE not in text and "<script" not in text and "onerror=f()>" not in text
    assert text.count("</style>") == text.count("<style")


def test_hostile_text_in_any_value_is_escaped():
    found, kept = hostile(results()), hostile(records())
    check_harmless(report.page(found, kept))


@pytest.mark.parametrize("name", ["zero", "base"])
def test_hostile_names_of_stages_are_escaped(name):
    found = results()
    found["stages"] = {**found["stages"], HOSTILE: found["stages"][name]}
    check_harmless(report.page(found, {**records(), HOSTILE: records()[name]}))


def test_hostile_names_of_settings_and_versions_are_escaped():
    found = results()
    found["settings"] |= {HOSTILE: {HOSTILE: HOSTILE}}
    found["provenance"]["versions"] |= {HOSTILE: HOSTILE}
    check_harmless(report.page(found, records()))


def test_hostile_names_of_games_and_files_are_escaped():
    found = results()
    for one in found["stages"].values():
        one["test"] = renamed(one["test"], "countdown")
        one["sha256"] = {HOSTILE: HOSTILE}
    check_harmless(report.page(found, records()))


@pytest.mark.parametrize("step", [HOSTILE, [HOSTILE], {HOSTILE: 1}])
def test_a_hostile_step_of_a_transcript_is_escaped(step):
    history = records()["zero"]["history"]
    text = report.transcripts([{**point, "step": step} for point in history])
    assert Links(text).fetched() == [] and HOSTILE not in text


def test_a_hostile_alt_text_stays_inside_its_attribute():
    picture = plots.base_curves(records()["base"]["history"])
    picture.alt = HOSTILE
    text = page.macro("svg")(report_pieces.drawn(picture))
    assert Links(text).fetched() == [] and HOSTILE not in text


def test_a_value_that_a_template_lacks_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        page.render("report.html.j2", title="x")


def test_the_report_is_written_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page.TEMPLATES.cache.clear()
    assert "<h2>Results</h2>" in report.page(results(), records())


@pytest.mark.parametrize(
    "text", ["[]", "{}", "null", '{"stages": 3}', '{"stages": {"base": []}}']
)
def test_results_of_another_kind_are_one_line(tmp_path, text):
    content = json.loads(text)
    if content and content["stages"] != 3:
        content = results() | content
    (tmp_path / "results.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="results.json is damaged: wanted"):
        report.write(tmp_path)


def test_verdicts_and_tags_are_coloured_after_escaping():
    shown = report_pieces.marked("<think>1+1=3 no\n1+1=2 맞아\n</think> & no way")
    assert '1+1=3 <span class="no">no</span>' in shown
    assert '1+1=2 <span class="yes">맞아</span>' in shown
    assert '<span class="tag">&lt;/think&gt;</span> &amp; no way' in shown


def test_a_long_completion_is_cut():
    assert len(report_pieces.marked("a" * 10_000)) < 3000


def test_each_measurement_is_described_where_it_is_shown():
    page = report.page(results(), records())
    top, _, rest = page.partition("<h2>Results</h2>")
    above, _, curves = rest.partition("<h2>Curves</h2>")
    games = "8 test problems of arithmetic and countdown that no training saw"
    assert f"{games}, 4 samples" in words(top) and games not in words(rest)
    assert "scorecard" not in top and "interval" not in words(top)
    above = above.partition("Tables and reward models")[0]
    before, _, after = above.partition("<table>")
    assert "scorecard" in before and "easy test problems / hard ones" in words(before)
    assert "up to 64 of each family and level, 2 samples of each" in words(before)
    assert "interval is at most 0.15 to either side" in words(before)
    assert words(after).count("easy") == 1  # the corner of the table
    assert "95% intervals" in words(curves)


def test_the_rows_of_the_results_are_explained():
    text = words(report.page(results(), records()))
    assert "mixed another language in the thinking, reasoning problems" in text
    assert "says who it is" not in text  # no column of this run


def test_a_smoke_run_makes_no_claim():
    smoke = results() | {"preset": "smoke"}
    assert "no claim may rest on it" in report.page(smoke, records())
    assert "no claim may rest on it" not in report.page(results(), records())


def test_tiles_name_the_base_zero_and_r1_and_no_other_model():
    found = results()
    means = {"dev1": 0.31, "dev3": 0.32, "r1": 0.63, "student": 0.34, "distill": 0.35}
    found["stages"] |= {name: stage(mean) for name, mean in means.items()}
    text = words(report.tiles(found))
    assert "20% base 70% zero 63% r1 answered correctly" in text
    assert "→" not in text and not re.search("3[1245]%|dev|student|distill", text)
    assert words(report.tiles(results())).startswith("20% base 70% zero answered")


def test_a_student_alone_has_only_the_tile_of_its_minutes():
    only = results() | {"stages": {"student": stage(0.2)}}
    assert words(report.tiles(only)) == "1.5 minutes of training"


@pytest.mark.parametrize("liked", [True, False])
def test_r1_shows_what_it_was_paid_for_and_the_truth_where_they_were_measured(liked):
    found = results()
    found["stages"]["r1"] = stage(0.6)
    kept = records() | {"r1": {"history": last_stage(liked)}}
    page = report.page(found, kept)
    told = re.findall(r'<svg [^>]*role="img" aria-label="([^"]*)"', page)
    assert len(told) == 6 and "not measured" not in "".join(told)
    paid, truth = told[2:4]
    assert "right: 0.50 at step 0, 0.50 at step 100" in paid
    said = "liked: 0.30 at step 60, 0.50 at step 100" in paid
    assert said == liked == ("safe:" in paid)
    assert "helpful: 0.50 at step 0, 0.60 at step 100" in truth
    assert "harmless" not in truth and "liked" not in truth
    assert Links(page).fetched() == []


def test_transcripts_stand_before_during_and_after():
    text = report.transcripts(records()["zero"]["history"])
    assert re.findall(r"<h3>step (\d+) ", text) == ["0", "20", "60", "100"] * 4
    assert text.count("✓ right") == 8 and text.count("✗ wrong") == 8


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [(0.1, 0.9, "raised"), (0.9, 0.1, "lowered"), (0.5, 0.52, "about where it was")],
)
def test_the_story_says_what_came_out(before, after, word):
    assert word in report_words.story(results(before, after))


def test_a_base_alone_has_a_report():
    only = results() | {"stages": {"base": stage(0.2)}}
    page = report.page(only, {"base": records()["base"]})
    assert "After pre-training the model answers 20%" in page
    assert Links(page).fetched() == []


def test_the_table_is_aligned():
    lines = report.as_text(report.table(results())).splitlines()
    assert lines[0].split() == "easy / hard base zero".split()
    assert lines[2][lines[0].index("zero") :].startswith(".70 / .00")
    assert lines[4].split() == "length, tokens 18 / 18 63 / 63".split()
    assert lines[5].split() == "training, minutes 1.5 1.5".split()


def with_others() -> dict:
    """Results of a run that has a table and reward models, too."""
    found, rest = results(), {"minutes": 0.5, "sha256": DIGEST, "memory_gb": None}
    lasts = {
        "cold": {"rows": 2315},
        "helpful": {"pair_accuracy": 0.786, "pairs": 667},
        "harmless": {"safe_found": 0.92, "unsafe_found": 0.55, "answers": 828},
    }
    found["stages"] |= {name: {"last": last, **rest} for name, last in lasts.items()}
    return found


def test_a_stage_without_a_model_says_what_it_left_and_has_no_empty_row():
    found = with_others()
    assert report.table(found) == report.table(results())
    text = report.page(found, records())
    assert "<td></td>" not in text and Links(text).fetched() == []
    said = words(text)
    assert "cold a table of 2,315 rows 0.5" in said
    assert "orders 79% of 667 held-out pairs as the judge does 0.5" in said
    assert "recognises 92% of the safe ones and 55% of the unsafe ones 0.5" in said
    assert "Tables and reward models" not in report.page(results(), records())


def test_tables_scroll_beside_a_first_column_that_stays():
    text = report.page(with_others(), records())
    for head in re.findall(r"<tbody>\s*<tr>(<\w+[^>]*>)", text):
        assert head == '<th scope="row">'
    style = text.partition("<style>")[2].partition("</style>")[0]
    first = re.search(r"\n(?:th:first-child|th:first-child[^{]*) \{([^}]*)\}", style)[1]
    assert "position: sticky" in first and "left: 0" in first and "background" in first
    assert re.search(r"\.scroll \{[^}]*overflow-x: auto", style)


def test_one_question_goes_through_all_models_side_by_side():
    text = report.through(results())
    assert re.findall(r"<summary>(.*?)</summary>", text) == ["a", "b"]
    heads = ['base <span class="no">✗ wrong', 'zero <span class="yes">✓ right']
    assert re.findall(r"<h3>(.*?)</span>", text) == heads * 2
    assert "0.7" in text.partition("zero")[2]
    old = results()
    for found in old["stages"].values():
        del found["answers"]
    assert report.through(old) == ""


def commands(**changes) -> list[str]:
    rows = report_words.next_steps(results() | changes, "runs/my run")
    return [command for command, _ in rows]


def test_what_to_do_next_are_commands_for_this_run():
    every = {name: stage(0.5) for name in report_words.STAGES}
    assert commands(stages=every) == [
        "python r1.py chat --compare 'runs/my run'",
        "python r1.py train --preset tiny --seed 1 --out 'runs/my run-seed-1'",
        "python r1.py lab",
    ]
    assert "python r1.py train" in commands(stages=every, preset="smoke")
    left = "python r1.py train --preset tiny --seed 0 --out 'runs/my run'"
    assert commands()[:2] == ["python r1.py chat 'runs/my run'", left]
    assert left in words(report.page(results(), records(), "runs/my run")).replace(
        "&#39;", "'"
    )


def test_the_story_has_no_growth_from_a_number_to_itself():
    found = results()
    for name, length in (("base", 28.4), ("zero", 27.6)):
        found["stages"][name]["test"]["length"] = length
    assert "kept its length, 28 tokens" in report_words.story(found)
    assert "grew from 18 to 63 tokens" in report_words.story(results())


def test_the_story_ends_with_r1_and_its_language():
    found = results()
    found["stages"]["r1"] = stage(0.61)
    said = report_words.story(found)
    assert "R1, after all stages, answers 61% correctly" in said
    assert "switches language in 0% of the answers" in said
    assert "R1, after" not in report_words.story(results())


def test_a_notebook_gets_a_png_with_words():
    content, about = plots.base_curves(records()["base"]["history"])._repr_png_()
    assert content.startswith(b"\x89PNG") and about["alt"].startswith("Pre-training")


def test_curves_of_a_run_that_has_hardly_begun():
    for draw in (plots.base_curves, plots.zero_curves):
        assert "not measured" in draw([]).alt
