"""Relatives of the rows of docs/answers.md, both ways round, and their neighbours."""

import pytest

from r1lib.verifiers import math_equal

EQUAL = r"""
\text{CAB} | CAB
\text{ABC} | ABC
\mathrm{ABC} | ABC
\angle ABC | \angle{ABC}
\triangle ABC | \triangle  ABC
x=2 | 2
x = 2 | 2
y=2 | y = 2
n=2 | 2.0
x_1=2 | 2
x_{1}=2 | x_1 = 2
f(x) = x+1 | x+1
f(x)=x+1 | f(x) = 1+x
\theta = 30 | 30
\theta=30^\circ | 30^\circ
10,\!080 | 10,080
1,\!000,\!000 | 1000000
1{,}000{,}000 | 1,000,000
10\,080 | 10{,}080
10,\! 080 | 10080
10, \!080 | 10080
-10,\!080 | -10080
10,\!080.5 | 10080.5
\$10,\!080 | 10080
\$10,\!080 | \$10,080
(10,\!080, 2) | (10080,2)
60 min | 1 hour
1 minute | 60 seconds
2 minutes | 120 sec
90 min | 1.5 hours
90 \text{ minutes} | 1.5 \text{ hours}
1 day | 24 hours
1 week | 7 days
1 year | 12 months
3 feet | 1 yard
3 ft | 36 inches
1 mile | 5280 feet
1 mi | 1760 yd
1 foot | 12 in
1 \text{ kg} | 1000 g
1 \text{ kg} | 1000 \text{ g}
1 pound | 16 ounces
2 pints | 1 quart
1 liter | 1000 ml
1 L | 1000 mL
1 litre | 1000 milliliters
1 \text{ m}^3 | 1000 \text{ L}
1 cm^3 | 1 ml
1 \text{ cubic meter} | 1000 \text{ liters}
1 sq ft | 144 square inches
1 \text{ ft}^2 | 144 \text{ in}^2
100 cents | \$1
\$1.50 | 150 cents
1.5 dollars | \$1.50
150 cents | 1.50 dollars
\$1 | 1 dollar
25 cents | 25
25\text{ cents} | \$0.25
25¢ | \$0.25
60 \text{ km/h} | 60 \text{ kilometers per hour}
60 mph | 60 miles per hour
x>3 | x > 3
x>3 | $x > 3$
x > 3 | x>{3}
x \leq 3 | x ≤ 3
x\le3 | x \leq 3
3<x<5 | 3 < x < 5
x\ge-3 | x \geq -3
x \neq 3 | x≠3
\begin{pmatrix}1\\2\end{pmatrix} | \begin{pmatrix} 1 \\ 2 \end{pmatrix}
\begin{pmatrix} 1 & 2 \end{pmatrix} | \begin{pmatrix}1&2\end{pmatrix}
\begin{bmatrix}1&2\\3&4\end{bmatrix} | \begin{bmatrix} 1 & 2\\ 3 & 4 \end{bmatrix}
\begin{pmatrix}1\\2\end{pmatrix} | \begin{pmatrix}1\\2\\\end{pmatrix}
\begin{pmatrix}\frac12\\2\end{pmatrix} | \begin{pmatrix} \frac{1}{2} \\ 2 \end{pmatrix}
\begin{pmatrix}-1\\2\end{pmatrix} | \begin{pmatrix} -1 \\[3pt] 2 \end{pmatrix}
42 | 42.
42 | $42$.
42 | $42.$
42 | 42.0
42. | 42
1/2 | .5.
1/2 | \frac{1}{2}.
-1/2 | \frac{1}{-2}
-1/2 | -\frac{1}{2}
-1/2 | \frac{-1}{2}
-1/2 | - \frac12
-1/2 | -0.5
1/2 | -\frac{-1}{2}
1/2 | \frac{-1}{-2}
1/2 | 50\%
1/200 | \frac12\%
1/200 | 1/2%
0.125 | 12.5\%
0.125 | 12\frac12\%
1/8 | 12 1/2%
\frac{1}{8} | 12.5 percent
\frac{1}{8} | 12.5\text{ percent}
-2 | -2.0
-\sqrt[3]{2} | \sqrt[3]{-2}
\sqrt[3]{-2} | -2^{1/3}
\sqrt[5]{-3} | -\sqrt[5]{3}
-\sqrt[3]{4} | -4^{1/3}
7/3 | 2\frac13
7/3 | 2 \frac{1}{3}
7/3 | 2 1/3
-7/3 | -2 1/3
-7/3 | -2\frac{1}{3}
7/3 | 2\tfrac13
(B) | B
\text{(B)} | B
\textbf{(B)} | B
\textbf{(B) } | (B)
\text{B} | (B)
\mathrm{(B)} | B
2,3 | 2, 3
\{2,3\} | \{3,2\}
\frac{\pi}{2} | \pi/2
\frac{\pi}{2} | \frac{1}{2}\pi
\frac{\pi}2 | 0.5\pi
\dfrac{3\pi}{4} | \frac34\pi
2\sqrt2 | 2\sqrt{2}
2\sqrt{2} | 2 \sqrt 2
\frac{\sqrt3}{2} | \frac{1}{2}\sqrt{3}
\frac{1}{\sqrt{2}} | \frac{\sqrt{2}}{2}
x^2+2x+1 | (x+1)^2
x^{2}+1 | x^2 + 1
2x | 2 \cdot x
2x+3y | 3y + 2x
6+9i | 6 + 9i
6+9i | 9i+6
\sqrt{2}+1 | 1+\sqrt2
\log_2 3 | \log_{2} 3
\log_2(3) | \log_2 (3)
2^{10} | 1024
2^{-1} | 0.5
3^4 | 81
10^{-3} | 0.001
5 \text{ units} | 5
5\text{ apples} | 5 apples
5 apples | 5\text{ apples}
\text{even} | even
\text{Yes} | Yes
\text{June 20} | June 20
\text{Jane} | Jane
70^\circ | 70°
70^\circ | 70
70^{\circ} | 70 degrees
70^\circ | 70\text{ degrees}
12\text{ cm}^2 | 12 square cm
12 \text{ square centimeters} | 12 \text{ cm}^2
5000 | 5,000
\frac{1}{2}\text{ cm} | 0.5 cm
\infty | ∞
(-\infty, 2) | (-∞,2)
[0,1] | [0, 1.0]
\left[0,1\right] | [0,1]
(0,1)\cup(2,3) | (2,3) \cup (0,1)
10\, 080 | 10080
x \ge {10} | x\ge10
\triangle{ABC} | \triangle ABC
\angle{ABC} | \angle ABC
"""
UNEQUAL = r"""
ABC | ACB
\text{ABC} | CAB
\text{dog} | god
abc | cba
\text{no} | on
AB | BA
\angle ABC | \angle ACB
x=2 | y=2
x=2 | z = 2
a=2 | b=2
x=2 | X=2
\theta=2 | \phi=2
x_1=2 | x_2=2
f(x)=2x | g(x)=2x
f(x)=2x | f(y)=2x
x=2 | x=3
10,\!080 | 10, 80
10,\!080 | 1080
10,\!080 | (10,80)
10,\!080 | 10.080
1,\!00 | 100
60 min | 1 min
60 min | 2 hours
1 hour | 60 sec
1 m | 1 min
1 ft | 12 cm
1 kg | 1 lb
1 L | 1 m^3
1 cm^2 | 1 cm
1 m^2 | 100 cm^2
1 m^3 | 100 cm^3
\$5 | 5 cents
\$5 | 5%
\$1 | 100
\$1.50 | 1.50 cents
25 cents | \$25
60 mph | 60 km/h
5 cm | 5 kg
1 year | 365 days
1 month | 30 days
x>3 | x<3
x>3 | x≥3
x>3 | x>30
x \leq 3 | x \geq 3
x \neq 3 | x = 3
3<x<5 | 3<x<6
\begin{pmatrix}1\\2\end{pmatrix} | \begin{pmatrix}2\\1\end{pmatrix}
\begin{pmatrix}1\\2\end{pmatrix} | \begin{pmatrix}1&2\end{pmatrix}
\begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{pmatrix}12\\34\end{pmatrix}
\begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{pmatrix}1&23&4\end{pmatrix}
\begin{pmatrix}1 2\end{pmatrix} | \begin{pmatrix}12\end{pmatrix}
42 | 42..
42 | .42
42 | 4.2
42 | 42%
1/2 | -1/2
1/2 | \frac{-1}{2}
1/2 | \frac{1}{-2}
-1/2 | \frac{-1}{-2}
-1/2 | --1/2
1/2 | 1/2%
0.5 | 50
1/200 | 1/2
2 | \sqrt[3]{-8}
\sqrt{2} | \sqrt[3]{2}
\sqrt[3]{-2} | \sqrt[3]{2}
\sqrt{2} | -\sqrt{2}
7/3 | 2/3
7/3 | 21/3
-7/3 | -5/3
2\frac13 | \frac23
(B) | (C)
B | b
\text{(A)} | \text{(B)}
B | AB
B | B, C
\{2,3\} | \{2,3,4\}
(2,3) | (3,2)
101_2 | 101_3
101_2 | 101
5 apples | 5 oranges
\text{5 apples} | \text{6 apples}
even | odd
\text{June 20} | \text{June 21}
\text{June 20} | \text{20 June}
12\text{ cm}^2 | 12\text{ cm}^3
70^\circ | 7^\circ
70^\circ | 70\%
70^\circ | 70 cm
x^2+1 | x^2-1
2^{10} | 210
6+9i | 6-9i
6+9i | 9+6i
(0,1) | [0,1]
(0,\infty) | (-\infty,0)
\pi | 3.14
\frac{1}{3} | 0.333
3 | 3x
3 | 3!
3 | 33
3 | 3 or 3
3,4 | 34
3 4 | 34
1 000 | 1000
3 | \{3\}
3 | (3,)
xy | x+y
2x | x^2
x_1 | x_{11}
x^{12} | x^1 2
\log_2 3 | \log_3 2
\log_2 3 | \log 23
\binom{5}{2} | \binom{2}{5}
\text{3 cm} | \text{4 cm}
\overline{AB} | \overline A B
\angle{ABC} | \angle{ACB}
x>{3} | x>4
10\, 080 | 10, 80
"""


def rows(text):
    """The two answers of each line."""
    return [tuple(line.split(" | ", 1)) for line in text.strip().splitlines()]


@pytest.mark.parametrize("one, other", rows(EQUAL))
def test_two_spellings_of_one_answer_are_equal_both_ways(one, other):
    assert math_equal(one, other) and math_equal(other, one)


@pytest.mark.parametrize("one, other", rows(UNEQUAL))
def test_neighbours_are_unequal_both_ways(one, other):
    assert not math_equal(one, other) and not math_equal(other, one)
