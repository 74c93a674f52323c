"""Draw the map at the head of chapter 15: python -m figures.make_15_map"""

from functools import partial

from figures.pipeline import you_are_here
from figures.sketch import sheet

if __name__ == "__main__":
    models = ("base", "zero", "dev1", "dev2", "dev3", "r1")
    sheet("15_map.png", 15.2, 6.4, partial(you_are_here, here=models), bottom=0.4)
