"""`python r1.py site`: what it reads, refuses and writes. Most tests need no Sphinx."""

import json
import zipfile
from pathlib import Path

import nbformat
import pytest

from r1lib import files
from tools import bootstrap, site, site_book, site_check, site_source, widgets
from tools.book_source import Book, BookError
from tools.site_source import Pages

ROOT = Path(__file__).resolve().parent.parent
PICTURE = "![a long enough description](../figures/widget_clip.png)"


@pytest.fixture
def made(tmp_path):
    """The pages of a small project: one chapter, one claim, one file of data."""
    root = tmp_path / "project"
    for name, text in {
        "README.md": "# The book\n\n[claim](docs/claims/P04.md)\n",
        "LICENSE": "free",
        "docs/faq.md": "# Questions\n\n[back](../README.md)\n",
        "docs/claims/P04.md": "# P4: a vote\n\nIt holds.\n",
        "results/data/zero-0.json": '{"P4": {}, "P1": {}}',
        "results/data/base-0.json": '{"P1": {}}',
        "book/01_first.py": "# %% [markdown]\n# # The first\n",
    }.items():
        files.write_text(root / name, text)
    cells = [
        nbformat.v4.new_markdown_cell("[next](02.ipynb)", metadata={"tags": ["nav"]}),
        nbformat.v4.new_markdown_cell("# The first\n\n| Minutes to read | 40 |"),
        nbformat.v4.new_code_cell("1 + 1", outputs=[picture("two dots")]),
    ]
    nb = nbformat.v4.new_notebook(cells=cells)
    files.write_text(root / "chapters/01_first.ipynb", nbformat.writes(nb))
    pages = Pages(root, tmp_path / "source")
    pages.groups = site_source.contents(root)
    return pages


def picture(alt: str):
    return nbformat.v4.new_output(
        "display_data",
        {"image/png": "aGVsbG8="},
        metadata={"image/png": {"alt": alt}},
    )


# ---- arguments and bad input -------------------------------------------------------


def test_the_verb_takes_options():
    command = bootstrap.command_for(["site", "--epub", "--out", "x"])
    assert command == ["-m", "tools.site", "--epub", "--out", "x"]


@pytest.mark.parametrize(
    "url", ["book.org", "ftp://book.org", "https://", "https://a/?b"]
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(BookError, match="--url"):
        site.address(url)


def test_an_address_ends_in_a_slash():
    assert site.address("") == ""
    assert site.address("https://book.org/r1") == "https://book.org/r1/"


def test_missing_packages_are_one_line_with_the_command(monkeypatch, capsys):
    monkeypatch.setattr(site, "is_there", lambda module: module != "myst_nb")
    assert site.main([]) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert "needs myst-nb;" in said.err
    assert "pip install -r requirements-site.txt" in said.err


def test_the_packages_are_those_of_the_file_and_pinned():
    rows = (ROOT / "requirements-site.txt").read_text(encoding="utf-8").splitlines()
    named = [row.split("#")[0].strip() for row in rows if not row.startswith("#")]
    assert [row.partition("==")[0] for row in named] == list(site.NEEDED.values())
    assert all("==" in row for row in named)
    needed = (ROOT / "requirements.txt").read_text(encoding="utf-8").lower()
    assert not [name for name in site.NEEDED.values() if name in needed]


def test_an_output_folder_with_foreign_files_is_refused(tmp_path):
    files.write_text(tmp_path / "thesis.txt", "years of work")
    with pytest.raises(BookError, match="no site wrote"):
        site.check_free(tmp_path)
    with pytest.raises(BookError, match="is a file"):
        site.check_free(tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_site_is_replaced_but_not_with_foreign_files_in_it(tmp_path):
    out = tmp_path / "site"
    for text in ("old", "new"):
        files.write_text(tmp_path / "made/a/index.html", text)
        site.check_free(out)
        site.replace(out, tmp_path / "made")
    assert (out / "a/index.html").read_text() == "new"
    files.write_text(out / "a/notes.txt", "mine")
    with pytest.raises(BookError, match="a/notes.txt"):
        site.check_free(out)


def test_an_empty_or_absent_output_folder_is_free(tmp_path):
    site.check_free(tmp_path)
    site.check_free(tmp_path / "absent")


def test_a_pdf_needs_a_browser_and_a_korean_font(monkeypatch):
    monkeypatch.setattr(site_book, "PLACES", ())
    monkeypatch.setattr(site_book.shutil, "which", lambda name: None)
    with pytest.raises(BookError, match="install one of them"):
        site_book.browser()
    monkeypatch.setattr(site_book.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(site_book, "korean_font", lambda: "")
    with pytest.raises(BookError, match="Korean letters"):
        site_book.browser()
    monkeypatch.setattr(site_book, "korean_font", lambda: "/fonts/one.ttf")
    assert site_book.browser() == "/bin/chromium"


def test_a_font_without_korean_letters_does_not_count(monkeypatch):
    from matplotlib import font_manager

    latin = font_manager.findfont("DejaVu Sans")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [latin, "/absent.ttf"])
    assert site_book.korean_font() == ""


# ---- what Sphinx reads -------------------------------------------------------------


def test_contents_of_a_small_project(made):
    assert made.groups == [
        ("Chapters", [("chapters/01_first", "01. The first (40 min)")]),
        ("What was measured", [("docs/claims/P04", "P4: a vote")]),
        ("Reference", [("docs/faq", "Questions")]),
    ]


def test_every_chapter_claim_and_page_of_this_book_has_a_place():
    names = {page for _, listed in site_source.contents(ROOT) for page, _ in listed}
    book = Book(ROOT)
    wanted = {f"chapters/{source.stem}" for source in book.sources()}
    wanted |= {f"docs/claims/P{number:02}" for number in range(1, 17)}
    wanted |= {f"docs/{path.stem}" for path in (ROOT / "docs").glob("*.md")}
    assert wanted <= names
    assert {"docs/errata", "docs/faq", "docs/glossary"} <= names


@pytest.mark.parametrize(
    "page, text, wanted",
    [
        (
            "docs/faq",
            "[a](../chapters/01_first.ipynb#x)",
            "[a](../chapters/01_first.ipynb#x)",
        ),
        ("docs/faq", "[a](../README.md)", "[a](../index.md)"),
        ("docs/faq", "[`a`](../LICENSE)", '<a href="../files/LICENSE">`a`</a>'),
        ("docs/faq", "[a](../results/)", "a"),
        ("docs/faq", "[a](../../outside.txt)", "a"),
        ("docs/faq", "[a](https://a.org)", "[a](https://a.org)"),
        ("docs/faq", "`[a](../LICENSE)`", "`[a](../LICENSE)`"),
        ("README", "[a](docs/claims/P04.md)", "[a](docs/claims/P04.md)"),
        ("README", "[a](widgets/clip.html)", '<a href="widgets/clip.html">a</a>'),
    ],
)
def test_a_link_leads_to_a_page_or_to_a_copy(made, page, text, wanted):
    files.write_text(made.root / "widgets/clip.html", "")
    assert site_source.adapt(made, text, page) == wanted


def test_files_that_pages_link_to_are_copied(made, tmp_path, monkeypatch):
    monkeypatch.setattr(widgets, "WIDGETS", {})
    site_source.adapt(made, "[a](../LICENSE)", "docs/faq")
    site_source.copy_extra(made, tmp_path / "out")
    assert (tmp_path / "out/files/LICENSE").read_text() == "free"


def test_a_book_in_one_file_links_to_no_file(made):
    made.paged = False
    assert site_source.adapt(made, "[a](../LICENSE)", "docs/faq") == "a"
    assert made.extra == set()


def test_a_notebook_loses_its_links_and_its_pictures_get_words(made):
    site_source.stage_page(made, "chapters/01_first")
    nb = nbformat.read(made.folder / "chapters/01_first.ipynb", 4)
    first, code = nb.cells
    assert first.source.startswith("# The first")
    assert code.metadata["mystnb"] == {"image": {"alt": "two dots"}}
    assert code.outputs == [picture("two dots")]  # shown as it was, never executed


def test_a_claim_lists_the_files_that_measured_it(made):
    site_source.stage_page(made, "docs/claims/P04")
    text = (made.folder / "docs/claims/P04.md").read_text(encoding="utf-8")
    link = '<a href="../../files/results/data/zero-0.json">zero-0.json</a>'
    assert link in text and "base-0" not in text
    assert made.extra == {"results/data/zero-0.json"}


@pytest.mark.parametrize("number", range(1, 17))
def test_each_claim_of_this_book_has_files(number):
    assert site_source.measured(ROOT, f"P{number}")


def test_a_widget_follows_its_picture(made, monkeypatch):
    monkeypatch.setattr(
        widgets, "fragment", lambda name, root: f"<figure>{name}</figure>"
    )
    text = site_source.adapt(made, f"Before.\n\n{PICTURE}\n\nAfter.", "chapters/08_x")
    before, rest = text.split(PICTURE)
    assert before == "Before.\n\n" and rest.index("```{raw} html") < rest.index(
        "After."
    )
    assert (made.folder / "widgets/clip.html").read_text() == "<figure>clip</figure>"
    made.paged = False
    assert site_source.adapt(made, PICTURE, "chapters/08_x") == PICTURE


def test_a_translation_shows_the_pictures_of_the_english_notebook(made):
    english = nbformat.read(made.root / "chapters/01_first.ipynb", 4)
    told = nbformat.v4.new_output("display_data", {"text/markdown": "elsewhere"})
    code = nbformat.v4.new_code_cell("1 + 1", outputs=[told], id=english.cells[2].id)
    folder = nbformat.v4.new_code_cell("import os", id="ko-folder")
    nb = nbformat.v4.new_notebook(cells=[folder, code])
    (kept,) = site_source.with_pictures(made.root, nb, "chapters/ko/01_first").cells
    assert kept.source == "1 + 1" and kept.outputs == [picture("two dots")]
    same = nbformat.v4.new_notebook(cells=[folder])
    assert site_source.with_pictures(made.root, same, "chapters/01_first") is same


def test_pages_of_the_guide_are_listed_under_the_course(made):
    files.write_text(made.root / "course/guide/01.md", "# One\n")
    assert site_source.below(made.root) == {}  # no page to list them under
    files.write_text(made.root / "course/README.md", "# The course\n")
    made.groups = site_source.contents(made.root)
    made.under = site_source.below(made.root)
    assert made.under == {"course/README": ["course/guide/01"]}
    assert "course/guide/01" in made.names()
    site_source.stage_page(made, "course/README")
    text = (made.folder / "course/README.md").read_text(encoding="utf-8")
    assert text.endswith("/course/guide/01\n```\n")


def test_the_first_page_has_the_contents_of_all(made):
    text = site_source.front(made)
    assert "01. The first (40 min) <chapters/01_first>" in text
    assert "Questions <docs/faq>" in text


def test_every_link_of_where_to_look_leads_somewhere(made):
    look = site_source.LOOK.read_text(encoding="utf-8")
    targets = [found[2].partition("#")[0] for found in site_source.LINK.finditer(look)]
    assert len(targets) > 15
    assert [t for t in targets if t and not (ROOT / t).is_file()] == []
    made.root = ROOT
    made.groups = site_source.contents(ROOT)
    made.under = site_source.below(ROOT)
    front = site_source.front(made)
    assert front.index("## Where to look") < front.index("## What comes out")
    assert '<a href="files/r1lib/losses.py">losses.py</a>' in front
    made.paged = False
    assert "## Where to look" not in site_source.front(made)


def test_a_chapter_leads_to_its_other_pages(made):
    name = "chapters/01_first"
    assert site_source.relatives(made, name) == ""
    made.groups.append(("More", [("chapters/ko/01_first", "")]))
    made.groups.append(("More", [("solutions/01_first", "")]))
    made.under = {"docs/faq": ["course/quizzes/01"]}
    solutions, quiz = "../solutions/01_first.ipynb", "../course/quizzes/01.md"
    wanted = f"[한국어](ko/01_first.ipynb) | [solutions]({solutions}) | [quiz]({quiz})"
    assert site_source.relatives(made, name) == wanted
    korean = site_source.relatives(made, "chapters/ko/01_first")
    assert korean.startswith("[English](../01_first.ipynb) | [풀이](../../solutions/")
    site_source.stage_page(made, name)
    first = nbformat.read(made.folder / f"{name}.ipynb", 4).cells[0].source
    assert first.startswith("# The first\n\n[한국어](ko/01_first.md) | ")


def test_llms_txt_and_the_sitemap_name_every_page(made):
    made.under = {"docs/faq": ["docs/claims/P05"]}
    files.write_text(made.root / "docs/claims/P05.md", "# P5: languages\n")
    said = site.llms(made, "")
    assert "- [P4: a vote](docs/claims/P04.html)" in said
    assert "- [P5: languages](docs/claims/P05.html)" in said
    known = site.sitemap(made, "https://book.org/")
    for name in made.names():
        assert f"<loc>https://book.org/{name}.html</loc>" in known


# ---- the finished site -------------------------------------------------------------

FINE = '<h1>Book</h1><a href="b.html#here">b</a><img src="c.png" alt="a dot">'


def write_site(folder: Path, first: str) -> list[str]:
    files.write_text(folder / "a.html", first)
    files.write_text(folder / "b.html", '<h1 id="here">b</h1>')
    files.write_text(folder / "c.png", "")
    return site_check.faults(folder)


def test_a_fine_site_has_no_faults(tmp_path):
    outside = '<a href="https://arxiv.org">a paper may be linked to</a>'
    assert write_site(tmp_path, FINE + outside) == []


@pytest.mark.parametrize(
    "more, fault",
    [
        ('<script src="https://cdn.org/x.js"></script>', "from elsewhere"),
        ('<link rel="stylesheet" href="//cdn.org/x.css">', "from elsewhere"),
        ("<style>@import url(https://cdn.org/x.css)</style>", "a style loads"),
        ('<img src="d.png" alt="a dot">', "d.png, which is not there"),
        ('<img src="c.png">', "no alt text"),
        ('<a href="d.html">d</a>', "leads nowhere"),
        ('<a href="../../secret.txt">d</a>', "leads nowhere"),
        ('<a href="b.html#there">b</a>', "no place on its page"),
        ("<h1>again</h1>", "2 headings"),
    ],
)
def test_a_fault_is_named(tmp_path, more, fault):
    (said,) = write_site(tmp_path, FINE + more)
    assert said.startswith("a.html: ") and fault in said


def test_a_style_that_loads_a_font_is_named(tmp_path):
    files.write_text(tmp_path / "x.css", "a { src: url('https://fonts.org/f.woff') }")
    (said,) = write_site(tmp_path, FINE)
    assert said.startswith("x.css: loads")


def test_an_e_book_has_one_name_and_no_rules_for_paper():
    said = site_book.settings("The book", ROOT)
    assert said["epub_uid"] == said["epub_identifier"]
    static = site.TEMPLATES / "static"
    for name in said["epub_css_files"]:
        assert "@page" not in (static / name).read_text(encoding="utf-8")
    print_only = (static / "print.css").read_text(encoding="utf-8")
    assert "@page" in print_only and "_static/print.css" in said["epub_exclude_files"]
    assert "print.css" in site.settings(ROOT, "")["html_css_files"]


def test_an_e_book_with_a_tag_left_open_is_refused(tmp_path):
    for page, good in (("<p>a<br/></p>", True), ("<p>a<br></p>", False)):
        with zipfile.ZipFile(tmp_path / "old.epub", "w") as book:
            book.writestr("a.xhtml", page)
        if good:
            site_book.finish_epub(tmp_path / "old.epub", tmp_path / "new.epub")
        else:
            with pytest.raises(BookError, match="a.xhtml is not XML"):
                site_book.finish_epub(tmp_path / "old.epub", tmp_path / "new.epub")


# ---- widgets -----------------------------------------------------------------------


@pytest.mark.parametrize("name", widgets.WIDGETS)
def test_a_committed_widget_is_what_its_data_give(name):
    found = (ROOT / f"widgets/{name}.html").read_text(encoding="utf-8")
    assert found == widgets.page(name), "run python -m tools.widgets"


@pytest.mark.parametrize("name", widgets.WIDGETS)
def test_a_widget_is_one_file_and_stands_in_its_chapter(name, tmp_path):
    files.write_text(tmp_path / "one.html", widgets.page(name))
    assert site_check.faults(tmp_path) == []
    source = ROOT / "book" / f"{widgets.WIDGETS[name].chapter}.py"
    assert f"](../figures/widget_{name}.png)" in source.read_text(encoding="utf-8")
    assert (ROOT / f"figures/widget_{name}.png").exists()


def test_a_widget_of_the_site_leads_back_to_its_chapter():
    said = widgets.page("clip", above="../chapters/{chapter}.html")
    assert '<a href="../chapters/08_rlhf_to_grpo.html">' in said
    assert "../chapters" not in widgets.page("clip")


def test_what_a_model_wrote_cannot_end_the_data():
    text = "</script><script>alert(1)</script><!--"
    data = str(widgets.script_data({"text": text}))
    assert "<" not in data and json.loads(data) == {"text": text}


def test_counts_of_pass_at_k_are_those_of_the_result_files():
    data = widgets.passing(ROOT)
    for name, seeds in data["models"].items():
        assert [len(counts) for counts in seeds] == [len(data["kinds"])] * 3, name
        for seed, counts in enumerate(seeds):
            shares = widgets.sampled(ROOT, widgets.MODELS[name], seed)["right"]
            for count, share in zip(counts, shares, strict=True):
                assert abs(count / data["samples"] - share) < 1e-3


def test_looks_of_zero_are_of_the_same_problems_at_every_step():
    for run in widgets.zero(ROOT)["seeds"]:
        asked = [[text["prompt"] for text in look["texts"]] for look in run["looks"]]
        assert len(asked) > 2 and all(prompts == asked[0] for prompts in asked)
        assert len(run["curve"]) == run["looks"][-1]["step"]


# ---- with the packages -------------------------------------------------------------


def test_formulas_become_mathml():
    pytest.importorskip("latex2mathml")
    sphinx = pytest.importorskip("sphinx")
    from tools.site_sphinx import mathml

    said = mathml(r"o \sim \pi", "inline")
    assert said.startswith('<math alttext="o \\sim \\pi"') and "&#x0223C;" in said
    with pytest.raises(sphinx.errors.ExtensionError, match="nosuch"):
        mathml(r"\nosuch x", "inline")
    assert "<mi>log</mi><mspace " in mathml(r"\log q", "inline")
    assert "<msub><mi>log</mi><mn>2</mn></msub>" in mathml(r"\log_2 q", "inline")


def test_a_formula_with_a_part_too_many_is_refused():
    pytest.importorskip("latex2mathml")
    sphinx = pytest.importorskip("sphinx")
    from tools.site_sphinx import check_parts

    check_parts("a_b", "<math><msub><mi>a</mi><mi>b</mi></msub></math>")
    with pytest.raises(sphinx.errors.ExtensionError, match="3 parts, not 2"):
        check_parts("a_b", "<math><msub><mi>a</mi><mi/><mi>b</mi></msub></math>")


def test_terms_of_the_glossary_and_how_they_are_written():
    pytest.importorskip("latex2mathml")
    pytest.importorskip("sphinx")
    from tools.site_sphinx import anchor, linked, matcher, spellings

    assert spellings("byte-pair encoding (BPE)") == ["byte-pair encoding", "BPE"]
    assert spellings("absorbed (attention)") == ["absorbed"]
    assert anchor("byte-pair encoding (BPE)") == "term-byte-pair-encoding-bpe"
    terms = {
        "token": ("term-token", "A piece."),
        "reward": ("term-reward", "A number."),
    }
    parts = linked(
        "Tokens? A token, tokens, rewards.", matcher(terms), terms, set(), "g"
    )
    links = [part for part in parts if hasattr(part, "attributes")]
    assert [link.astext() for link in links] == ["token", "rewards"]


def clicks(folder: Path, first: str, most: int) -> set[str]:
    """The pages that can be reached from a page with so many clicks."""
    reached, last = {first}, {first}
    for _ in range(most):
        links = {
            site_check.place(folder / name, target)
            for name in last
            for target in site_check.read(folder / name).links
            if "://" not in target
        }
        names = {
            path.relative_to(folder.resolve()).as_posix()
            for path in links
            if path.suffix == ".html" and path.is_relative_to(folder.resolve())
        }
        last = names - reached
        reached |= names
    return reached


def test_clicks_are_counted(tmp_path):
    for name, to in ("a", "b"), ("b", "c"), ("c", "a"):
        files.write_text(tmp_path / f"{name}.html", f'<a href="{to}.html#x">x</a>')
    assert clicks(tmp_path, "a.html", 1) == {"a.html", "b.html"}
    assert clicks(tmp_path, "a.html", 2) == {"a.html", "b.html", "c.html"}


@pytest.mark.slow
def test_the_whole_site_is_built_and_sound(tmp_path, capsys):
    if names := site.missing():
        pytest.skip(f"needs {', '.join(names)}")
    out = tmp_path / "site"
    assert site.main(["--out", str(out), "--url", "https://book.org"]) == 0
    assert site_check.faults(out) == []
    known = (out / "sitemap.xml").read_text(encoding="utf-8")
    for source in Book(ROOT).sources():
        assert (out / f"chapters/{source.stem}.html").exists()
        assert f"https://book.org/chapters/{source.stem}.html" in known
    page = (out / "chapters/08_rlhf_to_grpo.html").read_text(encoding="utf-8")
    assert "<math " in page and "<details><summary>" in page
    assert 'class="term' in page and 'id="widget-clip"' in page
    assert '<a class="picture" href="../_images/' in page
    pages = {path.relative_to(out).as_posix() for path in out.rglob("*.html")}
    assert pages - clicks(out, "index.html", 2) == {"search.html"}  # its field is there
    claim = (out / "docs/claims/P04.html").read_text(encoding="utf-8")
    assert 'href="../../files/results/data/zero-0.json"' in claim
    assert "chapters/08_rlhf_to_grpo.html" in (out / "llms.txt").read_text()
