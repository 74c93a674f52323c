"""Gold answers of our own in the styles of competition papers, and ways to write them.

Golds are separated by ";;" and line ends. Each has a value that no other one has;
`forms` writes a gold in ways that LaTeX shows alike.
"""

import random
import re
from collections.abc import Iterator

GROUPS = r"""
0;; 1;; -1;; 7;; 42;; 204;; 699;; 1000;; 10080;; 9500;; 123456;; -273;; 65536;; 2024
17
1/2;; -\frac{1}{2};; \frac{2}{3};; \frac{22}{7};; -\frac{7}{3};; \frac{41}{152}
\frac{1}{2024}
\frac{3}{8};; \frac{5}{16};; \frac{100}{101};; \frac{13}{4};; 2\frac{3}{5}
7\frac{1}{9}
0.35;; 3.14;; -0.008;; 98.6;; 1.414;; 0.333;; 12345.678;; 2.71828;; 0.0625;; -4.75
5\%;; 12.5\%;; 33\frac{1}{3}\%;; 120\%;; -8\%;; \frac{1}{7}\%
\sqrt{2};; \sqrt{3};; 2\sqrt{3};; -5\sqrt{7};; 3\sqrt{13};; \frac{\sqrt{5}}{5}
\frac{3\sqrt{6}}{4}
1+\sqrt{2};; 1-\sqrt{2};; \frac{1+\sqrt{5}}{2};; \frac{-1+\sqrt{5}}{2}
\sqrt{10}+\sqrt{6}
\sqrt[3]{2};; \sqrt[3]{-5};; 3\sqrt[3]{4};; \sqrt[4]{7};; \sqrt{2+\sqrt{3}}
4\sqrt[3]{9}
\pi;; 2\pi;; \frac{\pi}{6};; -\frac{3\pi}{4};; 16\pi;; 4\pi-8;; \pi^2;; 12+3\pi
\frac{25\pi}{7}
2^{100};; 3^{50};; 5^{12};; 2^{1000};; 7^{20};; 10^{-7}
x;; n;; k;; t;; 2n;; n^2;; n+1;; n-1;; 2n+1;; 2^n;; n^3;; n(n+2);; \frac{n}{2}
\frac{n+1}{3}
x^2+1;; x^2-1;; x^2+2x+4;; 3x^3-2x+5;; x^5-x^3+x^2-1;; (x+2)(x-3);; 7x+3;; -2x+9
5x^4
a+b;; a-b;; 2ab+c;; a^2+b^2;; a^2-ab+b^2;; \frac{a}{b};; \frac{a+b}{a-b};; 4a^3b;; pq
xyz
x+y;; 2x-3y;; xy;; x^2y;; xy^2;; \frac{x}{y};; \frac{1}{x+1};; \frac{x+3}{x-5}
x^2y^2
\sin x;; \cos x;; \tan x;; \sin(2x);; \ln 2;; \ln 5;; e^x;; 3\sin x;; \ln(x+1)
x\cos x
(1,2);; (2,1);; (-3,4);; (0,0);; (\frac{1}{2},3);; (1,2,3);; (3,2,1);; (\sqrt{2},0)
(5,-7)
(x,2x);; (6,31,-1);; (2,\frac{\pi}{3});; (8,\frac{5\pi}{4});; (12,5);; (5,12)
(-1,-1)
[0,1];; [0,1);; (0,1];; [-2,7];; (-2,7];; (0,\infty);; [0,\infty);; (-\infty,0)
(-\infty,0]
[-2,5)\cup(6,9];; (-\infty,2)\cup(2,\infty);; [1,4]\cup[5,6]
(-\infty,-8)\cup(0,\infty)
\{1,2\};; \{3\};; \{1,2,3\};; \{0\};; \{-1,1\};; \{\frac{1}{2},4\};; \emptyset
\{x,y\};; \{2,4,6\}
1,3;; 3,1;; 1,2,4;; -1,6;; 4,-5;; \frac{1}{2},5;; 0,7;; 2,3,5,11
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}
\begin{pmatrix} 2 & 1 \\ 3 & 4 \end{pmatrix}
\begin{pmatrix} -5 \\ 7 \end{pmatrix};; \begin{pmatrix} 0 & -1 \\ 1 & 0 \end{pmatrix}
\begin{pmatrix} 9 \\ -2 \\ 6 \end{pmatrix}
\begin{vmatrix} 1 & 2 \\ 3 & 4 \end{vmatrix}
x > 3;; x \ge 3;; x < 3;; x \le 3;; y > 3;; -1 < x < 5;; -1 \le x \le 5;; 0 < t < 6
x \ne 4
y=3x+4;; x^2+y^2=9;; x^2+y^2=8;; 2x+3y=6;; y^2=4x;; xy=12;; a=b;; a+b=c;; p=q
f(x)=x^2-6
x=31;; y=32;; z=33;; \theta=34;; n=35
3 \text{ cm};; 4 \text{ cm}^2;; 5 \text{ kg};; 6 \text{ hours};; 8 \text{ m/s}
11 \text{ feet}
13 \text{ mph};; 14 \text{ gallons};; 15 \text{ square inches}
16 \text{ cubic meters}
18 \text{ pounds};; 19 \text{ minutes};; 21 \text{ liters};; 22 \text{ yards}
23 \text{ weeks}
2\sqrt{11} \text{ cm};; 7\pi \text{ m};; 24 \text{ km per hour};; 25 \text{ miles}
\$26;; \$32.35;; \$18.90;; 75 \text{ cents};; 27 \text{ won};; \$1{,}250
45^\circ;; 60^\circ;; 112.5^\circ;; 38^\circ C;; 39^\circ F
\text{even};; \text{odd};; \text{neither};; \text{yes};; \text{no};; \text{on}
\text{Monday}
\text{Friday};; \text{CAB};; \text{ABC};; \text{BCA};; \text{cat};; \text{act}
\text{ellipse}
\text{circle};; \text{hyperbola};; \text{parabola};; \text{Evelyn};; \text{Briana}
\text{two lines};; \text{red, blue};; \text{blue, red};; \text{not possible}
\text{true}
\text{(A)};; \text{(B)};; \text{(C)};; \text{(D)};; \text{(E)};; \text{A,C}
\text{A and C}
101_2;; 101_3;; 2516_8;; 4343_6;; 11011_2;; 52_9;; A2_{12};; 1024_5
3+4i;; 3-4i;; -i;; i;; 2i\sqrt{2};; \frac{1+i}{2};; 1+274i;; \frac{-1+i\sqrt{3}}{2}
13i
5!;; 10!;; \binom{5}{2};; \binom{11}{3};; \binom{n}{2};; \binom{2n}{n};; n!;; 5!-3!
1\pm\sqrt{19};; 2\pm i;; \pm 5;; \frac{1\pm\sqrt{17}}{4};; -2\pm\sqrt{3}
AB;; BA;; AC;; \overline{AB};; \triangle ABC;; \angle ABC;; \angle CAB;; ABCD
l\parallel m
|x-4|;; |x|+2;; \lfloor x\rfloor;; \lceil x\rceil;; x_1;; x_2;; a_n;; a_{n+1};; S_n
\log_2 6;; \log_6 2;; \log_{10} 7;; \mathbb{R};; \mathbb{Z};; \infty;; -\infty
f(x)+9
""".strip()

GOLDS = [gold.strip() for line in GROUPS.splitlines() for gold in line.split(";;")]


def forms(gold: str, rng: random.Random) -> Iterator[str]:
    """Yield a gold answer as LaTeX may write it otherwise and show it alike."""
    yield gold
    yield f"  {gold} "
    yield f"${gold}$"
    yield f"\\({gold}\\)"
    yield f"\\[ {gold} \\]"
    yield f"$${gold}$$"
    yield f"{gold}."
    yield f"\\displaystyle {gold}"
    yield f"\\,{gold}\\!"
    yield from dict.fromkeys(rewritten(gold))
    yield respaced(gold, rng)


def rewritten(gold: str) -> Iterator[str]:
    """Yield other commands, braces and delimiters for what is in a gold."""
    yield gold.replace("\\frac", "\\dfrac")
    yield gold.replace("\\frac", "\\tfrac")
    yield re.sub(r"\\frac\{(\d)\}\{(\d)\}", r"\\frac\1\2", gold)
    yield re.sub(r"\\sqrt\{(\d)\}", r"\\sqrt\1", gold)
    yield re.sub(r"\\sqrt\{(\d)\}", r"\\sqrt {\1}", gold)
    yield re.sub(r"([\^_])(\w)(?!\w)", r"\1{\2}", gold)
    yield gold.replace("\\le ", "\\leq ").replace("\\ge ", "\\geq ")
    yield gold.replace("\\binom", "\\dbinom")
    yield gold.replace("\\text", "\\mathrm")
    if not gold.startswith("\\begin"):
        yield (
            re.sub(r"(?<!\\)([(\[])", r"\\left\1", gold)
            .replace(")", "\\right)")
            .replace("]", "\\right]")
            if "\\sqrt[" not in gold and "(" in gold
            else gold
        )
    if re.fullmatch(r"-?\d{4,}", gold):
        for gap in (",", "{,}", ",\\!", "\\,", "\u2009"):
            yield f"{int(gold):,}".replace(",", gap)
    yield gold.replace("-", "−") if "text" not in gold else gold


def respaced(gold: str, rng: random.Random) -> str:
    """Put spaces where LaTeX ignores them: around operators, commas and brackets."""
    if "\\text" in gold or "\\begin" in gold:
        return gold.replace(" & ", "&").replace(" \\\\ ", "\\\\")
    space = rng.choice((" ", "  ", "\\, ", "\\;"))
    return re.sub(r"(?<![\\{])([-+=<>()\[\],])", rf"{space}\1{space}", gold)
