"""`r1.py publish --dry-run`: what a hub would hold loads, and its card is true."""

import json

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from r1lib import artifacts
from tools import cards, provenance, publish


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("hub")
    names = ["r1-tiny", "distill-tiny", "cold-tiny"]
    assert publish.main([*names, "--dry-run", "--out", str(out)]) == 0
    return out


@pytest.mark.parametrize("name", ["r1-tiny", "distill-tiny"])
def test_transformers_loads_the_folder(folder, name):
    ours, tokenizer = artifacts.load(name)
    theirs = AutoModelForCausalLM.from_pretrained(folder / name)
    words = AutoTokenizer.from_pretrained(folder / name)
    asked = [{"role": "user", "content": "숫자=3,4 목표=7"}]
    ids = words.apply_chat_template(
        asked, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )["input_ids"]
    assert ids[0].tolist() == tokenizer.prompt(asked[0]["content"])
    with torch.no_grad():
        torch.testing.assert_close(theirs(ids).logits, ours(ids), rtol=1e-4, atol=1e-4)


def test_the_card_quotes_what_was_measured(folder):
    text = (folder / "r1-tiny" / "README.md").read_text("utf-8")
    stored = json.loads((provenance.DATA / "stages-0.json").read_text("utf-8"))
    found = stored["P6"]["r1"]["easy"]["summary"]["countdown"]
    assert f"| countdown | right, by the verifier | {cards.cell(found)} |" in text
    assert artifacts.manifest()["r1-tiny"]["sha256"]["model.safetensors"] in text
    assert text.startswith("---\nlicense: apache-2.0\n")


def test_numbers_of_other_weights_are_left_out(folder, tmp_path):
    stored = json.loads((provenance.DATA / "stages-0.json").read_text("utf-8"))
    entry, place = artifacts.manifest()["r1-tiny"], artifacts.path("r1-tiny")
    assert "| countdown |" in cards.card("r1-tiny", entry, place)
    stored["weights"]["r1"]["model.safetensors"] = "0" * 64
    (tmp_path / "stages-0.json").write_text(json.dumps(stored), "utf-8")
    assert "| countdown |" not in cards.card("r1-tiny", entry, place, tmp_path)
    unmeasured = {**entry, "metrics": {}}
    text = cards.card("r1-tiny", unmeasured, place, tmp_path)
    assert "Nothing was measured with these weights." in text
    assert "Nothing was measured" in (folder / "distill-tiny" / "README.md").read_text()


def test_a_table_keeps_its_card_and_its_rows(folder):
    made, shipped = folder / "cold-tiny", artifacts.path("cold-tiny")
    assert (made / "data.parquet").read_bytes() == (
        shipped / "data.parquet"
    ).read_bytes()
    text = (made / "README.md").read_text("utf-8")
    assert text.startswith("---\nlicense: cc-by-4.0\n")
    assert cards.data_card(shipped) in text
    assert "](../" not in text  # there is no book beside it


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([], "nothing is uploaded from here: add --dry-run"),
        (["no-model", "--dry-run"], "wanted one of base-tiny"),
        (["helpful-tiny", "--dry-run"], "got 'helpful-tiny'"),
        (["r1-tiny", "--dry-run"], "exists: it would be lost"),
    ],
)
def test_bad_requests_take_one_line(folder, capsys, arguments, said):
    assert publish.main([*arguments, "--out", str(folder)]) == 1
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
