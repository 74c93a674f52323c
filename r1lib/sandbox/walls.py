"""The launcher of the sandbox: builds the walls, starts `inside`, seals it.

Runs alone, as `python -I -S walls.py ...`, on Linux, without root. It talks to
the kernel through ctypes; `inside` is a fresh interpreter without ctypes.

A filter of system calls (seccomp) can never be loosened, but a Python must read its
files before it can be locked in. So the filter knows two answers. What a computation
needs (memory, a clock, writing to an open pipe) is always allowed. Everything else is
a question to the launcher (seccomp_unotify(2)), which says yes to all of them while
Python starts. Then it hangs up: closed, the line answers every question with ENOSYS,
for ever. No file, socket, process, signal or clock can be opened from then on.
"""

import ctypes
import os
import platform
import select
import signal
import socket
import struct
import sys
from functools import cache

FORK = 0x01200011  # the flags of clone() in fork(); a thread has others
# name, x86_64, aarch64; allowed for ever. sendmsg hands the line to the launcher, and
# later there is no socket.
TABLE = """read 0 63, write 1 64, close 3 57, munmap 11 215, brk 12 214,
rt_sigprocmask 14 135, rt_sigreturn 15 139, sched_yield 24 124,
mremap 25 216, madvise 28 233, getpid 39 172, sendmsg 46 211, exit 60 93,
wait4 61 260, gettimeofday 96 169, gettid 186 178, clock_gettime 228 113,
exit_group 231 94, set_robust_list 273 99, getrandom 318 278, rseq 334 293"""
NUMBERS = {name: (int(a), int(b)) for name, a, b in map(str.split, TABLE.split(","))}
CONDITIONS = {  # name: numbers, then (argument, bits to look at, wanted value) ...
    "mmap": ((9, 222), (4, 0xFFFFFFFF, 0xFFFFFFFF), (2, 4, 0)),  # no file, no code
    "mprotect": ((10, 226), (2, 4, 0)),  # memory never becomes code
    "clone": ((56, 220), (0, 0xFFFFFFFF, FORK)),  # fork, until RLIMIT_NPROC is 0
    "futex": ((202, 98), (1, 0x7F, 1)),  # wake, but never wait
    "prlimit64": ((302, 261), (0, 0xFFFFFFFF, 0)),  # own limits, which only go down
}
MACHINES = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}
ALLOW, ASK, KILL = 0x7FFF0000, 0x7FC00000, 0x80000000
RECEIVE, SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_*
NO_NEW_PRIVILEGES = 38
NEW_USER, NEW_OTHERS = 0x10000000, 0x6C000000  # network, processes, IPC, host name
PLAIN_FILE, FOLDER = 0b101, 0b1101  # Landlock: execute, read (and list)


@cache
def libc() -> ctypes.CDLL:
    """Load the C library that this process already has."""
    return ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments) -> int:
    """Make a system call; OSError where the kernel refuses."""
    result = libc().syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def separate() -> None:
    """Leave the network, process table and IPC of this machine.

    Without root this takes a user namespace, in which we are nobody in particular.
    """
    flags = NEW_OTHERS if os.geteuid() == 0 else NEW_OTHERS | NEW_USER
    if libc().unshare(flags):
        raise OSError(ctypes.get_errno(), "unshare")


def landlock(readable: list[str]) -> None:
    """Allow this process to read some files and folders; no others, and no network."""
    abi = call(444, None, 0, 1)
    files = {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)  # rights this kernel knows
    network, scopes = (3 if abi >= 4 else 0), (3 if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    attributes = struct.pack("QQQ", (1 << files) - 1, network, scopes)
    ruleset = call(444, attributes, size, 0)
    for path in readable:
        parent = os.open(path, os.O_PATH)
        rights = FOLDER if os.path.isdir(path) else PLAIN_FILE
        call(445, ruleset, 1, struct.pack("=Qi", rights, parent), 0)
        os.close(parent)
    call(446, ruleset, 0)
    os.close(ruleset)


def pythons_files() -> list[str]:
    """List what a Python needs to start: its library, and the folders of its code."""
    with open("/proc/self/maps") as maps:
        mapped = {line.split(maxsplit=5)[5].strip() for line in maps if "/" in line}
    folders = {os.path.dirname(path) for path in mapped} | {
        os.path.dirname(os.__file__)
    }
    return [p for p in (*sorted(folders), "/etc/ld.so.cache") if os.path.exists(p)]


def filter_program() -> bytes:
    """Write the filter in the kernel's little language (BPF), 8 bytes a line."""
    column, architecture, _ = MACHINES[platform.machine()]
    lines = []

    def line(code, value, if_true=0, if_false=0):
        lines.append(struct.pack("=HBBI", code, if_true, if_false, value))

    load, equal, mask, answer = 0x20, 0x15, 0x54, 0x06
    line(load, 4)
    line(equal, architecture, 1, 0)
    line(answer, KILL)  # a call in the numbering of another processor
    for numbers in NUMBERS.values():
        line(load, 0)
        line(equal, numbers[column], 0, 1)
        line(answer, ALLOW)
    for numbers, *conditions in CONDITIONS.values():
        line(load, 0)
        line(equal, numbers[column], 0, 3 * len(conditions) + 1)
        for i, (argument, bits, wanted) in enumerate(conditions):
            line(load, 16 + 8 * argument)
            line(mask, bits)
            line(equal, wanted, 0, 3 * (len(conditions) - 1 - i) + 1)
        line(answer, ALLOW)
    line(answer, ASK)
    return b"".join(lines)


def install_filter() -> int:
    """Put the filter on this process and all it starts; return our end of the line."""
    program = ctypes.create_string_buffer(filter_program())
    lines = (len(program) - 1) // 8
    header = struct.pack("HxxxxxxP", lines, ctypes.addressof(program))
    return call(MACHINES[platform.machine()][2], 1, 8, header)


def build(walls: list[str], inside: str, phone: socket.socket, arguments: list[str]):
    """Build the walls around this process, then become `inside`."""
    if "landlock" in walls:
        landlock([*pythons_files(), inside])
    if "seccomp" in walls:
        socket.send_fds(phone, [b"1"], [install_filter()])
    flags = ["-I", "-S", "-B"]
    os.execve(sys.executable, [sys.executable, *flags, inside, *arguments], {})


def answer_until_sealed(line: int, ready: int) -> None:
    """Say yes to every question until the inside is ready, then hang up."""
    import fcntl  # absent on Windows, where this file is only looked at

    poll = select.poll()
    poll.register(ready, select.POLLIN)
    poll.register(line, select.POLLIN)
    while ready not in (events := dict(poll.poll())):
        if not events[line] & select.POLLIN:  # hung up: nobody is left inside
            break
        question = bytearray(80)
        fcntl.ioctl(line, RECEIVE, question)
        fcntl.ioctl(line, SEND, struct.pack("=8sqiI", question[:8], 0, 0, 1))
    os.close(line)


def works(wall) -> bool:
    """Try a wall that cannot be taken down again, in a process that ends at once."""
    if (pid := os.fork()) == 0:
        try:
            wall()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def possible(wanted: list[str]) -> list[str]:
    """Say which of the wanted walls this machine has; enter the namespaces."""
    walls = []
    if "landlock" in wanted and works(lambda: landlock([])):
        walls.append("landlock")
    if "seccomp" in wanted and works(install_filter):
        walls.append("seccomp")
    if "namespaces" in wanted:
        try:
            separate()
            walls.append("namespaces")
        except OSError:  # many containers forbid it; the level says so
            pass
    return walls


def main(inside: str, wanted: str, status: int, life: int, *pipes: str) -> None:
    """Build every wall of `wanted` that this machine has; report which ones.

    Then stay outside as a guard: when the parent is gone, and with it the other end of
    the pipe `life`, kill the whole process group.
    """
    libc().prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    walls = possible(wanted.split(","))
    ours, theirs = socket.socketpair()
    ready, tell = os.pipe()
    os.set_inheritable(tell, True)
    os.set_inheritable(life, False)
    if os.fork() == 0:
        build(walls, inside, theirs, [str(tell), str(status), ",".join(walls), *pipes])
    theirs.close()
    os.close(tell)
    if "seccomp" in walls:
        _, (line,), _, _ = socket.recv_fds(ours, 1, 1)
        answer_until_sealed(line, ready)
    problem = os.read(ready, 500)
    if problem != b"ready":
        raise ValueError(problem.decode() or "Python did not start")
    os.write(status, ",".join(["limits", *walls]).encode() + b"\n")
    for pipe in (status, *map(int, pipes)):
        os.close(pipe)
    os.read(life, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    status, life, *pipes = map(int, sys.argv[3:])
    try:
        main(sys.argv[1], sys.argv[2], status, life, *map(str, pipes))
    except (OSError, KeyError, ValueError) as error:
        os.write(status, f"failed: {error}\n".encode())
