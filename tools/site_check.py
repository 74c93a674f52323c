"""What a finished site must have: all links and pictures, nothing from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {
    "script": "src",
    "img": "src",
    "source": "src",
    "iframe": "src",
    "video": "src",
}
LOADING_LINKS = {
    "stylesheet",
    "preload",
    "icon",
    "shortcut icon",
    "manifest",
    "preconnect",
}
REMOTE_STYLE = re.compile(r"(?:@import|url\()\s*['\"]?\s*(?:https?:)?//[^)'\"]*")

PRINTED = "jb-print-docs-body"  # a second heading of the theme, on paper only


class Reader(HTMLParser):
    """Collects what a page loads, where it links to, and what can be linked to."""

    def __init__(self):
        super().__init__()
        self.loads, self.links, self.ids, self.faults = [], [], set(), []
        self.levels, self.style, self.hidden = [], False, 0

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if "id" in found:
            self.ids.add(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in LOADS and found.get(LOADS[tag]):
            self.loads.append(found[LOADS[tag]])
        if tag == "link" and found.get("rel") in LOADING_LINKS:
            self.loads.append(found["href"])
        if tag == "img" and not (found.get("alt") or "").strip():
            self.faults.append(
                f"the picture {found.get('src', '')!r:.60} has no alt text"
            )
        if tag == "div" and (self.hidden or found.get("id") == PRINTED):
            self.hidden += 1
        if re.fullmatch("h[1-6]", tag) and not self.hidden:
            self.levels.append(int(tag[1]))
        self.style = tag == "style"

    def handle_endtag(self, tag):
        if tag == "div" and self.hidden:
            self.hidden -= 1

    def handle_data(self, data):
        if self.style and (match := REMOTE_STYLE.search(data)):
            self.faults.append(f"a style loads {match[0]}")


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def faults(site: Path) -> list[str]:
    """Every fault of a finished site, one line each."""
    site = site.resolve()
    pages = {path.resolve(): read(path) for path in sorted(site.rglob("*.html"))}
    found = []
    for path in pages:
        name = path.relative_to(site).as_posix()
        found += [f"{name}: {fault}" for fault in page_faults(site, path, pages)]
    for path in sorted(site.rglob("*.css")):
        if match := REMOTE_STYLE.search(path.read_text(encoding="utf-8")):
            found.append(f"{path.relative_to(site).as_posix()}: loads {match[0]}")
    return found


def page_faults(site: Path, path: Path, pages: dict[Path, Reader]) -> list[str]:
    page = pages[path]
    found = [*page.faults]
    if page.levels.count(1) != 1:
        found.append(f"{page.levels.count(1)} headings of the first level, not one")
    for target in page.loads:
        if target.startswith("data:"):
            continue
        if urlsplit(target).scheme or target.startswith("//"):
            found.append(f"loads {target:.80} from elsewhere")
        elif not place(path, target).is_file():
            found.append(f"loads {target:.80}, which is not there")
    for target in page.links:
        if urlsplit(target).scheme or target.startswith("//"):
            continue
        where = place(path, target)
        where = where / "index.html" if where.is_dir() else where
        anchor = unquote(urlsplit(target).fragment)
        if not where.is_file() or not where.is_relative_to(site):
            found.append(f"the link to {target:.80} leads nowhere")
        elif anchor and where in pages and anchor not in pages[where].ids:
            found.append(f"the link to {target:.80} leads to no place on its page")
    return found


def place(page: Path, target: str) -> Path:
    """The file that a relative address names."""
    path = unquote(urlsplit(target).path)
    return (page.parent / path).resolve() if path else page
