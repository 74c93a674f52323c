"""Every figure of the book: call plots.curves, plots.heat_maps and so on.

`style` says how they look; the other files hold one kind of figure each. Only
`interactive`, the parts to play with, needs ipywidgets: import it by its own name.
"""

from r1lib.plots.bars import (
    bars_with_intervals,
    difference_dots,
    funnel_bars,
    interval_dots,
    log_bars,
    price_dots,
    stacked_bars,
    stacked_shares,
)
from r1lib.plots.lines import (
    curves,
    doubling_curves,
    scatter,
    seed_curves,
    squash_picture,
)
from r1lib.plots.maps import heat_maps, heatmaps, squares, token_map
from r1lib.plots.pairs import change_arrows, paired_dots
from r1lib.plots.pictures import (
    apart,
    balance_picture,
    batch_picture,
    brief,
    clip_picture,
    close_up,
    phase_picture,
    rows_picture,
    scaling_picture,
)
from r1lib.plots.samples import filter_lanes, row_dots
from r1lib.plots.search import steps_picture, tree_picture
from r1lib.plots.seeds import (
    difference_panels,
    log_dots,
    pairing_picture,
    price_panels,
    seed_dots,
    two_interval_panels,
    two_intervals,
)
from r1lib.plots.style import (
    BLUE,
    GREEN,
    GREY,
    GRID,
    INK,
    LOOKS,
    ORANGE,
    PAPER,
    PURPLE,
    STYLE,
    Picture,
    column,
    finish,
    series,
    smooth,
    styled,
    trend,
)
from r1lib.plots.tokens import next_token_bars
from r1lib.plots.training import (
    base_curves,
    compared_curves,
    zero_curves,
)
