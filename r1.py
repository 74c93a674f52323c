"""Set everything up, then do one thing:  python r1.py train | test | lab | ...

Standard library only. Run it without a verb to see all of them.
"""

import sys

OLDEST, NEWEST = (3, 11), (3, 13)


def version_problem(version):
    """Say in one line why this Python cannot run the project, or return None."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return None
    # Plain % formatting: a much older Python must get as far as this line.
    return "needs Python %d.%d to %d.%d, and this is %d.%d%s" % (
        OLDEST + NEWEST + tuple(version[:2]) + (suggestion(),)
    )


def suggestion():
    """Name a suitable Python of this machine, where there is one."""
    try:
        from shutil import which
    except ImportError:
        return ""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        if which("python3.%d" % minor):
            return "; try: python3.%d r1.py" % minor
    return ""


def main(argv):
    problem = version_problem(sys.version_info)
    if problem:
        sys.stderr.write("r1: %s\n" % problem)
        return 1
    from tools import bootstrap

    return bootstrap.main(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
