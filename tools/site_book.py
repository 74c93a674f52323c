"""The book as one file: an EPUB by Sphinx, and a PDF that a browser prints."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from tools import site_source
from tools.book_source import BookError
from tools.site_source import Pages

NAME = "build-deepseek-r1-yourself"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
PLACES = (  # of macOS and Windows, where browsers are on no search path
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
KOREAN = "가"
PRINT_SECONDS = 600


def cited(root: Path) -> tuple[str, str]:
    """The authors and the version as CITATION.cff has them: the one place for both."""
    text = (root / "CITATION.cff").read_text(encoding="utf-8")
    found = [
        re.search(pattern, text, re.MULTILINE)
        for pattern in (r'^ *- name: "(.+)"$', r"^version: (\S+)$")
    ]
    if not all(found):
        raise BookError("CITATION.cff has no name of the authors, or no version")
    return found[0][1], found[1][1]


def settings(title: str, root: Path) -> dict:
    """What Sphinx has to know for an EPUB; the authors publish it themselves."""
    authors, version = cited(root)
    return {
        "author": authors,
        "version": version,
        "epub_title": title,
        "epub_basename": NAME,
        "epub_author": authors,
        "epub_publisher": authors,
        "epub_copyright": "CC BY 4.0",
        "epub_identifier": NAME,
        "epub_scheme": "ID",
        "epub_uid": NAME,  # else the two lists of the EPUB have two names
        "epub_show_urls": "no",
        "epub_use_index": False,
        "epub_tocscope": "includehidden",
        "epub_css_files": ["site.css"],
        "epub_exclude_files": ["search.html", "_static/site.js", "_static/print.css"],
    }


def names(epub: bool, pdf: bool) -> tuple[str, ...]:
    """The files of the whole book that are asked for."""
    asked = {"epub": epub, "pdf": pdf}
    return tuple(f"{NAME}.{kind}" for kind, wanted in asked.items() if wanted)


def browser() -> str:
    """A browser that can print, and a font for it; a BookError says what is missing."""
    found = next(filter(None, map(shutil.which, BROWSERS)), "")
    found = found or next((path for path in PLACES if Path(path).exists()), "")
    if not found:
        raise BookError(
            "--pdf prints with Chrome, Chromium or Edge: install one of them"
        )
    if not korean_font():
        raise BookError(
            "--pdf needs a font with Korean letters, and this machine has none: "
            "install one such as Noto Sans CJK (Debian: fonts-noto-cjk)"
        )
    return found


def korean_font() -> str:
    """The path of a font of this machine that has Korean letters, or ""."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    paths = font_manager.findSystemFonts()
    for path in sorted(paths, key=lambda p: "CJK" not in p and "Gothic" not in p):
        try:
            if FT2Font(path).get_char_index(ord(KOREAN)):
                return path
        except (RuntimeError, OSError):  # a damaged font, or of a kind it cannot read
            continue
    return ""


def make(
    root, work: Path, out: Path, config: dict, run, epub: bool, printer: str
) -> None:
    """Write the EPUB and the PDF that were asked for into the site."""
    pages = Pages(root, work / "book", paged=False)
    site_source.stage(pages)
    if epub:
        run(pages.folder, work / "epub", "epub", config)
        (made,) = (work / "epub").glob("*.epub")
        finish_epub(made, out / f"{NAME}.epub")
    if printer:
        plain = config | {"html_theme": "basic", "html_theme_options": {}}
        run(pages.folder, work / "one", "singlehtml", plain)
        print_pdf(printer, work / "one" / "index.html", out / f"{NAME}.pdf", work)


def finish_epub(epub: Path, out: Path) -> None:
    """Say which pages of an EPUB have formulas, and drop styles that are not in it."""
    with zipfile.ZipFile(epub) as old, zipfile.ZipFile(out, "w") as new:
        pages = {
            item.filename
            for item in old.infolist()
            if item.filename.endswith(".xhtml") and b"<math" in old.read(item)
        }
        names = set(old.namelist())
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith(".xhtml"):
                content = with_own_styles(content.decode(), names).encode()
                check_well_formed(item.filename, content)
            if item.filename.endswith("content.opf"):
                content = declared(content.decode(), pages).encode()
            new.writestr(item, content, compress_type=item.compress_type)


def check_well_formed(name: str, page: bytes) -> None:
    """A reader of e-books refuses a page with a tag that is not closed; so do we."""
    try:
        ElementTree.fromstring(page)
    except ElementTree.ParseError as problem:
        raise BookError(f"the EPUB's page {name} is not XML: {problem}") from None


def with_own_styles(page: str, names: set[str]) -> str:
    """A page of an EPUB without links to styles of the web site.

    >>> with_own_styles('<link rel="stylesheet" href="../a.css" /><p/>', {"b.css"})
    '<p/>'
    """

    def keep(match: re.Match) -> str:
        name = match[1].removeprefix("../").removeprefix("../")
        return match[0] if name in names else ""

    page = re.sub(r'<link rel="stylesheet"[^>]*href="([^"]+)"[^>]*>\s*', keep, page)
    return re.sub(
        r'(<meta name="viewport"[^>]*>)\s*<meta name="viewport"[^>]*>', r"\1", page
    )


def declared(listing: str, pages: set[str]) -> str:
    """The list of files with properties="mathml" where there are formulas.

    >>> declared('<item href="a.xhtml" id="1" />', {"a.xhtml"})
    '<item properties="mathml" href="a.xhtml" id="1" />'
    """

    def add(match: re.Match) -> str:
        if match[1] not in pages or "properties=" in match[0]:
            return match[0]
        return match[0].replace("<item ", '<item properties="mathml" ', 1)

    return re.sub(r'<item [^>]*href="([^"]+)"[^>]*>', add, listing)


def raised(page: str) -> str:
    """The book in one page, with each chapter a level higher.

    Sphinx puts chapters below the last section of the first page.

    >>> raised('<h2>End</h2><span id="document-a"></span><h3>A</h3><h4>1</h4>')
    '<h2>End</h2><span id="document-a"></span><h2>A</h2><h3>1</h3>'
    """
    first, mark, chapters = page.partition('<span id="document-')
    chapters = re.sub(
        r"(</?h)([3-6])(?=[ >])", lambda m: f"{m[1]}{int(m[2]) - 1}", chapters
    )
    return first + mark + chapters


def print_pdf(printer: str, page: Path, out: Path, work: Path) -> None:
    """Let a browser print a page, without a window; what is folded is opened."""
    text = page.read_text(encoding="utf-8").replace("<details>", "<details open>")
    page.write_text(raised(text), encoding="utf-8")
    command = [
        printer,
        "--headless",
        "--no-sandbox",  # the page is ours, and containers run as root
        "--disable-gpu",
        f"--user-data-dir={work / 'profile'}",
        "--no-pdf-header-footer",
        "--generate-pdf-document-outline",
        f"--print-to-pdf={out}",
        page.as_uri(),
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PRINT_SECONDS)
    except subprocess.TimeoutExpired:
        raise BookError(f"the browser printed for {PRINT_SECONDS} s; stopped") from None
    if done.returncode or not out.exists():
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise BookError(
            f"the browser cannot print: {said[-1] if said else 'no reason'}"
        )
