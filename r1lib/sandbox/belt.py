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
USUAL = """abs add aenter aexit aiter all and anext annotations author await bool
bytes call ceil class class_getitem complex contains copy date deepcopy del delattr
delete delitem dict dir divmod doc enter eq exit float floor floordiv format future ge
get getattr getitem gt hash iadd iand ifloordiv ilshift imod imul index init
init_subclass instancecheck int invert ior ipow irshift isub iter itruediv ixor le len
length_hint lshift lt main match_args matmul missing mod module mul name ne neg new next
notes or pos post_init pow qualname radd rand rdivmod repr reversed rfloordiv rlshift
rmatmul rmod rmul ror round rpow rrshift rshift rsub rtruediv rxor set set_name setattr
setitem sizeof slots str sub subclasshook truediv trunc version wrapped
xor""".split()  # __abs__, __add__ and so on
SYS = """argv byteorder exit float_info get_int_max_str_digits getrecursionlimit
getsizeof hash_info hexversion implementation int_info intern maxsize maxunicode
platform set_int_max_str_digits setrecursionlimit stderr stdin stdout version
version_info""".split()  # all that a program's `import sys` has
MORE = "ast codecs sys".split()
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
    taken = {
        a.name for n in lines if getattr(n, "module", "") == "sys" for a in n.names
    }
    if bad := sorted(bad - set(modules) | ({"sys"} if taken - set(SYS) else set())):
        raise PermissionError(f"refused: {', '.join(bad)}")
    return {k: v for k, v in vars(builtins).items() if k not in REFUSED}


def only(module, names: list[str]):
    """Make a module of the same name that has nothing but `names`."""
    new = type(module)(module.__name__)
    vars(new).update((n, getattr(module, n)) for n in names)
    return new


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
    modules = [*inside.MODULES, *MORE]
    with suppress(AttributeError, OSError, ValueError):  # Windows, macOS have none
        inside.limit(inside.resource.RLIMIT_AS, inside.MEMORY)
    start = time.process_time()
    _thread.start_new_thread(inside.watch, (start + int(sys.argv[1]),))
    sys.addaudithook(audit)
    sys.modules["sys"] = only(sys, SYS)  # what runs already keeps the whole one
    inside.play(results, **job, prepare=lambda code: checked(code, modules))
    os.write(status, b"0 %d" % ((time.process_time() - start) * 1e6))
    os._exit(0)
