"""Draw the map at the head of chapter 13: python -m figures.make_13_map"""

from functools import partial

from figures.pipeline import you_are_here
from figures.sketch import sheet

if __name__ == "__main__":
    here = partial(you_are_here, here=("r1",), below=True)
    sheet("13_map.png", 15.2, 6.4, here, bottom=0.6)
