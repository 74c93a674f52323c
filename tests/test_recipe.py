"""Claims about the recipe: an order that can be run, and settings that reach it."""

import json
from dataclasses import asdict, fields, is_dataclass

import pytest

from r1lib.recipe import checkpoints, pipeline, stages
from r1lib.recipe.checkpoints import flat
from r1lib.recipe.scenarios import LANGUAGE
from r1lib.recipe.stages import RECIPE, RefreshedGRPO
from r1lib.rewards import FORMAT_WEIGHT
from r1lib.rl.grpo import GRPOConfig
from r1lib.world import countdown


def test_a_stage_needs_only_stages_before_it():
    done = set()
    for stage in RECIPE:
        assert set(stage.needs) <= done, stage.name
        done.add(stage.name)
    assert len(done) == len(RECIPE), "a name is used twice"


def test_only_pre_training_needs_nothing():
    assert [s.name for s in RECIPE if not s.needs] == ["base", "student"]


def test_the_lineage_is_that_of_the_paper():
    starts = {stage.name: stage.start for stage in RECIPE if stage.leaves == "model"}
    assert starts == {
        "base": None,
        "zero": "base",
        "dev1": "base",
        "dev2": "dev1",
        "dev3": "base",
        "r1": "dev3",
        "student": None,
        "distill": "student",
    }


def test_weights_of_zero_go_nowhere():
    assert all(stage.start != "zero" for stage in RECIPE)
    assert [stage.name for stage in RECIPE if "zero" in stage.reads] == ["cold"]


def test_a_stage_starts_from_a_model_and_reads_what_was_left():
    leaves = {stage.name: stage.leaves for stage in RECIPE}
    assert set(leaves.values()) == {"model", "table", "scores"}
    for stage in RECIPE:
        assert stage.start is None or leaves[stage.start] == "model", stage.name
    tuned = (("dev1", "cold"), ("dev3", "samples"), ("distill", "samples"))
    for name, source in tuned:
        assert stages.BY_NAME[name].reads == (source,) and leaves[source] == "table"


def test_names_and_lookup_agree():
    assert stages.STAGES == tuple(stages.BY_NAME)
    assert all(stages.BY_NAME[name].name == name for name in stages.STAGES)


@pytest.mark.parametrize("preset", stages.SETTINGS)
def test_a_seed_reaches_every_stage(preset):
    found = stages.settings(preset, seed=7, device="meta")
    assert found.seed == 7 and found.device == "meta"
    for stage in RECIPE:
        seed = getattr(getattr(found, stage.config), "seed", found.seed)
        assert seed == 7, stage.name  # a size without a seed is given that of the run


@pytest.mark.parametrize("preset", stages.SETTINGS)
def test_no_setting_of_a_stage_is_left_over(preset):
    """Every dataclass among the settings belongs to a stage."""
    found = stages.settings(preset)
    names = {f.name for f in fields(found) if is_dataclass(getattr(found, f.name))}
    assert names == {stage.config for stage in RECIPE}


def test_a_seed_changes_nothing_but_seeds():
    one, other = stages.settings("tiny", 0), stages.settings("tiny", 1)
    for stage in RECIPE:
        a, b = (
            flat(asdict(getattr(run_settings, stage.config)))
            for run_settings in (one, other)
        )
        changed = {name.split(".")[-1] for name in a if a[name] != b[name]}
        assert changed == ({"seed"} if "seed" in a else set())


def test_named_settings_are_not_changed_by_asking():
    before = stages.SETTINGS["smoke"]
    stages.settings("smoke", seed=3)
    assert stages.SETTINGS["smoke"] is before and before.zero.seed == 0


def test_zero_runs_free_and_dev2_on_a_leash():
    for preset in stages.SETTINGS:
        found = stages.settings(preset)
        assert type(found.zero) is GRPOConfig and found.zero.kl_coef == 0
        assert isinstance(found.dev2, RefreshedGRPO) and found.dev2.kl_coef > 0
        assert found.dev2.refresh < found.dev2.steps, "the reference is never refreshed"


def test_language_can_never_beat_being_right_in_the_last_stage():
    assert 0 < LANGUAGE < 1 - FORMAT_WEIGHT


def test_a_right_answer_of_dev2_may_hold_a_quarter_of_foreign_words():
    """Beyond a third, a wrong one in clean language is paid more (chapter 11)."""
    problem = countdown.make((3, 7, 8), 35, "en", answer="(8-3)*7")
    paid = pipeline.in_one_language(stages.settings("tiny").dev2)

    def reward(words, answer):
        return paid(problem, f"<think>{words}</think><answer>{answer}</answer>")

    clean_but_wrong = reward("yes yes yes yes", "8*7-3")
    assert reward("yes yes yes 맞아", "(8-3)*7") > clean_but_wrong
    assert reward("yes yes 맞아 맞아", "(8-3)*7") < clean_but_wrong


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"refresh": 0}, "refresh must be at least 1, got 0"),
        ({"refresh": -3}, "refresh must be at least 1, got -3"),
        ({"group_size": 1}, "group_size must be at least 2, got 1"),
        ({"prompts": 6, "minibatches": 4}, r"prompts \(6\) must be a multiple of"),
    ],
)
def test_a_leash_that_cannot_be_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        RefreshedGRPO(**wrong)


def test_an_unknown_preset_is_named_with_those_that_are():
    with pytest.raises(ValueError, match="one of tiny, smoke, got 'huge'"):
        stages.settings("huge")


def test_a_run_of_another_edition_is_refused(tmp_path, monkeypatch):
    """Settings that name no edition are of the first."""
    (tmp_path / "settings.json").write_text('{"seed": 0}')
    checkpoints.agree(tmp_path, {"seed": 0})
    checkpoints.begin(tmp_path / "new", {"seed": 0})
    kept = json.loads((tmp_path / "new/settings.json").read_text())
    assert kept == {"edition": 1, "seed": 0}
    monkeypatch.setattr(checkpoints, "EDITION", 2)
    for folder in (tmp_path, tmp_path / "new"):
        with pytest.raises(ValueError, match="was begun with edition 1, not 2"):
            checkpoints.agree(folder, {"seed": 0})


def test_a_run_from_before_a_setting_goes_on_unless_the_setting_changes_it(tmp_path):
    (tmp_path / "settings.json").write_text('{"edition": 1, "cold": {"rows": 3}}')
    now = {"spoken": 0.0, "cold": {"rows": 3, "words": False}}
    checkpoints.agree(tmp_path, now)
    with pytest.raises(ValueError, match="begun with cold.words False, not True"):
        checkpoints.agree(tmp_path, {**now, "cold": {"rows": 3, "words": True}})


@pytest.mark.parametrize("name", ["\x1b[31m", "a\nb", "n" * 9000], ids=ascii)
def test_a_setting_with_an_odd_name_is_one_plain_line(name, tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps({name: 1}))
    with pytest.raises(ValueError, match="was begun with") as caught:
        checkpoints.agree(tmp_path, {})
    text = str(caught.value).replace(str(tmp_path), "")
    assert text.isprintable() and len(text) < 500
