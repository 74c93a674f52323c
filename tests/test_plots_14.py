"""In one figure no two series look alike."""

import pytest

from r1lib import plots
from r1lib.plots.style import LOOKS, look_of


def test_as_many_lines_as_there_are_looks_differ_all():
    assert len({look[:3] for look in LOOKS}) == len({look[0] for look in LOOKS}) == 7
    lines = {f"arm {i}": [(1, i), (2, i + 1)] for i in range(len(LOOKS))}
    (axes,) = plots.curves({"all": lines}, "TFLOPs", "right").axes
    drawn = {(line.get_color(), line.get_marker()) for line in axes.lines}
    assert len(drawn) == len(LOOKS)


@pytest.mark.parametrize("series", [-1, len(LOOKS)])
def test_a_series_too_many_is_refused(series):
    with pytest.raises(ValueError, match=f"7 series apart, got {series + 1}"):
        look_of(series)
