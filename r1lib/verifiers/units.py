"""Units of measurement: what a unit measures, and its exact size.

Lengths in millimetres, masses in milligrams, times in seconds; volumes are lengths to
the third power, so that a litre is 1000 cubic centimetres. Feet, pounds and gallons are
those of the international agreement of 1959 and of the United States.
"""

import re
from fractions import Fraction

INCH = Fraction(127, 5)  # millimetres
POUND = Fraction(45359237, 100)  # milligrams
LITRE = Fraction(1_000_000)  # cubic millimetres
GALLON = 231 * INCH**3

SIZES = {  # what is measured -> names and size of each unit
    "length": [
        ("mm millimeter millimeters millimetre millimetres", 1),
        ("cm centimeter centimeters centimetre centimetres", 10),
        ("m meter meters metre metres", 1000),
        ("km kilometer kilometers kilometre kilometres", 10**6),
        ("in inch inches", INCH),
        ("ft foot feet", 12 * INCH),
        ("yd yds yard yards", 36 * INCH),
        ("mi mile miles", 63360 * INCH),
    ],
    "mass": [
        ("mg milligram milligrams", 1),
        ("g gram grams", 1000),
        ("kg kilogram kilograms", 10**6),
        ("tonne tonnes", 10**9),
        ("oz ounce ounces", POUND / 16),
        ("lb lbs pound pounds", POUND),
    ],
    "time": [
        ("ms millisecond milliseconds", Fraction(1, 1000)),
        ("s sec secs second seconds", 1),
        ("min mins minute minutes", 60),
        ("h hr hrs hour hours", 3600),
        ("day days", 86400),
        ("week weeks", 7 * 86400),
    ],
    "months": [("month months", 1), ("year years", 12)],
    "length^3": [
        ("ml mL milliliter milliliters millilitre millilitres cc", LITRE / 1000),
        ("l L liter liters litre litres", LITRE),
        ("gal gallon gallons", GALLON),
        ("qt quart quarts", GALLON / 4),
        ("pint pints", GALLON / 8),
        ("cup cups", GALLON / 16),
    ],
    "length^2": [
        ("acre acres", 43560 * (12 * INCH) ** 2),
        ("ha hectare hectares", 10**10),
    ],
    "length/time": [("mph", 63360 * INCH / 3600), ("kph", Fraction(10**6, 3600))],
    "angle": [("degree degrees", 1)],
    "radian": [("rad radian radians", 1)],
    "celsius": [("degrees C|degrees Celsius", 1)],
    "fahrenheit": [("degrees F|degrees Fahrenheit", 1)],
    "money": [("cent cents ¢", 1), ("$ dollar dollars USD", 100)],
    "won": [("won 원", 1)],
    "things": [("개", 1)],
    "people": [("people person 명", 1)],
    "any": [("unit units", 1)],
}
UNITS = {
    name: (kind, Fraction(size))
    for kind, rows in SIZES.items()
    for names, size in rows
    for name in (names.split("|") if "|" in names else names.split())
}
POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3, "2": 2, "3": 3, "²": 2, "³": 3}
LONGEST_UNIT = 40  # characters


def unit_of(text: str) -> tuple[str, Fraction] | None:
    """Return what a unit measures and its size in that, or None where it is no unit.

    ⟨...⟩ is text; outside of it a single Latin letter is a variable and no unit.

    >>> unit_of("km"), unit_of("m"), unit_of("⟨m⟩")[0], unit_of("square feet")[0]
    (('length', Fraction(1000000, 1)), None, 'length', 'length^2')
    >>> unit_of("km/h") == unit_of("kilometers per hour")
    True
    """
    if len(text) > LONGEST_UNIT or re.match(r"[A-Za-z](?![A-Za-z.])", text):
        return None
    text = " ".join(re.sub("[⟨⟩]", " ", text).split())
    top, per, bottom = re.sub(r"\s+per\s+", "/", text).partition("/")
    above, below = _factor(top), _factor(bottom)
    if not per or above is None or below is None:
        return None if per else above
    return f"{above[0]}/{below[0]}", above[1] / below[1]


def _factor(text: str) -> tuple[str, Fraction] | None:
    """Read one unit with its power: cm, cm^2, square feet, cubic metres."""
    match = re.fullmatch(
        r"(?:(square|sq|cubic|cu)\.? )?([^\s^.²³{}]+(?: [CF]\w*)?)\.?"
        r"\s*(?:\^\s*\{?\s*([23])\s*\}?|([²³]))?",
        text.strip(),
    )
    if not match or match[2] not in UNITS or (match[1] and (match[3] or match[4])):
        return None
    kind, size = UNITS[match[2]]
    power = POWERS.get(match[1] or match[3] or match[4], 1)
    if power == 1:
        return kind, size
    return (f"{kind}^{power}", size**power) if kind == "length" else None
