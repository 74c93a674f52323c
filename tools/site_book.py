"""The book as one file: an EPUB by Sphinx, and a PDF that a browser prints."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

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


def settings(title: str) -> dict:
    """What Sphinx has to know for an EPUB; what is unknown stays blank."""
    return {
        "epub_title": title,
        "epub_basename": NAME,
        "epub_author": "",
        "epub_publisher": "",
        "epub_copyright": "CC BY 4.0",
        "epub_identifier": NAME,
        "epub_scheme": "ID",
        "epub_uid": "book",
        "epub_show_urls": "no",
        "epub_use_index": False,
        "epub_tocscope": "includehidden",
        "epub_css_files": ["site.css"],
        "epub_exclude_files": ["search.html", "_static/site.js"],
    }


def browser() -> str:
    """A browser that can print, and a font for it; a BookError says what is missing."""
    found = next(filter(None, map(shutil.which, BROWSERS)), "")
    found = found or next((path for path in PLACES if Path(path).exists()), "")
    if not found:
        raise BookError("--pdf prints with Chrome, Chromium or Edge: install one of them")
    if not korean_font():
        raise BookError(
            "--pdf needs a font with Korean letters, and this machine has none; install "
            "one such as Noto Sans CJK (Debian: fonts-noto-cjk)"
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


def make(root, work: Path, out: Path, config: dict, run, epub: bool, printer: str) -> None:
    """Write the EPUB and the PDF that were asked for into the site."""
    pages = Pages(root, work / "book", paged=False)
    site_source.stage(pages)
    if epub:
        run(pages.folder, work / "epub", "epub", config)
        (made,) = (work / "epub").glob("*.epub")
        declare_mathml(made, out / f"{NAME}.epub")
    if printer:
        plain = config | {"html_theme": "basic", "html_theme_options": {}}
        run(pages.folder, work / "one", "singlehtml", plain)
        print_pdf(printer, work / "one" / "index.html", out / f"{NAME}.pdf", work)


def declare_mathml(epub: Path, out: Path) -> None:
    """Say in the list of an EPUB which pages have formulas, as its standard wants."""
    with zipfile.ZipFile(epub) as old, zipfile.ZipFile(out, "w") as new:
        pages = {
            item.filename
            for item in old.infolist()
            if item.filename.endswith(".xhtml") and b"<math" in old.read(item)
        }
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith("content.opf"):
                content = declared(content.decode(), pages).encode()
            new.writestr(item, content, compress_type=item.compress_type)


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


def print_pdf(printer: str, page: Path, out: Path, work: Path) -> None:
    """Let a browser print a page, without a window."""
    command = [
        printer,
        "--headless",
        "--no-sandbox",  # the page is ours, and containers run as root
        "--disable-gpu",
        f"--user-data-dir={work / 'profile'}",
        "--no-pdf-header-footer",
        f"--print-to-pdf={out}",
        page.as_uri(),
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PRINT_SECONDS)
    except subprocess.TimeoutExpired:
        raise BookError(f"the browser printed for {PRINT_SECONDS} s; stopped") from None
    if done.returncode or not out.exists():
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise BookError(f"the browser cannot print: {said[-1] if said else 'no reason'}")
