"""A seat belt for programs where the operating system gives no walls. It is no wall.

It keeps careless programs from files and network. Hostile ones can get out.
"""

import _thread
import ast
import builtins
import json
import os
import re
import sys
import time
from contextlib import suppress

REFUSED = set("breakpoint compile eval exec globals input open vars".split())
USUAL = """abs add all and annotations bool call class contains copy deepcopy delitem
doc enter eq exit float floordiv format future ge getitem gt hash iadd imul index init
int invert isub iter le len lt main match_args missing mod mul name ne neg new next or
pos post_init pow qualname radd repr reversed rmul round rsub setitem slots str sub
truediv xor""".split()  # __abs__, __add__ and so on
EVENTS = re.compile(r"open$|(os|socket|subprocess|shutil|ctypes|mmap|winreg|pty)\.")


def checked(code: str, modules: list[str]) -> dict:
    """Return the names a program starts with; PermissionError lists what is refused."""
    nodes = list(ast.walk(tree := ast.parse(code, "<program>")))
    bad = set(re.findall(r"__\w+?__", ast.unparse(tree))) - {f"__{n}__" for n in USUAL}
    names = [n for n in nodes if isinstance(n, ast.Name)]
    own = {n.id for n in names if isinstance(n.ctx, ast.Store)}
    own |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    bad |= {n.id for n in names} & REFUSED - own
    lines = [n for n in nodes if isinstance(n, (ast.Import, ast.ImportFrom))]
    bad |= {getattr(n, "module", a.name) or "." for n in lines for a in n.names}
    if bad := sorted(bad - set(modules)):
        raise PermissionError(f"refused: {', '.join(bad)}")
    return {k: v for k, v in vars(builtins).items() if k not in REFUSED}


def audit(event: str, _) -> None:
    """Refuse files, processes and connections, whatever asks for them."""
    if EVENTS.match(event):
        raise PermissionError(f"refused: {event}")


if __name__ == "__main__":  # the job comes in; its lines go out, its status to stderr
    results, status, job = os.dup(1), os.dup(2), json.load(sys.stdin)
    for fd in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), fd)
    sys.path.insert(0, os.path.dirname(__file__))
    inside = __import__("inside")
    inside.preload()
    with suppress(AttributeError, OSError, ValueError):  # Windows, macOS have none
        inside.limit(inside.resource.RLIMIT_AS, inside.MEMORY)
    start = time.process_time()
    _thread.start_new_thread(inside.watch, (start + int(sys.argv[1]),))
    sys.addaudithook(audit)
    inside.play(results, **job, prepare=lambda code: checked(code, inside.MODULES))
    os.write(status, b"0 %d" % ((time.process_time() - start) * 1e6))
    os._exit(0)
