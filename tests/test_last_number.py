"""Claims about the fall-back of `extract_answer`: the last number, or nothing.

Sentences as models write them. The right ones are read; of a piece, a range or a hedge
nothing is read, or a number that is not the one beside it.
"""

import pytest

from r1lib.verifiers import extract_answer, math_equal

RIGHT = r"""
42 | So the answer is 42.
42 | The answer is: 42
42 | Answer: 42
42 | Answer:42
42 | ANSWER = 42
42 | **42**
42 | The answer is **42**.
42 | **Answer:** 42
42 | **Answer: 42**
42 | **Final Answer:** 42.
42 | ### 42
42 | #### 42
42 | x = 42
42 | x=42
42 | x=42.
42 | Thus, \(x=42\).
42 | Thus, $x=42$.
42 | Thus $x = 42$.
42 | Therefore, \[x = 42\]
42 | Therefore, \[x = 42.\]
42 | $$x = 42$$
42 | So we get $6 \cdot 7 = 42$.
42 | 6 × 7 = 42
42 | 6*7=42
42 | 40+2=42
42 | = 42 apples
42 | He has 42 apples left.
42 | He has 42 apples left over.
42 | She bought 42 more than Tom.
42 | That is 42 less than before.
42 | The total is 42 dollars.
42 | The total cost is $42.
42 | The total cost is $42
42 | The total cost is \$42.
42 | It costs 42 dollars in total!
42 | 42 (forty-two)
42 | The answer is 42 (forty-two).
42 | The answer is 42 :)
42 | It takes 42 minutes.
42 | It takes 42 hours to finish.
42 | After step 3, we have 42.
42 | In step 3 we get 42.
42 | From 10 we get 42.
42 | The number is over 40, namely 42.
42 | From the second equation, 42.
42 | The example gives 42.
42 | In this case 42 works.
42 | The line is 42.
42 | The value of f(3) is 42.
42 | f(3) = 42
42 | f(x) = 42
42 | a_1 = 42
42 | $a_{10} = 42$
42 | x_1 = 42.
42 | There are 42 ways.
42 | There are 42 possible ways to do it.
42 | The sum of the digits of 12345 is 42
42 | Since 7 divides it, n is 42
42 | n must be 42, as required.
42 | So n is 42; done.
42 | "42"
42 | '42'
42 | The answer is '42'.
42 | The answer is "42".
42 | The answer is `42`.
42 | `42`
42 | _42_
42 | 정답은 42입니다.
42 | 정답: 42
42 | 정답은 42이다.
42 | 답: 42개
42 | 답은 42.
42 | 답은 42예요
42 | 따라서 x는 42이다.
42 | 모두 42개가 남았습니다.
42 | 총 42명입니다.
42 | 42원입니다.
42 | 그러므로 42가 된다.
42 | 정답은 **42**입니다.
42 | 정답은 $42$입니다.
42 | 정답은 \(42\)입니다.
42 | 42점입니다.
42 | 최솟값은 42이다.
42 | 최댓값은 42입니다.
42 | 따라서 최소 값은 42
42 | 42번 하면 됩니다.
42 | So the final answer is 42. Thank you.
42 | The greatest common divisor is 42 .
42 | The answer is 42,
42 | Hence 42 is the answer.
42 | 42 is the answer.
42 | 42, that is it.
42 | 42
42 |  42
42 | 42.
42 | 42.0
42 | +42
-42 | -42
-42 | The answer is -42.
-42 | x = -42
-42 | $-42$
-42 | is $-42$.
-42 | The answer is −42
-42 | negative: -42
1000 | The answer is 1,000.
1000 | $1,000$
1000 | It is \$1,000 in total.
1000000 | It is 1,000,000.
1234.5 | so 1,234.5
0.5 | The probability is 0.5.
0.5 | The probability is .5
0.5 | The probability is 1/2.
1/2 | The probability is 1/2
-1/2 | x = -1/2
1/2 | Probability = 2/4.
7/3 | It is 2 1/3.
7/3 | So x = 7/3
0.25 | The answer is 25%.
25% | That is 25%.
25 | So 25 percent? no, 25.
33 | The area is 33 cm.
33 | The area is 33 square units.
33 | The area is 33 square meters.
33 | It is 33 km away
33 | He drove at 33 miles per hour.
33 | at 33 km/h
33 | 33°
33 | The angle is 33 degrees.
33 | The angle is 33°.
33 | The angle is $33^\circ$.
204 | Thus the walk takes 204 minutes, including the t minutes at the shop.
25 | m+n = 25
113 | The final answer is 113. I hope it is correct.
113 | Final Answer: The final answer is $113$. I hope it is correct.
4 | Hence, there are 4 solutions.
4 | The equation has 4 real roots.
4 | The answer is four, i.e. 4.
4 | This equals 4
4 | This is equal to 4
4 | It simplifies to 4.
4 | which comes to 4
4 | and the result is 4 — done.
4 | Thus the number of pages is 4
4 | Chapter count: 4
4 | so there must be exactly 4 of them
4 | So we need at least 4 coins.
4 | The minimum is 4.
4 | The largest is 4
4 | equals to: 4
4 | ⇒ 4
4 | → 4
4 | => 4
4 | -> 4
4 | ∴ 4
4 | * 4
4 | 2 + 2 equals 4
4 | When x is 3, y is 4
4 | Let x be 4
4 | He has 4 times? He has 4.
4 | So Ann has 4 and that's it.
4 | So Ann has 4 or so they say: 4
4 | The score is 4 points.
4 | 4 weeks
4 | the age is 4 years old
4 | In 3 days he eats 4
4 | He gets 4 for 3 days' work, so 4.
4 | (4)
4 | The final answer is (4).
4 | about 5? No: 4
4 | I think it's 4
4 | it's probably 4
4 | = $4$
4 | Total = 4 + 0 = 4
4 | Total: $4
4 | So $x=4$ is the only solution.
4 | so 4 is right, over and out.
4 | That leaves 4 from the box
4 | that makes 4 more
4 | that makes 4 more apples
4 | Jim has 4 fewer.
4 | They met 4 times.
4 | They did it 4 times.
4 | The ratio is 4 to none
4 | I ate 4 in March
4 | on may be 4
4 | the width may be 4
4 | In May 4 of them left
8 | The train leaves at 8
8 | She works 8 hours per day: 8
8 | The half is 8
8 | The base is 8
8 | The power is 8
8 | The root is 8
8 | base 8
8 | half of it: 8
8 | a total of 8
8 | minus nothing leaves 8
8 | A has 8
8 | Person A gets 8
8 | Q: what? A: 8
"""  # gold | sentence
WRONG = r"""
5 | 4 OR 5
5 | 4 AND 5
5 | 4 TO 5
5 | 4 Or Maybe 5
4 | 4 or 5
5 | 4 or 5
4 | 3, 4
4 | 3 and 4
4 | 3 or 4.
4 | pages 3-4
4 | between 3 and 4
5 | between 3 and 5
5 | 3 to 5
5 | 3 ~ 5
5 | 3 – 5
5 | 3—5
5 | from 3 to 5
5 | from 3 up to 5
5 | either 4 or 5
5 | either 4 or maybe 5
5 | x = 4 or x = 5
5 | x=4, x=5
5 | $x=4$ or $x=5$
5 | $4$ or $5$
5 | **4** or **5**
5 | 4 or possibly 5
5 | 4 / 5
5 | 4/5
5 | 4:5
5 | the ratio is 4 : 5
5 | 4 또는 5
5 | 4나 5
5 | 4이나 5
5 | 4와 5
5 | 4, 5개
5 | 4~5개
5 | 4에서 5
5 | 4 에서 5 사이
5 | x^5
5 | x5
5 | 2^5
5 | $2^{5}$
5 | x_5
5 | x_{5}
5 | v1.5
5 | 1.2.5
2 | 2.5.
500 | 2500
500 | 2,500
500 | 2 500
500 | 2.500
500 | 2'500
500 | 2_500
30 | 3:30
30 | at 3:30 pm
3 | 3:30
2024 | 05.06.2024
6 | 2024-05-06
6 | May 6, 2024
6 | 2024/05/06
5 | 1e5
5 | 10^5
5 | 3 x 10^5
5 | 5!
5 | 5!=120?
5 | √5
5 | $\sqrt{5}$
5 | 2√5
5 | 2\sqrt{5}
5 | |5|
5 | -5
5 | −5
5 | – 5
5 | —5
5 | (3, 5)
5 | (3,5)
5 | [3, 5]
5 | {3, 5}
5 | x < 5
5 | x > 5
5 | x ≤ 5
5 | x \leq 5
5 | $x \ge 5$
5 | x >= 5
5 | x != 5
5 | x ≠ 5
5 | not 5
5 | It is not 5
5 | it isn't 5
5 | 5i
5 | 5x
5 | 5 x
5 | $5x$
5 | 5\pi
5 | 5π
5 | 5 \pi
5 | x + 5
5 | x - 5
5 | 3x+5
5 | y = 3x + 5
5 | 1 1/5
5 | 1/5
1 | 1/5
5 | 5%
5 | 5 %
5 | 5\%
5 | 5 percent
5 | 5 퍼센트
5 | 5/6
5 | 5 million
5 | 5만
5 | 5 백만
5 | 5천 원
5 | five or 5.5
5 | 3 5
5 | 3 or4
5 | 3|5
5 | 3 | 5
5 | 3; 5
5 | 3 vs 5
5 | 3 & 5
5 | 4 → 5?
5 | 5th
5 | 5-th
5 | 5번째
5 | 제5
5 | 5²
5 | ½5
5 | 5½
5 | ٥
2 | 2 hours 30 minutes
30 | 2 hours 30 minutes
30 | 2시간 30분
30 | 2h30
30 | 2 hours and 30 minutes
6 | 5 ft 6 in
6 | 5'6
6 | 5 feet, 6 inches
3 | 3 hundred
3 | 3 dozen
3 | 3.14159...
3.14159 | 3.14159...
3.14159 | 3.14159…
3 | log_2 3
3 | \log 3
3 | \frac{2}{3}
3 | $\frac{2}{3}$
3 | \frac23
3 | 2 mod 3
3 | 2 (mod 3)
3 | \binom{2}{3}
3 | 3!!
3 | 3 choose 2
3 | #3
3 | H2O3
3 | abc3
3 | 3abc
3 | 3D
3 | 3a
3 | 0x3
3 | 3e
3 | 3.2e-3
3 | 1 in 3
3 | 1 out of 3
3 | 1 over 3
3 | one over 3
2 | 2 to 1
1 | 2 to 1
3 | minus 3
3 | negative 3
3 | plus or minus 3
3 | ± 3
3 | \pm 3
3 | about 3
3 | approximately 3
3 | roughly 3
3 | 약 3
3 | 마이너스 3
3 | 3 thirds
3 | 3 and a half
3 | 3 and 1/2
3 | more than 3
3 | less than 3
3 | 3 or more
3 | 3 이상
3 | 3 이하
3 | 3?
3 | 3 (or 4?)
3 | 3 (or four)
3 | either 3 or none
3 | infinity - 3
3 | 3^2
9 | 3^2
"""  # another answer | sentence


def rows(text):
    """The (gold, sentence) of each line."""
    return [tuple(line.split(" | ", 1)) for line in text.strip().splitlines()]


def paid(gold, sentence):
    found = extract_answer(sentence)
    return found is not None and math_equal(gold, found)


@pytest.mark.parametrize("gold, sentence", rows(RIGHT))
def test_an_ordinary_right_sentence_is_paid(gold, sentence):
    assert paid(gold, sentence)
    assert paid(gold, f"<think>7</think>\nIt has 3 sides.\n{sentence}\n")


@pytest.mark.parametrize("gold, sentence", rows(WRONG))
def test_a_piece_a_hedge_or_another_value_is_not_paid(gold, sentence):
    assert not paid(gold, sentence)
    assert not paid(gold, f"<think>{gold}</think>{sentence}\n")


def test_what_is_found_is_in_the_text_as_it_is_written():
    for _, sentence in rows(RIGHT) + rows(WRONG):
        found = extract_answer(sentence)
        assert found is None or found in sentence


@pytest.mark.parametrize("piece", ["**", "_", "'a", "$", "(1", "1 ", "1,", "or "])
def test_only_what_is_near_the_last_number_counts(piece):
    text = piece * (300_000 // len(piece)) + " so 4"
    assert extract_answer(text) == extract_answer(text[-400:])
    assert extract_answer(text + " " + "and so on " * 30_000) == extract_answer(text)
