"""Dots over their price say in words what they show; one seed needs no legend."""

from r1lib import plots


def test_each_dot_has_its_name_price_and_interval():
    points = {"base": (16, (0.2, 0.1, 0.3)), "vote of 8": (394, (0.4, 0.3, 0.5))}
    figure = plots.price_dots(points, "tokens", "share right")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == list(points)
    assert [list(line.get_xdata()) for line in axes.lines[1::2]] == [[16], [394]]
    assert [list(line.get_ydata()) for line in axes.lines[::2]] == [
        [0.1, 0.3],
        [0.3, 0.5],
    ]
    assert figure.alt.endswith("base: 0.20 for 16. vote of 8: 0.40 for 394.")


def test_dots_of_one_seed_have_no_legend():
    one, two = [(0.2, 0.1, 0.3)], [(0.2, 0.1, 0.3), (0.3, 0.2, 0.4)]
    for rows, wanted in ((one, False), (two, True)):
        (axes,) = plots.interval_dots({"sums": {"base": rows}}).axes
        assert (axes.get_legend() is not None) == wanted


def test_a_name_keeps_clear_of_the_intervals_of_other_dots():
    points = {"base": (20, (0.21, 0.16, 0.27)), "distill": (77, (0.34, 0.26, 0.42))}
    points["1 base, one thought"] = (51, (0.26, 0.21, 0.31))
    (axes,) = plots.price_dots(points, "tokens", "share right").axes
    places = {text.get_text(): text.get_position() for text in axes.texts}
    assert places == {
        "base": (7, 0),
        "distill": (7, 0),
        "1 base, one thought": (7, -11),
    }


def test_bars_of_next_tokens_add_up_to_one():
    pair = {"base": {"17": 0.75, "15": 0.125}, "r1": {"17": 1.0, "15": 0.0}}
    figure = plots.next_token_bars({"after 12+5=": pair})
    (axes,) = figure.axes
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == [0.75, 0.125, 0.125, 1.0, 0.0, 0.0]
    assert "base: 17 75%, 15 12%, all others 12%." in figure.alt


def test_interval_dots_may_have_an_end_for_each_panel_and_count_in_percent():
    panels = {name: {"a": [(0.1, 0.05, 0.2)]} for name in ("easy", "hard")}
    most = {"easy": 1.0, "hard": 0.2}
    figure = plots.interval_dots(panels, "mixed", most, percent=True)
    easy, hard = figure.axes
    assert easy.get_xlim()[1] > 1 and hard.get_xlim()[1] < 0.25
    assert hard.xaxis.get_major_formatter()(0.1, 0) == "10%"


def test_interval_dots_write_what_lies_before_a_late_start_of_the_axis():
    rows = {"a": [(0.1, 0.05, 0.2), (0.2, 0.1, 0.3)], "b": [(0.9, 0.8, 1.0)] * 2}
    figure = plots.interval_dots(
        {"wide": rows, "near": rows}, most={"wide": 1, "near": (0.7, 1)}
    )
    wide, near = figure.axes
    assert not wide.texts and [text.get_text() for text in near.texts] == [
        "← 0.10  0.20"
    ]
    assert 0.6 < near.get_xlim()[0] < 0.7 and len(near.get_legend().texts) == 2


def test_interval_dots_in_ink_have_one_colour_and_a_mark_for_each_seed():
    rows = {"plain": {"end": [(0.1 * n, 0.0, 0.5) for n in (1, 2, 3)]}}
    (axes,) = plots.interval_dots(rows, ink=True).axes
    assert {line.get_color() for line in axes.lines} == {plots.INK}
    assert len({line.get_marker() for line in axes.lines} - {"None"}) == 3


def test_rest_of_next_tokens_has_a_row_only_where_it_shows():
    figure = plots.next_token_bars({"start": {"base": {"<think>": 0.998, "7": 0.0}}})
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["<think>", "7"]
    assert [text.get_text() for text in axes.texts] == ["100%"]


def test_ways_of_one_name_share_its_line_and_have_their_numbers():
    ways = {"at once": (0.48, 0.4, 0.56), "thinking": (0.27, 0.2, 0.34)}
    (axes,) = plots.paired_dots({"facts": {"base": ways}}, "share").axes
    assert [text.get_text() for text in axes.texts] == ["0.48", "0.27"]
    assert axes.figure.alt.endswith("facts, base: at once 0.48, thinking 0.27.")


def test_hollow_dots_are_rings():
    points = {"base": (16, (0.2, 0.1, 0.3)), "small": (16, (0.1, 0.0, 0.2))}
    (axes,) = plots.price_dots(points, "tokens", "right", hollow=("small",)).axes
    faces = [line.get_markerfacecolor() for line in axes.lines[1::2]]
    assert faces[1] == "#ffffff" and faces[0] != "#ffffff"


def test_the_control_looks_alike_in_both_pictures():
    points = {"base": (16, (0.2, 0.1, 0.3)), "forced": (50, (0.3, 0.2, 0.4))}
    (axes,) = plots.price_dots(points, "tokens", "right", control=("forced",)).axes
    panels = {"sums": {name: [value] for name, (_, value) in points.items()}}
    (other,) = plots.interval_dots(panels, control=("forced",)).axes
    looks = [
        [(line.get_color(), line.get_marker()) for line in a.lines]
        for a in (axes, other)
    ]
    assert looks[0][3] == looks[1][3] != looks[0][1] == looks[1][1]


def test_an_arrow_points_to_what_a_step_made_of_a_chance():
    rows = {"shown <think>": (0.274, 0.623), "drew <think>, wrong": (0.274, 0.196)}
    (axes,) = plots.change_arrows(rows, "probability of <think>").axes
    said = [text.get_text() for text in axes.texts]
    assert said == ["before: 0.274", "", "0.623", "", "0.196"]
    colours = [text.get_color() for text in axes.texts[2::2]]
    assert colours[0] != colours[1]
    assert axes.figure.alt.endswith("drew <think>, wrong: 0.274 to 0.196.")
