"""Draw the map at the head of chapter 12: python -m figures.make_12_map"""

from functools import partial

from figures.pipeline import you_are_here
from figures.sketch import sheet

if __name__ == "__main__":
    here = partial(you_are_here, here=("samples", "dev3"), apart=True)
    sheet("12_map.png", 15.2, 6.4, here, bottom=0.6)
