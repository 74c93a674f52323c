"""What the site adds to Sphinx: formulas as MathML, and glossary terms that explain.

Formulas are drawn by the browser or the e-book reader itself, so no script and no font
has to be loaded. The first time that a page uses a term of the glossary, the word links
to its line there and shows its meaning as a tooltip.
"""

import html
import re
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.errors import ExtensionError

GLOSSARY = "docs/glossary"
LEAVE = (
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.title,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.image,
    nodes.footnote_reference,
)
UNREAD = re.compile(r"<m\w+[^>]*>\\[^<]*")  # a command that the converter passed on
PICTURE = re.compile(r'(<a\b[^>]*>\s*)?(<img\b[^>]*\bsrc="([^"]+)"[^>]*>)')
PARTS = {  # how many parts an element of MathML has; with more, nothing is right
    "msub": 2,
    "msup": 2,
    "msubsup": 3,
    "munder": 2,
    "mover": 2,
    "munderover": 3,
    "mfrac": 2,
    "mroot": 2,
}
FUNCTION = re.compile(  # before an argument, and not itself the base of an index
    "".join(f"(?<!<{name}>)" for name in PARTS)
    + r"(<m[io]>(?:log|exp|min|max|ln|softmax)</m[io]>)(?=<m[in]>)"
)


def mathml(text: str, display: str) -> str:
    """A formula as MathML, with its TeX source as the alternative text."""
    made = convert(text, display=display)
    if unread := UNREAD.search(made):
        raise ExtensionError(f"cannot draw {unread[0]!r:.60} of the formula {text!r}")
    made = made.replace("<mi>&#x0007E;</mi>", "<mo>&#x0223C;</mo>")  # \sim relates
    made = FUNCTION.sub(r'\1<mspace width="0.17em" />', made)
    check_parts(text, made)
    return made.replace("<math ", f'<math alttext="{html.escape(text)}" ', 1)


def check_parts(text: str, made: str) -> None:
    """Refuse a formula in which an element has too many parts, or too few."""
    for element in ElementTree.fromstring(made).iter():
        name = element.tag.rpartition("}")[2]
        if len(element) != PARTS.get(name, len(element)):
            said = f"<{name}> with {len(element)} parts, not {PARTS[name]}"
            raise ExtensionError(f"cannot draw the formula {text!r}: {said}")


def inline_math(self, node) -> None:
    self.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def block_math(self, node) -> None:
    said = mathml(node.astext(), "block")
    self.body.append(f'<div class="math-block" tabindex="0" role="group">{said}</div>')
    raise nodes.SkipNode


def anchor(term: str) -> str:
    """The id of a term's row."""
    return "term-" + re.sub(r"\W+", "-", term.lower()).strip("-")


def spellings(term: str) -> list[str]:
    """How a term may be written in a text."""
    match = re.fullmatch(r"(.+?) \(([^)]+)\)", term)
    names = [match[1], match[2]] if match and match[2].isupper() else [term]
    return [re.sub(r" \([^)]*\)$", "", name) for name in names]


def read_glossary(doctree) -> dict[str, tuple[str, str]]:
    """Spelling -> (anchor, meaning), from the table of the page; its rows get ids."""
    found = {}
    for row in doctree.findall(nodes.row):
        cells = [entry.astext().strip() for entry in row.findall(nodes.entry)]
        if len(cells) < 3 or isinstance(row.parent, nodes.thead):
            continue
        row["ids"].append(anchor(cells[0]))
        for name in spellings(cells[0]):
            found[name] = (anchor(cells[0]), cells[-1])
    return found


def name_columns(doctree) -> None:
    """A head row without any word goes; a column without a name gets a spoken one."""
    for head in list(doctree.findall(nodes.thead)):
        if not head.astext().strip():
            head.parent.remove(head)
            continue
        for entry in head.findall(nodes.entry):
            if not entry.astext().strip():
                spoken = nodes.inline("", "row", classes=["visually-hidden"])
                entry += nodes.paragraph("", "", spoken)


def remember(app, doctree) -> None:
    """Mend the tables of a page; keep the terms when the glossary has been read."""
    name_columns(doctree)
    if app.env.docname == GLOSSARY:
        app.env.r1_terms = read_glossary(doctree)


def explain(app, doctree, docname: str) -> None:
    """Link the first use of each term on a page of the book."""
    terms = getattr(app.env, "r1_terms", {})
    explained = docname.startswith(("chapters/", "docs/claims/"))
    if not terms or not explained or is_korean(docname):
        return
    pattern, seen = matcher(terms), set()
    base = app.builder.get_relative_uri(docname, GLOSSARY)
    for text in list(doctree.findall(nodes.Text)):
        if not is_prose(text):
            continue
        parts = linked(str(text), pattern, terms, seen, base)
        if len(parts) > 1 or not isinstance(parts[0], nodes.Text):
            text.parent.replace(text, parts)


def is_korean(docname: str) -> bool:
    return docname == "README.ko" or docname.startswith("chapters/ko/")


def finish_page(app, pagename: str, _template, context, _doctree) -> None:
    """Say in which language a page is, for those who hear it; link its pictures."""
    if is_korean(pagename):
        context["language"] = "ko"
    if app.builder.name == "html" and "body" in context:
        said = "그림만 보기" if is_korean(pagename) else "Open the picture alone"
        context["body"] = with_linked_pictures(context["body"], said)


def with_linked_pictures(body: str, said: str) -> str:
    """Each picture as a link to itself: on a small screen its words are too small.

    >>> with_linked_pictures('<img alt="a dot" src="a.png" />', "Open")
    '<a class="picture" href="a.png" title="Open"><img alt="a dot" src="a.png" /></a>'
    """

    def add(match: re.Match) -> str:
        if match[1]:
            return match[0]
        return f'<a class="picture" href="{match[3]}" title="{said}">{match[2]}</a>'

    return PICTURE.sub(add, body)


def matcher(terms: dict) -> re.Pattern:
    """A pattern for all terms, the longest first, also in the plural."""
    names = sorted(terms, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(s?)(?![\w-])")


def is_prose(text) -> bool:
    """Whether a piece of text stands in a paragraph, and in no link or code."""
    above, node = [], text.parent
    while node is not None:
        above.append(node)
        node = node.parent
    prose = any(isinstance(node, nodes.paragraph) for node in above)
    return prose and not any(isinstance(node, LEAVE) for node in above)


def linked(text: str, pattern, terms: dict, seen: set, base: str) -> list:
    """Text with the terms that this page has not used yet as links."""
    parts, end = [], 0
    for match in pattern.finditer(text):
        where, meaning = terms[match[1]]
        if where in seen:
            continue
        seen.add(where)
        link = nodes.reference(
            "",
            match[0],
            internal=True,
            refuri=f"{base}#{where}",
            reftitle=meaning,
            classes=["term"],
        )
        parts += [nodes.Text(text[end : match.start()]), link]
        end = match.end()
    return [*parts, nodes.Text(text[end:])] if parts else [nodes.Text(text)]


def setup(app) -> dict:
    """Tell Sphinx."""
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
    app.connect("doctree-read", remember)
    app.connect("doctree-resolved", explain)
    app.connect("html-page-context", finish_page)
    return {"version": "1", "parallel_read_safe": False}
