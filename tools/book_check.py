"""`python r1.py check`: every rule that can be checked without executing anything."""

from collections.abc import Callable

from tools import (
    book_form,
    book_language,
    book_length,
    book_names,
    book_outputs,
    book_project,
    book_sentences,
)
from tools.book_chapter import Chapter, load
from tools.book_source import Book

CHAPTER_RULES: list[Callable[[list[Chapter]], list[str]]] = [
    book_outputs.sources_readable,
    book_outputs.both_notebooks_exist,
    book_outputs.inputs_equal_source,
    book_outputs.outputs_fresh,
    book_outputs.executed_in_order,
    book_outputs.no_errors_no_stderr,
    book_outputs.no_live_views,
    book_outputs.no_private_paths,
    book_outputs.links_fresh,
    book_outputs.opened_without_a_change,
    book_outputs.small_files,
    book_outputs.exact_outputs,
    book_outputs.checks_say_what_they_should,
    book_form.head_table,
    book_form.short_cells,
    book_form.images_local_with_alt,
    book_form.summary_and_questions,
    book_form.exercises,
    book_form.slides,
    book_length.short_enough,
    book_length.minutes_true,
    book_names.names_defined,
    book_sentences.plain_chapters,
    book_project.listed_in_readme,
    book_project.one_edition,
    book_language.translations_fresh,
]
PROJECT_RULES: list[Callable[[Book], list[str]]] = [
    book_project.no_leftovers,
    book_language.translations_known,
    book_project.local_links,
    book_sentences.plain_pages,
    book_project.artifacts_fit,
    book_project.results_fit,
    book_project.next_edition_is_whole,
]


def problems(book: Book, number: str = "") -> dict[str, list[str]]:
    """Rule -> what breaks it; for one chapter, without the rules about the project."""
    chapters = load(book, number)
    problems = {rule.__name__: rule(chapters) for rule in CHAPTER_RULES}
    if not number:
        problems |= {rule.__name__: rule(book) for rule in PROJECT_RULES}
    return {name: lines for name, lines in problems.items() if lines}


def report(book: Book, number: str = "") -> int:
    """Print what is wrong, rule by rule, and return the exit code."""
    faults = problems(book, number)
    for rule, lines in faults.items():
        print(f"{rule.replace('_', ' ')}:")
        print("\n".join(f"  {line}" for line in lines))
    count = sum(map(len, faults.values()))
    chapters = len(book.sources(number))
    print(f"book check: {chapters} chapter(s), {count} problem(s)")
    return 1 if count else 0
