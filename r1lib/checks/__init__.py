"""Automatic checks of the exercises: checks.ex_9_1 is that of exercise 9.1.

One file for each chapter; `exercise` says how a check reports.
"""

from r1lib.checks.chapter_01 import ex_1_1, ex_1_2, ex_1_3, ex_1_4, ex_1_5
from r1lib.checks.chapter_02 import ex_2_1, ex_2_2, ex_2_3, ex_2_4, ex_2_5, ex_2_6
from r1lib.checks.chapter_03 import (
    ex_3_1,
    ex_3_2,
    ex_3_3,
    ex_3_4,
    ex_3_5,
    ex_3_6,
    ex_3_7,
    ex_3_8,
    ex_3_9,
)
from r1lib.checks.chapter_04 import (
    ex_4_1,
    ex_4_2,
    ex_4_3,
    ex_4_4,
    ex_4_5,
    ex_4_6,
    ex_4_7,
    ex_4_8,
)
from r1lib.checks.chapter_05 import ex_5_1, ex_5_2, ex_5_3, ex_5_4, ex_5_5, ex_5_6
from r1lib.checks.chapter_06 import (
    ex_6_1,
    ex_6_2,
    ex_6_3,
    ex_6_4,
    ex_6_5,
    ex_6_6,
    ex_6_7,
)
from r1lib.checks.chapter_07 import ex_7_1, ex_7_2, ex_7_3, ex_7_4, ex_7_5, ex_7_6
from r1lib.checks.chapter_08 import ex_8_1, ex_8_2, ex_8_3, ex_8_4, ex_8_5, ex_8_6
from r1lib.checks.chapter_09 import (
    ex_9_1,
    ex_9_2,
    ex_9_3,
    ex_9_4,
    ex_9_5,
    ex_9_6,
    ex_9_7,
)
from r1lib.checks.chapter_10 import (
    ex_10_1,
    ex_10_2,
    ex_10_3,
    ex_10_4,
    ex_10_5,
    ex_10_6,
)
from r1lib.checks.chapter_11 import (
    ex_11_1,
    ex_11_2,
    ex_11_3,
    ex_11_4,
    ex_11_5,
    ex_11_6,
    ex_11_7,
)
from r1lib.checks.chapter_12 import (
    ex_12_1,
    ex_12_2,
    ex_12_3,
    ex_12_4,
    ex_12_5,
    ex_12_6,
    ex_12_7,
)
from r1lib.checks.chapter_13 import ex_13_1, ex_13_2, ex_13_3, ex_13_4, ex_13_5, ex_13_6
from r1lib.checks.chapter_14 import (
    ex_14_1,
    ex_14_2,
    ex_14_3,
    ex_14_4,
    ex_14_5,
    ex_14_6,
    ex_14_7,
    ex_14_8,
)
from r1lib.checks.chapter_15 import (
    ex_15_1,
    ex_15_2,
    ex_15_3,
    ex_15_4,
    ex_15_5,
    ex_15_6,
    ex_15_7,
)
from r1lib.checks.chapter_16 import ex_16_1, ex_16_2, ex_16_3, ex_16_4, ex_16_5, ex_16_6
from r1lib.checks.exercise import report
