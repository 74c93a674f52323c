"""Inside the sandbox: runs one program after another, each in a fork of its own.

Also the notation in which values travel, used on both sides: text that names exact
types. The parent sends arguments in it and gets results in it; it writes the expected
value in it too and compares two texts. So `True` is not `1`, a result can have no
`__eq__` of its own, and what the program returned is never unpacked to be judged.

`serve` never reads a program itself: each fork reads its own from the pipe, so nothing
of one program is in the memory of the next. Started by `walls`, alone, without
the rest of r1lib.

Once sealed, no file can be read. So `preload` imports beforehand what programs import,
and what Python itself imports only when it needs it: codecs, the tables behind
non-ASCII names, the texts of warnings, arithmetic of huge numbers.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import re
import struct
import sys
import time
import warnings
from importlib.machinery import BuiltinImporter, FrozenImporter
from pathlib import PurePath

try:
    import resource
except ModuleNotFoundError:  # Windows: only the notation is used, or `belt`
    resource = None

MODULES = """__future__ abc array base64 binascii bisect calendar cmath collections
collections.abc contextlib copy csv dataclasses datetime decimal difflib enum fractions
functools graphlib hashlib heapq hmac html io ipaddress itertools json keyword logging
math numbers operator pprint queue random re secrets statistics string struct textwrap
time timeit traceback types typing unicodedata uuid warnings weakref
zlib""".split()  # programs may import them
LAZY = """_colorize _pylong _strptime ast inspect linecache locale pathlib pickle
stringprep threading tokenize""".split()  # imported late, by Python or by the others
DEEPEST = 50  # nesting of a value
LARGEST = 200_000  # characters, items and values of a value
LONGEST_TEXT = 4 * 2**20  # characters that `read` looks at
BITS = 10_000  # of an integer
MEMORY = 256 * 2**20  # bytes of address space
NOBODY = 65534


def write(value, ordered: bool = True) -> str:
    """Write plain data as text that keeps exact types; with NaN equal to itself.

    With `ordered=False` two equal dictionaries give the same text, whatever the order
    of their keys. Raises ValueError for other types, and for huge or deep values.

    >>> write([1, True, (2.5, "a")])
    '[1,true,{"tuple":[{"float":"0x1.4000000000000p+1"},"a"]}]'
    """
    return _dump(_tag(value, ordered, DEEPEST, [LARGEST]))


def _dump(tagged) -> str:
    return json.dumps(tagged, separators=(",", ":"))


def _tag(value, ordered, depth, left):
    kind = type(value)
    sized = (str, bytes, list, tuple, dict, set, frozenset)
    left[0] -= 1 + (len(value) if kind in sized else 0)
    if depth < 0 or left[0] < 0:
        raise ValueError("the value is too large or too deep")
    if value is None or kind in (bool, str):
        return value
    if kind is int:
        if value.bit_length() > BITS:
            raise ValueError(f"an integer has more than {BITS} bits")
        return value
    if kind is float:
        return {"float": (value + 0.0).hex()}  # -0.0 equals 0.0, and then looks equal
    if kind is bytes:
        return {"bytes": value.hex()}
    if kind is dict:
        value = list(value.items())
    elif kind not in (list, tuple, set, frozenset):
        raise ValueError(f"{kind.__name__} is not plain data")
    items = [_tag(item, ordered, depth - 1, left) for item in value]
    if kind in (set, frozenset) or (kind is dict and not ordered):
        items.sort(key=_dump)
    return items if kind is list else {kind.__name__: items}


def read(text):
    """Read what `write` wrote; ValueError for anything else, however hostile."""
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise ValueError(f"not a value: no text of at most {LONGEST_TEXT} characters")
    try:
        tagged = json.loads(text, parse_float=_refuse, parse_constant=_refuse)
        return _untag(tagged, DEEPEST)
    except (TypeError, RecursionError, KeyError, OverflowError) as error:
        raise ValueError(f"not a value: {type(error).__name__}") from error


def _refuse(text):
    raise ValueError(f"not a value: {text[:20]}")


def _untag(tagged, depth):
    if depth < 0:
        raise ValueError("not a value: too deep")
    if type(tagged) is list:
        return [_untag(item, depth - 1) for item in tagged]
    if type(tagged) is not dict:
        return tagged
    ((kind, content),) = tagged.items()
    if kind == "float":
        return float.fromhex(content)
    if kind == "bytes":
        return bytes.fromhex(content)
    makers = {"tuple": tuple, "set": set, "frozenset": frozenset, "dict": dict}
    if type(content) is not list:
        raise ValueError(f"not a value: {kind[:20]!a} of {type(content).__name__}")
    return makers[kind](_untag(content, depth))


def preload() -> None:
    """Import all that is imported late; then no import looks for a file again.

    What this Python lacks is left out. Warnings are ignored: which text is worth one
    differs from one version of Python to the next.
    """
    encodings = importlib.import_module("encodings")
    codecs = (f"encodings.{m.name}" for m in pkgutil.iter_modules(encodings.__path__))
    for name in (*MODULES, *LAZY, *codecs):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    warnings.simplefilter("ignore")
    sys.meta_path[:] = BuiltinImporter, FrozenImporter
    sys.path.clear()
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()


def limit(kind: int, most: int, more: int = 0) -> None:
    """Set a limit that this process can raise by `more` and never by more than that."""
    hard = resource.getrlimit(kind)[1]
    highest = most + more
    highest = highest if hard == resource.RLIM_INFINITY else min(highest, hard)
    resource.setrlimit(kind, (min(most, highest), highest))


def settle() -> None:
    """Give up files for good, and being root."""
    limit(resource.RLIMIT_NOFILE, 0)  # nothing new is ever opened
    limit(resource.RLIMIT_FSIZE, 0)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_AS, MEMORY)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def is_sealed() -> bool:
    """Feel the wall: even looking at a folder must fail, in the way of a closed line.

    Without the seccomp wall there is nothing to feel, and `serve` does not ask.
    """
    try:
        os.stat("/")
    except OSError as error:
        return error.errno == 38  # ENOSYS
    return False


def take(pipe: int, n: int) -> bytes:
    """Read exactly n bytes; fewer only where the other end has closed."""
    parts = []
    while n and (part := os.read(pipe, n)):
        parts.append(part)
        n -= len(part)
    return b"".join(parts)


def say(results: int, mark: str, text: str) -> None:
    """Send one line: "=" a result, "!" an exception of a test, "?" of the program."""
    line = (mark + text).encode(errors="backslashreplace").replace(b"\n", b" ") + b"\n"
    while line:
        line = line[os.write(results, line) :]


def python_files() -> re.Pattern:
    """Write a pattern of the paths around this Python and this file.

    That is their folders and all that these lie in, but for the root.
    """
    files = os.__file__, __file__, sys.executable or ""
    folders = [sys.prefix, sys.base_prefix, *map(os.path.dirname, files)]
    places = {PurePath(f) for x in folders if x for f in (x, os.path.realpath(x))}
    folders = {str(f) for x in places for f in (x, *x.parents) if f.name}
    longest = sorted(map(re.escape, folders), key=len, reverse=True)
    return re.compile(rf"({'|'.join(longest)})[^\s'\")]*")


FILES = python_files()


def described(error: BaseException) -> str:
    """Name an exception in one bounded line, without paths of this machine."""
    name = type.__dict__["__name__"].__get__(type(error))[:100]
    try:
        text = FILES.sub("...", str(error)[:2000])[:200]
        return f"{name}: {text}" if text else name
    except BaseException as second:  # the program wrote its __str__
        return f"{name}, whose text raises {type(second).__name__[:100]}"


def play(results: int, code: str, entry: str, inputs: list[str], prepare=None) -> None:
    """Run one program: define it, then call it once for each input, in order.

    `prepare(code)` may refuse it, or give the builtins that it finds. The one place of
    this library where text of a model is executed.
    """
    sys.modules["program"] = module = type(sys)("program")  # dataclasses look there
    program = vars(module)
    try:
        if prepare is not None:
            program["__builtins__"] = prepare(code)
        exec(compile(code, "<program>", "exec"), program)
        solve = program[entry]
    except BaseException as error:
        say(results, "?", described(error))
        return
    for text in inputs:
        try:
            line = "=", write(solve(*read(text)), ordered=False)
        except BaseException as error:
            line = "!", described(error)
        say(results, *line)


def watch(end: float) -> None:
    """End this process when it has computed until `end`, as SIGXCPU (24) would."""
    while time.process_time() < end:
        time.sleep(0.02)
    os._exit(24)


def serve(jobs: int, results: int, status: int, sealed: bool) -> None:
    """Fork for each job, wait for it, report its number, its end and its seconds."""
    while len(header := take(jobs, 12)) == 12:
        if sealed and not is_sealed():
            os._exit(1)
        number, length, seconds = struct.unpack(">III", header)
        if (pid := os.fork()) == 0:
            # at the soft limit SIGXCPU, which names the reason; at the hard one SIGKILL
            limit(resource.RLIMIT_CPU, seconds, more=1)
            limit(resource.RLIMIT_NPROC, 0)
            job = json.loads(take(jobs, length))
            os.close(jobs)
            os.close(status)
            play(results, **job)
            os._exit(0)  # no atexit, no waiting for threads
        _, code, usage = os.wait4(pid, 0)
        used = round((usage.ru_utime + usage.ru_stime) * 1e6)
        code = os.waitstatus_to_exitcode(code)
        os.write(status, b"%d %d %d\n" % (number, code, used))


def main(tell: int, status: int, walls: str, jobs: int, results: int) -> None:
    """Load what programs may import, give up what can be given up, then serve."""
    try:
        preload()
        settle()
    except (ImportError, OSError) as error:
        os.write(tell, described(error).encode())
        return
    os.environ.clear()  # Python sets LC_CTYPE itself
    gc.freeze()
    os.write(tell, b"ready")
    os.close(tell)
    serve(jobs, results, status, "seccomp" in walls)


if __name__ == "__main__":
    tell, status, walls, jobs, results = sys.argv[1:]
    main(int(tell), int(status), walls, int(jobs), int(results))
