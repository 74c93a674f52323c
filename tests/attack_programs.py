"""Hostile programs, one idea each. `solve(place)` must return a secret to score.

`place` says where a secret that the parent knows could be found: a file, a port, an
abstract socket, a process. No program can compute it, so each one that scores has
stolen it. THIEVES really do steal when nothing stops them, which a test shows.
"""

LOOPS = {
    "loop": "def solve(p):\n    while True:\n        pass",
    "loop while it is defined": "while True:\n    pass",
    "loop that catches everything": """
def solve(p):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass""",
    "loop inside C": "def solve(p):\n    return sum(range(10 ** 15))",
    "regular expression without end": """
import re
def solve(p):
    return re.match("(a|aa)+$", "a" * 200 + "b")""",
    "number without end": "def solve(p):\n    return 7 ** (7 ** 10) % 10",
    "generator without end": """
import itertools
def solve(p):
    return max(itertools.count())""",
    "loop in the text of an exception": """
class Slow(Exception):
    def __str__(self):
        while True:
            pass
def solve(p):
    raise Slow""",
    "loop that ignores signals": """
import _signal as signal
try:
    for number in range(1, 65):
        signal.signal(number, signal.SIG_IGN)
except (OSError, ValueError):
    pass
def solve(p):
    while True:
        pass""",
    "flood of output": "def solve(p):\n    while True:\n        print('x' * 10_000)",
    "flood of fake results": """
import os
def solve(p):
    while True:
        for fd in range(20):
            try:
                os.write(fd, b'="x"' + bytes([10]))
            except OSError:
                pass""",
    "fork again and again": """
import os
def solve(p):
    while True:
        try:
            os.fork()
        except OSError:
            pass""",
}
BOMBS = {
    "recursion": "def solve(p):\n    return solve(p)",
    "recursion in C": """
def solve(p):
    x = []
    for _ in range(10 ** 5):
        x = [x]
    return repr(x)""",
    "fork": "import os\ndef solve(p):\n    os.fork()\n    os.fork()\n    return str(p)",
    "fork by another door": "import os\ndef solve(p):\n    return os.forkpty()",
    "fork while it is defined": "import os\nos.fork()\ndef solve(p):\n    return 1",
    "spawn": """
import os
def solve(p):
    return os.posix_spawn("/bin/sh", ["sh", "-c", "true"], {})""",
    "become another program": """
import os
def solve(p):
    os.execv("/bin/cat", ["cat", p["path"]])""",
    "threads": """
import _thread
def solve(p):
    while True:
        _thread.start_new_thread(solve, (p,))""",
    "one huge string": "def solve(p):\n    return 'x' * 10 ** 12",
    "many strings": """
def solve(p):
    kept = []
    while True:
        kept.append(bytearray(10 ** 6))""",
    "doubling list": "def solve(p):\n    x = [0]\n    while True:\n        x += x",
    "memory by a map": """
import mmap
def solve(p):
    return len(mmap.mmap(-1, 2 ** 40))""",
    "huge number": "def solve(p):\n    return 1 << 10 ** 7",
    "huge result": "def solve(p):\n    return ['x' * 1000] * 10 ** 5",
    "deep result": """
def solve(p):
    x = []
    for _ in range(10 ** 5):
        x = [x]
    return x""",
    "result that holds itself": """
def solve(p):
    x = []
    x.append(x)
    return x""",
    "result of a billion laughs": """
def solve(p):
    x = []
    for _ in range(40):
        x = [x, x]
    return x""",
    "huge message": "def solve(p):\n    raise ValueError('=' * 10 ** 7)",
    "message with new lines": """
def solve(p):
    raise ValueError('x' + chr(10) + '="a"' + chr(10))""",
}
EXITS = {
    "exit": "import sys\ndef solve(p):\n    sys.exit(0)",
    "exit while it is defined": "raise SystemExit",
    "exit at once": "import os\ndef solve(p):\n    os._exit(0)",
    "exit at once, while it is defined": "import os\nos._exit(0)",
    "abort": "import os\ndef solve(p):\n    os.abort()",
    "crash by bad bytecode": """
def solve(p):
    def f():
        pass
    f.__code__ = f.__code__.replace(co_code=bytes([100, 255] * 100), co_stacksize=0)
    return f()""",
    "after the end": """
import atexit
atexit.register(print, "passed")
def solve(p):
    while p:
        p = None""",
    "thread that outlives": """
import _thread
def stay():
    while True:
        pass
_thread.start_new_thread(stay, ())
def solve(p):
    return "x" """,
    "sleep": "import time\ndef solve(p):\n    time.sleep(1000)",
    "wait for a lock for ever": """
import _thread
def solve(p):
    lock = _thread.allocate_lock()
    lock.acquire()
    lock.acquire()""",
    "wait for input": "def solve(p):\n    return input()",
    "alarm": """
import _signal as signal
def solve(p):
    signal.alarm(1)
    signal.pause()""",
    "kill the parent": "import os\ndef solve(p):\n    return os.kill(p['pid'], 9)",
    "kill the server": "import os\ndef solve(p):\n    return os.kill(os.getppid(), 9)",
    "kill everything": "import os\ndef solve(p):\n    return os.kill(-1, 9)",
    "kill the group": "import os\ndef solve(p):\n    return os.killpg(0, 9)",
    "leave the group": "import os\ndef solve(p):\n    return os.setsid()",
}
FORGERS = {
    "printed verdict": """
import sys
print("passed 1 of 1")
sys.stderr.write("1 passed")
def solve(p):
    print('="secret"')""",
    "verdict on every pipe": """
import os
for fd in range(30):
    try:
        os.write(fd, b"0 1" + bytes([10]) + b'=true' + bytes([10]))
    except OSError:
        pass
def solve(p):
    return True""",
    "equal to everything": """
class Same:
    def __eq__(self, other):
        return True
    __hash__ = None
def solve(p):
    return Same()""",
    "text equal to everything": """
class Same(str):
    def __eq__(self, other):
        return True
    def __hash__(self):
        return 0
def solve(p):
    return Same("x")""",
    "list of things equal to everything": """
class Same(list):
    __eq__ = __ge__ = __le__ = lambda self, other: True
def solve(p):
    return [Same()]""",
    "patched harness": """
import __main__
__main__.write = lambda *a, **k: "true"
__main__.say = lambda *a: None
def solve(p):
    return 1""",
    "patched harness, by its frame": """
import sys
def solve(p):
    frame = sys._getframe()
    while frame:
        frame.f_globals["write"] = lambda *a, **k: '"secret"'
        for name, value in frame.f_locals.items():
            if "expected" in name or "tests" in name:
                return value
        frame = frame.f_back""",
    "patched harness, by an exception": """
def solve(p):
    try:
        1 / 0
    except ZeroDivisionError as error:
        outer = error.__traceback__.tb_frame.f_back
        outer.f_globals["told"] = lambda e: "passed"
        return sorted(outer.f_locals)""",
    "patched harness, by a generator": """
def run():
    yield
def solve(p):
    g = run()
    return sorted(g.gi_frame.f_builtins)""",
    "patched json": """
import json
json.dumps = lambda *a, **k: "true"
def solve(p):
    return 1""",
    "patched builtins": """
import builtins
builtins.len = builtins.zip = lambda *a, **k: ()
builtins.str = bytes
def solve(p):
    return 1""",
    "all objects": """
import gc
def solve(p):
    found = [o for o in gc.get_objects() if type(o) is dict and "expected" in o]
    return found[0]["expected"]""",
    "all texts of the process": """
import gc
def solve(p):
    texts = [o for x in gc.get_objects() for o in gc.get_referents(x)]
    return [t for t in texts if type(t) is str and t.startswith("secret-")][0]""",
    "import hook": """
import sys
class Finder:
    def find_spec(self, name, path, target=None):
        sys.modules[name] = sys
sys.meta_path.insert(0, Finder())
def solve(p):
    import anything
    return str(anything)""",
    "poisoned module": """
import sys
sys.modules["json"] = sys.modules["os"] = None
def solve(p):
    return True""",
    "trace": """
import sys
def spy(frame, event, arg):
    frame.f_locals["text"] = '"secret"'
    return spy
sys.settrace(spy)
def solve(p):
    return 1""",
    "audit hook": """
import sys
seen = []
sys.addaudithook(lambda event, args: seen.append(event))
def solve(p):
    return seen""",
    "changed arguments": """
def solve(p):
    p.clear()
    p["answer"] = p
    return "x" """,
    "arguments of the process": """
import sys
def solve(p):
    return " ".join(sys.argv)""",
    "raised limits": """
import resource
def solve(p):
    for kind in range(16):
        resource.setrlimit(kind, (2 ** 40, 2 ** 40))""",
    "limits of the parent": """
import resource
def solve(p):
    return resource.prlimit(p["pid"], resource.RLIMIT_CPU, (0, 0))""",
    "root again": "import os\ndef solve(p):\n    os.setuid(0)\n    return 'root'",
    "new root": "import os\ndef solve(p):\n    os.chroot('.')\n    return 'free'",
    "own memory": """
import os
def solve(p):
    return os.pread(os.open("/proc/self/mem", os.O_RDWR), 10, 2 ** 20)""",
    "memory of the parent": """
def solve(p):
    with open(f"/proc/{p['pid']}/mem", "rb") as m:
        for line in open(f"/proc/{p['pid']}/maps"):
            a, b = (int(x, 16) for x in line.split()[0].split("-"))
            try:
                m.seek(a)
                text = m.read(b - a)
            except OSError:
                continue
            if b"secret-" in text:
                i = text.index(b"secret-")
                return text[i:i + 39].decode()""",
    "ptrace": """
import ctypes
def solve(p):
    return ctypes.CDLL(None).ptrace(16, p["pid"], 0, 0)""",
    "native code": """
import ctypes
def solve(p):
    return ctypes.CDLL(None).system(b"true")""",
    "native code, by its inner name": "import _ctypes\ndef solve(p):\n    return 0",
    "native code, from the cache": """
import _imp
from importlib.machinery import ModuleSpec
def solve(p):
    import os
    folder = os.path.dirname(os.__file__) + "/lib-dynload/"
    for end in ("cpython-311", "cpython-312", "cpython-313"):
        path = folder + "_ctypes." + end + "-x86_64-linux-gnu.so"
        return _imp.create_dynamic(ModuleSpec("_ctypes", None, origin=path)).dlopen""",
    "native code, by a walk": """
def solve(p):
    for cls in object.__subclasses__():
        if "ctypes" in cls.__module__ or cls.__name__ == "CDLL":
            return cls(None).system(b"true")
    raise LookupError""",
    "a file, by a walk": """
def solve(p):
    for cls in object.__subclasses__():
        if cls.__name__ == "_IOBase":
            for sub in cls.__subclasses__():
                for one in sub.__subclasses__():
                    if one.__name__ == "FileIO":
                        return one(p["path"]).read().decode()""",
    "a module, by a walk": """
def solve(p):
    for cls in object.__subclasses__():
        if cls.__name__ == "_wrap_close":
            return cls.__init__.__globals__["popen"]("cat " + p["path"]).read()""",
    "builtins, by a walk": """
def solve(p):
    return ().__class__.__base__.__subclasses__()[0].__init__.__globals__""",
    "a module behind a module": """
import typing
def solve(p):
    return typing.sys.modules["posix"].open(p["path"], 0)""",
    "size of a file": "import os\ndef solve(p):\n    return os.stat(p['path']).st_size",
    "attributes by format": """
def solve(p):
    return "{0.__globals__}".format(solve)""",
    "attributes by format, of a text that is put together": """
def solve(p):
    text = "{0._"
    text += "_globals__}"
    return text.format(solve)""",
    "attributes by format_map": """
def solve(p):
    return "{f.__globals__}".format_map({"f": solve})""",
}
VANDALS = {  # each would change the file at p["path"], or put another beside it
    "write": "def solve(p):\n    open(p['path'], 'w').write('x')",
    "append": "def solve(p):\n    open(p['path'], 'a').write('x')",
    "write beside": "def solve(p):\n    open(p['path'] + '2', 'w').write('x')",
    "write here": "def solve(p):\n    open('here', 'w').write('x')\n    return 'x'",
    "remove": "import os\ndef solve(p):\n    os.remove(p['path'])",
    "rename": "import os\ndef solve(p):\n    os.rename(p['path'], p['path'] + '2')",
    "link": "import os\ndef solve(p):\n    os.symlink('/etc', p['path'] + '2')",
    "hard link": "import os\ndef solve(p):\n    os.link(p['path'], p['path'] + '2')",
    "make a folder": "import os\ndef solve(p):\n    os.mkdir(p['path'] + '2')",
    "truncate": "import os\ndef solve(p):\n    os.truncate(p['path'], 0)",
    "change the mode": "import os\ndef solve(p):\n    os.chmod(p['path'], 0o777)",
    "write by a child": """
import os
def solve(p):
    os.system("echo x > " + p["path"])""",
}
THIEVES = {
    "read": "def solve(p):\n    return open(p['path']).read()",
    "read by the system": """
import os
def solve(p):
    return os.read(os.open(p["path"], os.O_RDONLY), 100).decode()""",
    "read by a child": """
import os
def solve(p):
    return os.popen("cat " + p["path"]).read()""",
    "read by importing": """
import sys
def solve(p):
    folder, _, name = p["path"].rpartition("/")
    sys.path.insert(0, folder)
    return __import__("pathlib").Path(p["path"]).read_text()""",
    "read by an attribute in a pattern": """
import copy
def solve(p):
    match copy.copy:
        case object(__globals__=g):
            return g["__builtins__"]["open"](p["path"]).read()""",
    "read by positions of a pattern": """
import copy
Kind = type("Kind", (type,), {"__instancecheck__": lambda kind, thing: True})
Any = Kind("Any", (), {"__match_args__": ("__globals__",)})
def solve(p):
    match copy.copy:
        case Any(g):
            return g["__builtins__"]["open"](p["path"]).read()""",
    "read by a name that is a parameter elsewhere": """
def decoy(open, eval, getattr, vars):
    return open
def solve(p):
    return open(p["path"]).read()""",
    "read by a name that is assigned elsewhere": """
def decoy():
    __builtins__ = 0
    return __builtins__
def solve(p):
    return __builtins__.open(p["path"]).read()""",
    "read by a name that is imported elsewhere": """
def decoy():
    import math as open
    return open
def solve(p):
    return open(p["path"]).read()""",
    "read by attrgetter": """
import copy, operator
def solve(p):
    g = operator.attrgetter("__globals__")(copy.copy)
    return g["__builtins__"]["open"](p["path"]).read()""",
    "read by a formatter": """
import copy, string
def solve(p):
    g, _ = string.Formatter().get_field("0.__globals__", (copy.copy,), {})
    return g["__builtins__"]["open"](p["path"]).read()""",
    "read by the text of a type hint": """
import typing
def decoy(x: "open"):
    return x
def solve(p):
    return typing.get_type_hints(decoy)["x"](p["path"]).read()""",
    "read by a type hint that picks a function": """
import functools
KEPT = []
@functools.singledispatch
def decoy(x):
    return x
@decoy.register
def taken(x: "KEPT.append(open) or int"):
    return x
def solve(p):
    return KEPT[0](p["path"]).read()""",
    "read by copying attributes": """
import copy, functools
KEPT = []
def keep(self, name, value):
    KEPT.append(value)
def solve(p):
    keeper = type("Keeper", (), {"__setattr__": keep})()
    functools.update_wrapper(keeper, copy.copy, ["__globals__"], [])
    return KEPT[0]["__builtins__"]["open"](p["path"]).read()""",
    "look into a folder": """
import os
def solve(p):
    folder = os.path.dirname(p["path"])
    return [n for n in os.listdir(folder) if n.startswith("secret-")][0]""",
    "environment": "import os\ndef solve(p):\n    return os.environ['R1_SECRET']",
    "environment of the parent": """
def solve(p):
    text = open(f"/proc/{p['owner']}/environ").read()
    return text.partition("R1_SECRET=")[2][:39]""",
    "connect": """
import socket
def solve(p):
    return socket.create_connection(("127.0.0.1", p["port"]), 5).recv(100).decode()""",
    "connect to a name": """
import socket
def solve(p):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(chr(0) + p["name"])
    return s.recv(100).decode()""",
    "connect by native code": """
import _socket
def solve(p):
    s = _socket.socket(2, 1)
    s.connect(("127.0.0.1", p["port"]))
    return s.recv(100).decode()""",
}
ALL = {**LOOPS, **BOMBS, **EXITS, **FORGERS, **VANDALS, **THIEVES}
