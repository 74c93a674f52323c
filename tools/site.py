"""The web site of the book: static pages, made offline from the executed notebooks.

    python r1.py site                   build/site/index.html; open it in a browser
    python r1.py site --epub --pdf      and the book as one file
    python r1.py site --url ADDRESS     with a sitemap, for the address it will have

Nothing is executed and nothing is downloaded, and no page asks another server for
anything. The packages that it needs are in requirements-site.txt.
"""

import argparse
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from r1lib import files
from r1lib.files import line
from tools import site_book, site_check, site_source
from tools.arguments import Parser
from tools.book_source import BookError
from tools.page import render
from tools.site_source import Pages

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).with_name("templates")
NEEDED = {
    "sphinx": "sphinx",
    "myst_nb": "myst-nb",
    "sphinx_book_theme": "sphinx-book-theme",
    "sphinx_copybutton": "sphinx-copybutton",
    "latex2mathml": "latex2mathml",
}
MARKER = ".r1-site.json"  # which files of an output folder are ours
TITLE = "Build DeepSeek-R1 yourself"
COPIED = "div.cell_input pre, div.highlight:not(.cell_output *) pre"


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = Parser(prog="r1.py site", description=__doc__.splitlines()[0])
    default = ROOT / "build/site"
    parser.add_argument("--out", type=Path, default=default, help="else build/site")
    parser.add_argument("--url", default="", help="the address it will have, if known")
    parser.add_argument("--epub", action="store_true", help="also one e-book")
    parser.add_argument("--pdf", action="store_true", help="also one PDF")
    return parser.parse_args(argv)


def address(url: str) -> str:
    """A web address that ends in a slash; a BookError if it is none."""
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query:
        raise BookError(
            f"--url is {line(url)!r}: wanted an address such as https://..."
        )
    return url.rstrip("/") + "/"


def missing() -> list[str]:
    """The packages that are not installed."""
    return [name for module, name in NEEDED.items() if not is_there(module)]


def is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def say_missing(names: list[str]) -> str:
    """One line: what to type."""
    python = Path(sys.executable)
    if python.is_relative_to(ROOT):
        python = python.relative_to(ROOT)
    install = "-m pip install -r requirements-site.txt -c constraints.txt"
    return f"site needs {', '.join(names)}; run: {python} {install}"


# ---- the output folder -----------------------------------------------------------


def check_free(out: Path) -> None:
    """Refuse an output folder that holds anything but an older site of ours."""
    if not out.exists():
        return
    if not out.is_dir():
        raise BookError(f"--out is a file: {line(out)}")
    found = {p.relative_to(out).as_posix() for p in out.rglob("*") if not p.is_dir()}
    if not found:
        return
    if MARKER not in found:
        raise BookError(
            f"{line(out)} holds files that no site wrote; name another --out"
        )
    ours = set(files.read_json(out / MARKER, fields={"files": list})["files"])
    if foreign := sorted(found - ours - {MARKER}):
        said = f"{len(foreign)} files that no site wrote, such as {line(foreign[0])}"
        raise BookError(f"{line(out)} holds {said}; move them first")


def replace(out: Path, made: Path) -> None:
    """Put a finished site in the place of the older one."""
    names = [p.relative_to(made).as_posix() for p in made.rglob("*") if not p.is_dir()]
    files.write_text(made / MARKER, json.dumps({"files": sorted(names)}, indent=0))
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists():
        shutil.rmtree(out)
    os.replace(made, out)


# ---- what is beside the pages ----------------------------------------------------


def llms(made: Pages, base: str) -> str:
    """llms.txt: what the site is, and where each page is, for a language model."""
    groups = []
    for name, listed in made.groups:
        under = [page for top, _ in listed for page in made.under.get(top, [])]
        rows = [*listed, *site_source.pages(made.root, under)]
        groups.append((name, [(label, f"{base}{page}.html") for page, label in rows]))
    return render("llms.txt.j2", title=TITLE, groups=groups)


def sitemap(made: Pages, base: str) -> str:
    """sitemap.xml; it needs full addresses, so it needs the address of the site."""
    addresses = [f"{base}{name}.html" for name in sorted(made.names())]
    return render("sitemap.xml.j2", addresses=addresses)


# ---- Sphinx ----------------------------------------------------------------------


def settings(root: Path, url: str) -> dict:
    """The configuration of Sphinx, without a file of its own."""
    return {
        "project": TITLE,
        "html_title": TITLE,
        "html_theme": "sphinx_book_theme",
        "html_theme_options": {
            "use_download_button": False,
            "use_fullscreen_button": False,
            "home_page_in_toc": True,
            "navbar_persistent": [],
            "show_navbar_depth": 1,
            "max_navbar_depth": 2,
            "show_toc_level": 2,
            "extra_footer": "Prose and figures: CC BY 4.0. Code: Apache-2.0.",
        },
        "html_context": {"default_mode": "auto"},
        "html_use_index": False,
        "html_static_path": [str(TEMPLATES / "static")],
        "html_favicon": str(TEMPLATES / "static/icon.svg"),
        "html_css_files": ["site.css", "print.css"],
        "html_js_files": ["site.js"],
        "html_baseurl": url,
        "html_copy_source": False,
        "html_show_sourcelink": False,
        "html_show_copyright": False,
        "html_show_search_summary": False,  # it fetches, which a disk refuses
        "html_math_renderer": "mathml",
        "html_last_updated_fmt": None,
        "extensions": ["myst_nb", "sphinx_copybutton", "tools.site_sphinx"],
        "nb_execution_mode": "off",
        "nb_render_markdown_format": "myst",
        "nb_merge_streams": True,
        "myst_enable_extensions": ["dollarmath", "html_image"],
        "myst_dmath_allow_labels": False,
        "myst_heading_anchors": 4,
        "copybutton_selector": COPIED,
        # Solutions keep only some headings of their chapter: a level may be left out.
        # "app": that a second builder in one process registers its parts again.
        "suppress_warnings": ["misc.highlighting_failure", "myst.header", "app"],
        "language": "en",
        **site_book.settings(TITLE, root),
    }


def run_sphinx(source: Path, out: Path, builder: str, config: dict) -> None:
    """Build with warnings as errors: each of them is a link or a page that is wrong."""
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.console import nocolor

    nocolor()
    trees = source.parent / f"trees-{builder}"
    with open(source.parent / f"{builder}.log", "w+", encoding="utf-8") as log:
        try:
            app = Sphinx(
                str(source),
                None,
                str(out),
                str(trees),
                builder,
                confoverrides=config,
                status=None,
                warning=log,
            )
            app.build()
        except SphinxError as problem:
            raise BookError(f"sphinx: {line(problem)}") from None
        log.seek(0)
        said = [text for text in log.read().splitlines() if text.strip()]
    if said:
        first = said[0].replace(f"{source}{os.sep}", "")
        raise BookError(f"the pages have {len(said)} faults, such as {line(first)}")


def build(root: Path, out: Path, url: str, epub: bool, pdf: bool) -> int:
    """Build everything in a folder of its own, check it, and put it in place."""
    began = time.monotonic()
    out = out.resolve()
    check_free(out)
    browser = site_book.browser() if pdf else ""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".site-") as place:
        work, made = Path(place).resolve(), Path(place).resolve() / "html"
        books = site_book.names(epub, pdf)
        pages = Pages(root, work / "source", books=books)
        site_source.stage(pages)
        print("site: writing the pages", flush=True)
        run_sphinx(pages.folder, made, "html", settings(root, url))
        site_source.copy_extra(pages, made)
        files.write_text(made / "llms.txt", llms(pages, url))
        if url:
            files.write_text(made / "sitemap.xml", sitemap(pages, url))
        for path in (made / ".buildinfo", *made.glob("_static/*macros.html")):
            path.unlink(missing_ok=True)  # of use to Sphinx and its themes alone
        if epub or pdf:
            print("site: writing the book as one file", flush=True)
            site_book.make(
                root, work, made, settings(root, ""), run_sphinx, epub, browser
            )
        if faults := site_check.faults(made):
            for fault in faults[:20]:
                print(f"r1: {line(fault)}", file=sys.stderr)
            raise BookError(
                f"the finished site has {len(faults)} faults; not put in place"
            )
        replace(out, made)
    seconds, size = time.monotonic() - began, site_source.sizes(out) / 1e6
    print(f"site: {len(pages.names())} pages, {size:.0f} MB, {seconds:.0f} s")
    print(f"open {out / 'index.html'}")
    return 0


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    if names := missing():
        print(f"r1: {say_missing(names)}", file=sys.stderr)
        return 1
    try:
        return build(ROOT, asked.out, address(asked.url), asked.epub, asked.pdf)
    except (BookError, ValueError) as problem:
        print(f"r1: {line(problem)}", file=sys.stderr)
        return 1
    except OSError as problem:
        said = f"{problem.strerror or problem}: {problem.filename or ''}"
        print(f"r1: {line(said)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nr1: stopped; an older site is as it was", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
