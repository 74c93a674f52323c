"""Rules about the committed notebooks: fresh, run from top to bottom, clean.

Each rule takes the chapters and returns one line for each thing that is wrong.
"""

import re

from tools.book_chapter import (
    KINDS,
    Chapter,
    code_cells,
    output_texts,
    printed,
    python_source,
    tagged,
)
from tools.book_source import (
    kinds,
    links,
    opens_clean,
    output_digest,
    source_digest,
    tags,
)
from tools.provenance import chapter_reads

PRIVATE = re.compile(
    r"(?<![\w.-])/(home|Users|tmp|work|root)/|[A-Za-z]:\\+Users\\| at 0x[0-9a-f]+>"
)
BYTES = 1_000_000
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def sources_readable(chapters: list[Chapter]) -> list[str]:
    """Each source gives its two notebooks."""
    return [chapter.problem for chapter in chapters if chapter.problem]


def both_notebooks_exist(chapters: list[Chapter]) -> list[str]:
    """Each source has its notebooks."""
    return [
        f"{chapter.label(kind)}.ipynb is missing: python r1.py build {chapter.number}"
        for chapter in chapters
        for kind in kinds(chapter.source)
        if kind not in chapter.got
    ]


def inputs_equal_source(chapters: list[Chapter]) -> list[str]:
    """The cells are those of the source, with fresh code from the library."""
    problems = []
    for chapter in chapters:
        for kind, want in chapter.want.items():
            got = chapter.got.get(kind)
            if got and source_digest(got) != source_digest(want):
                cell = first_difference(want, got)
                problems.append(f"{chapter.label(kind)}: {cell} is not the source's")
    return problems


def first_difference(want, got) -> str:
    """Name the first cell in which two notebooks differ."""
    for number, (one, other) in enumerate(zip(want.cells, got.cells, strict=False), 1):
        if "nav" in tags(one) and "nav" in tags(other):
            continue
        if (one.source, tags(one)) != (other.source, tags(other)):
            return f"cell {number} ({other.source.splitlines()[0][:50]!r})"
    return f"the number of cells ({len(got.cells)}, not {len(want.cells)})"


def outputs_fresh(chapters: list[Chapter]) -> list[str]:
    """Outputs come from this source, these artifacts and these results."""
    return [
        f"{chapter.label(kind)}: {problem}"
        for chapter in chapters
        for kind in chapter.got
        for problem in staleness(chapter, kind)
    ]


def staleness(chapter: Chapter, kind: str) -> list[str]:
    """Why the outputs of a committed notebook are not to be trusted; [] if they are."""
    if chapter.problem:
        return []
    recorded = chapter.got[kind].metadata.get("r1", {})
    problems = []
    if recorded.get("source") != source_digest(chapter.want[kind]):
        problems.append("the source changed since it was executed")
    if recorded.get("outputs") != output_digest(chapter.got[kind]):
        problems.append("an output was edited by hand")
    try:
        reads = chapter_reads(
            python_source(chapter.book, chapter.source), chapter.book.root
        )
    except SyntaxError as problem:
        return [*problems, f"code that is not Python: {problem}"]
    for what, now in reads.items():
        then = recorded.get(what, {})
        changed = [
            name for name in sorted({*now, *then}) if now.get(name) != then.get(name)
        ]
        if changed:
            problems.append(
                f"{what} changed since it was executed: {', '.join(changed)}"
            )
    return problems


def executed_in_order(chapters: list[Chapter]) -> list[str]:
    """Execution counts are 1, 2, ... n."""
    problems = []
    for chapter in chapters:
        for label, nb in chapter.notebooks():
            counts = [c.execution_count for _, c in code_cells(nb) if c.source.strip()]
            if counts != list(range(1, len(counts) + 1)):
                problems.append(f"{label}: not executed once from top to bottom")
    return problems


def no_errors_no_stderr(chapters: list[Chapter]) -> list[str]:
    """No cell failed, unless it is there to fail, and none wrote to stderr."""
    problems = []
    for chapter in chapters:
        for label, nb in chapter.notebooks():
            for name, cell in code_cells(nb):
                kinds = {o.get("name", o.output_type) for o in cell.outputs}
                if "error" in {o.output_type for o in cell.outputs}:
                    if "raises-exception" not in tags(cell):
                        problems.append(f"{label}: {name} failed")
                if "stderr" in kinds:
                    problems.append(f"{label}: {name} wrote to stderr")
    return problems


def no_live_views(chapters: list[Chapter]) -> list[str]:
    """No output waits for a kernel, and no notebook keeps the state of widgets."""
    problems = []
    for chapter in chapters:
        for label, nb in chapter.notebooks():
            if "widgets" in nb.metadata:
                problems.append(f"{label}: it keeps the state of widgets")
            for name, cell in code_cells(nb):
                if any(WIDGET_VIEW in o.get("data", {}) for o in cell.outputs):
                    problems.append(f"{label}: {name} shows a live widget")
    return problems


def no_private_paths(chapters: list[Chapter]) -> list[str]:
    """No output names a folder, or an address in memory, of the machine it is from."""
    return [
        f"{label}: {name} shows something of this machine ({found[0]})"
        for chapter in chapters
        for label, nb in chapter.notebooks()
        for name, cell in code_cells(nb)
        for text in output_texts(cell)
        if (found := PRIVATE.search(text))
    ]


def links_fresh(chapters: list[Chapter]) -> list[str]:
    """The line of links stands at the top and the end and names the neighbours."""
    problems = []
    for chapter in chapters:
        for kind, nb in chapter.got.items():
            want = links(chapter.book, chapter.source, kind).source
            if [cell.source for cell in tagged(nb, "nav")] != [want, want]:
                problems.append(f"{chapter.label(kind)}: the line of links is old")
    return problems


def opened_without_a_change(chapters: list[Chapter]) -> list[str]:
    """JupyterLab has nothing to write into a notebook that it opens."""
    return [
        f"{label}: its kernelspec or language_info is not what JupyterLab writes"
        for chapter in chapters
        for label, nb in chapter.notebooks()
        if not opens_clean(nb)
    ]


def small_files(chapters: list[Chapter]) -> list[str]:
    """No notebook has a megabyte."""
    return [
        f"{chapter.label(kind)}: {size} bytes, at most {BYTES} are allowed"
        for chapter in chapters
        for kind in chapter.got
        if (size := chapter.book.output(kind, chapter.source).stat().st_size) > BYTES
    ]


def exact_outputs(chapters: list[Chapter]) -> list[str]:
    """Five cells or more, checks aside, have an output that nbval compares."""
    problems = []
    for chapter in chapters:
        if nb := chapter.got.get("chapters"):
            exact = tagged(nb, "nbval-check-output")
            count = sum(
                bool(c.get("outputs")) and "check" not in tags(c) for c in exact
            )
            if count < 5:
                wording = f"{count} cells with nbval-check-output and an output"
                problems.append(f"{chapter.label('chapters')}: {wording}, not five")
    return problems


def checks_say_what_they_should(chapters: list[Chapter]) -> list[str]:
    """Exercises are not started in the chapter and correct in the solutions."""
    problems = []
    for chapter in chapters:
        for kind, ending in zip(KINDS, ("not started yet", "correct"), strict=True):
            line = re.compile(rf"(Exercise \d+\.\d+: {ending}\n?)+")
            for cell in (
                tagged(chapter.got[kind], "check") if kind in chapter.got else []
            ):
                if not line.fullmatch(said := printed(cell)):
                    wrong = f"a check says {said.strip()!r}, not {ending!r}"
                    problems.append(f"{chapter.label(kind)}: {wrong}")
    return problems
