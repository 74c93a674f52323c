"""The stage table says what the result files say, also where seeds are missing."""

import ast
import json
import sys
from statistics import fmean

import pytest

from r1lib.problem import LEVELS
from r1lib.world import scorecard
from results import stage_table, stages, table
from results.stage_table import BESIDE, MODELS, PAPER, THEIRS
from tools import provenance

OURS = "ours: arithmetic"


def write(folder, seed, rise=0.1):
    """A result file in which every stage is better by `rise`, in the mean of two."""
    found = {}
    for i, stage in enumerate(MODELS):
        values = {n: [0.8 * rise * i, 1.2 * rise * i + 0.2] for n in scorecard.COLUMNS}
        values["length"] = [10.0 * i, 10.0 * i + 4]
        found[stage] = {level: {"values": values} for level in LEVELS}
    text = json.dumps({"P6": found, "seed": seed})
    (folder / f"stages-{seed}.json").write_text(text)


def test_the_papers_numbers_are_theirs():
    assert THEIRS == ("zero", "dev1", "dev2", "dev3", "r1")
    assert {len(row) for row in PAPER.values()} == {len(THEIRS)}
    aime, alpaca = PAPER["AIME 2024 (pass@1)"], PAPER["AlpacaEval 2.0"]
    assert aime == (77.9, 59.0, 74.0, 78.1, 79.8)  # the cold start costs reasoning
    assert alpaca == (24.7, 50.1, 55.8, 62.1, 87.6)


def test_without_a_measurement_only_the_paper_is_shown(tmp_path):
    page = stage_table.page(stage_table.load(tmp_path))
    assert "Seeds measured: none. Not measured yet: 0, 1, 2." in page
    assert "ours: " not in page and "| 59.0 |" in page


def test_some_seeds_are_averaged_listed_and_named(tmp_path):
    write(tmp_path, 0, 0.1)
    write(tmp_path, 2, 0.2)
    measured = stage_table.load(tmp_path)
    page = stage_table.page(measured)
    assert "Seeds measured: 0, 2. Not measured yet: 1." in page
    lines = page.splitlines()
    row = next(line for line in lines if line.startswith("| countdown |"))
    assert "0.10 (0.10, 0.10)" in row and "0.85 (0.60, 1.10)" in row
    found = stage_table.step(measured, "base", "zero", "easy", "countdown")
    assert found["difference"] == pytest.approx(0.15)
    assert found["seeds"] == pytest.approx([0.1, 0.2])
    assert any("**+0.15 [+0.12, +0.18]**" in line for line in lines)


def test_a_rise_is_clear_only_if_every_seed_rises(tmp_path):
    write(tmp_path, 0, -0.05)
    write(tmp_path, 1, 0.2)
    page = stage_table.page(stage_table.load(tmp_path))
    row = next(x for x in page.splitlines() if "+0.07 [+0.06, +0.09]" in x)
    assert "**" not in row


@pytest.mark.parametrize("rise", [0.1, -0.1])
def test_a_seed_that_does_not_move_has_no_sign(tmp_path, rise):
    """Two seeds move one way and one not at all: never clear, up or down."""
    for seed, mine in enumerate((rise, 0.0, rise)):
        write(tmp_path, seed, mine)
    measured = stage_table.load(tmp_path)
    found = stage_table.step(measured, "base", "zero", "easy", "countdown")
    assert 0.0 in found["seeds"] and 0 not in found["interval"]
    (row,) = (
        line
        for line in stage_table.steps(measured, "easy", [("base", "zero")])
        if line.startswith("| countdown |")
    )
    assert "**" not in row


def test_the_last_stage_is_no_clear_loss_in_hard_arithmetic():
    """One seed of three has the same share before and after it."""
    measured = stage_table.load()
    found = stage_table.step(measured, "dev3", "r1", "hard", "arithmetic")
    assert 0.0 in found["seeds"]
    lines = stage_table.steps(measured, "hard", [("dev3", "r1")])
    assert "| arithmetic | -0.03 [-0.05, -0.01] |" in lines


def test_ours_and_theirs_lie_beside_each_other_and_never_share_a_row(tmp_path):
    write(tmp_path, 0)
    lines = stage_table.comparison(stage_table.load(tmp_path))
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert table[0] == ["", *MODELS]
    rows = {cells[0]: cells[1:] for cells in table[2:]}
    assert [*rows][:3] == ["ours: countdown", "paper: AIME 2024 (pass@1)", OURS]
    theirs = {n.removeprefix("paper: "): x for n, x in rows.items() if n[:4] != "ours"}
    assert theirs == {n: ["", *map(str, row)] for n, row in PAPER.items()}
    assert [n for n in rows if n[:4] == "ours"] == [f"ours: {n}" for n in BESIDE]
    assert rows["ours: countdown"][:2] == ["0.10 / 0.10", "0.20 / 0.20"]
    assert THEIRS == MODELS[1:]


def test_the_first_table_is_narrow_enough_for_a_page():
    """Each committed row is as short as a line of prose."""
    lines = stage_table.comparison(stage_table.load())
    assert len(lines) == 2 + len(BESIDE) + len(PAPER)
    assert max(map(len, lines)) <= 120


def test_a_column_that_some_seed_lacks_is_left_out(tmp_path):
    write(tmp_path, 0)
    write(tmp_path, 1)
    path = tmp_path / "stages-1.json"
    found = json.loads(path.read_text())
    del found["P6"]["r1"]["easy"]["values"]["programs"]  # no sandbox there
    path.write_text(json.dumps(found))
    measured = stage_table.load(tmp_path)
    assert "programs" not in stage_table.columns(measured, "easy")
    assert "programs" in stage_table.columns(measured, "hard")
    assert "ours: programs" not in stage_table.page(measured)


def test_all_columns_of_the_page_can_be_asked():
    """The families have as many test problems as the script wants of them."""
    for level in LEVELS:
        asked = scorecard.questions(
            stages.PROBLEMS, level, seed=stages.DRAW, families=tuple(scorecard.FEW)
        )
        assert {p.level for mine in asked.values() for p in mine} == {level}
        assert all(asked.values())


def test_half_a_file_is_refused(tmp_path):
    write(tmp_path, 0)
    path = tmp_path / "stages-0.json"
    found = json.loads(path.read_text())
    del found["P6"]["dev2"]["hard"]
    path.write_text(json.dumps(found))
    with pytest.raises(ValueError, match=r"stages-0.json has no hard values of dev2"):
        stage_table.load(tmp_path)


def test_check_fails_when_the_page_is_stale(tmp_path, capsys):
    path = tmp_path / "stage_table.md"
    with pytest.raises(SystemExit, match="run python -m results.stages --table"):
        stage_table.main(check=True, path=path, folder=tmp_path)
    write(tmp_path, 0)
    stage_table.main(path=path, folder=tmp_path)
    stage_table.main(check=True, path=path, folder=tmp_path)
    assert "is what results/ says" in capsys.readouterr().out
    write(tmp_path, 1)
    with pytest.raises(SystemExit, match="is not what results/ says"):
        stage_table.main(check=True, path=path, folder=tmp_path)


def test_the_committed_page_is_up_to_date():
    stage_table.main(check=True)


def test_the_table_of_the_readme_is_what_the_results_say(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", "--check"])
    table.main()


def test_the_stages_in_the_readme_are_those_of_the_page():
    """Easy problems, means over seeds, as README.md shows them."""
    readme = (provenance.ROOT / "README.md").read_text("utf-8")
    lines = [line.strip("| ").split(" | ") for line in readme.splitlines()]
    rows = {cells[0]: cells[1:] for cells in lines if len(cells) == 7}
    named = {
        "countdown": "countdown",
        "arithmetic": "arithmetic",
        "readability of the thinking": "readability",
        "completions that mix languages": "mixed",
        "follows instructions": "instructions",
        "helpful, by a truth that no training sees": "helpful",
        "harmless, the same": "harmless",
    }
    measured = stage_table.load()
    for row, column in named.items():
        found = [stage_table.means(measured, s, "easy", column) for s in MODELS]
        assert rows[row] == [f"{fmean(values):.2f}" for values in found], row


@pytest.mark.parametrize("words", [["--table", "3"], ["--check"], []])
def test_a_wrong_command_line_is_refused(words, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", *words])
    with pytest.raises(SystemExit) as stopped:
        stages.main()
    assert stopped.value.code != 0


def test_the_chapter_shows_the_numbers_of_the_table():
    book = provenance.ROOT / "book"
    (chapter,) = book.rglob("15_did_it_work.py")
    source = chapter.read_text("utf-8")
    (shown,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") == "PAPER"
    )
    assert list(shown.values()) == list(PAPER.values())
    for ours, theirs in zip(shown, PAPER, strict=True):
        assert theirs.startswith(ours)
