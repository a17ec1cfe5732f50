"""A security module that tries everything it must not do (defence rule 11), and tells the caller what it could.

`config` of its begin message names the targets. Each line it sends is `NAME: RESULT`; what failed begins with `no`.
"""

import ctypes
import json
import os
import socket
import stat
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)


def tell(**message):
    print(json.dumps(message), flush=True)


def attempt(name, act):
    try:
        result = act()
    except BaseException as error:  # a bomb may end in MemoryError or anything else
        result = f"no {type(error).__name__} {getattr(error, 'errno', '')}"
    tell(type="send", text=f"{name}: {result}\n")


def called(result):
    called_for(result)
    return "done"


def called_for(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


def apart(act):
    """In a process of its own, which may change what it is."""
    ours, theirs = os.pipe()
    if os.fork() == 0:
        try:
            result = act()
        except BaseException as error:
            result = f"no {type(error).__name__} {getattr(error, 'errno', '')}"
        os.write(theirs, str(result).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as told:
        result = told.read()
    os.wait()
    return result


def new_user():
    """A user namespace in which it is root."""
    uid, gid = os.getuid(), os.getgid()
    called(libc.unshare(0x10000000))
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"0 {uid} 1")
    write("/proc/self/gid_map", f"0 {gid} 1")
    return "done"


def store_by_a_namespace():
    new_user()
    called(libc.unshare(0x00020000))
    return read(goal["store"])


def read(path):
    with open(path, "rb") as file:
        return file.read(64).decode("latin-1")


def read_any(paths):
    for path in paths:
        try:
            return read(path)
        except OSError:
            pass
    raise FileNotFoundError(2, "")


def connect(family, address):
    with socket.socket(family) as end:
        end.settimeout(2)
        end.connect(address)
    return "connected"


def write(path, text="x"):
    with open(path, "w") as file:
        file.write(text)
    return "written"


def fork_bomb():
    children = []
    try:
        while len(children) < 200:
            pid = os.fork()
            if pid == 0:
                import time
                time.sleep(600)
                os._exit(0)
            children.append(pid)
    except OSError:
        pass
    for pid in children:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    return len(children)


def file_bomb():
    size = 0
    try:
        with open("big", "wb", buffering=0) as file:
            while size < 1 << 28:
                size += file.write(b"x" * (1 << 20))
    except OSError:
        pass
    return size >> 20


def many_files():
    files = []
    try:
        while len(files) < 5000:
            files.append(open("/dev/null"))
    except OSError:
        pass
    count = len(files)
    for file in files:
        file.close()
    return count


def processes():
    names = []
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            names.append(read(f"/proc/{pid}/comm").strip())
    return len(names)


def descriptors():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            os.fstat(int(name))
            found.append(int(name))
        except OSError:
            pass  # the listing's own
    return sorted(found)


def escape():
    """A grandchild that has left session and group, and holds none of the pipes."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            null = os.open("/dev/null", os.O_RDWR)
            for number in range(3):
                os.dup2(null, number)
            os.execv("/bin/sleep", ["sleep", goal["marker"]])
        os._exit(0)
    return "left"


def oom():
    """Asks to be spared when memory runs out."""
    write("/proc/self/oom_score_adj", "0")
    return read("/proc/self/oom_score_adj").strip()


def message_queue():
    queue = libc.mq_open(b"/mine", os.O_CREAT | os.O_RDWR, 0o600, None)
    return called(queue)


def set_uid():
    for path in goal["setuid"]:
        if not os.stat(path).st_mode & stat.S_ISUID:
            raise FileNotFoundError(2, path)
        return subprocess.run([path, "-u"], capture_output=True, text=True, check=True).stdout.strip()


goal = json.loads(sys.stdin.readline())["config"]
pid = goal["pid"]
roots = [f"/proc/{who}/{what}" for who in (os.getppid(), 1, pid, "self", "thread-self") for what in ("root", "cwd")]

attempt("store", lambda: read(goal["store"]))
attempt("key", lambda: read(goal["key"]))
attempt("store by a root", lambda: read_any([root + goal["store"] for root in roots]))
attempt("socket", lambda: connect(socket.AF_UNIX, goal["socket"]))
attempt("socket by a root", lambda: connect(socket.AF_UNIX, f"/proc/{os.getppid()}/root{goal['socket']}"))
attempt("abstract", lambda: connect(socket.AF_UNIX, "\0" + goal["abstract"]))
attempt("loopback", lambda: connect(socket.AF_INET, ("127.0.0.1", goal["port"])))
attempt("kill", lambda: os.kill(pid, 0) or "done")
attempt("kill the supervisor", lambda: os.kill(os.getppid(), 9) or os.kill(1, 9) or "sent")
attempt("memory of the service", lambda: read(f"/proc/{pid}/mem"))
attempt("memory of the jail", lambda: read("/proc/1/mem"))
attempt("environment of the service", lambda: read(f"/proc/{pid}/environ"))
attempt("trace", lambda: called(libc.ptrace(16, pid, 0, 0)))
attempt("trace the jail", lambda: called(libc.ptrace(16, 1, 0, 0)))
attempt("processes", processes)
for place in ("/usr/x", "/etc/x", "/x", "/dev/x", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger", goal["store"]):
    attempt("write " + place, lambda: write(place))
attempt("write own", lambda: write("mine") and write("/tmp/mine"))
attempt("environment", lambda: sorted(os.environ))
attempt("descriptors", descriptors)
attempt("rights", lambda: [line.split()[1] for line in open("/proc/self/status") if line[:4] in ("CapE", "CapP", "CapB", "NoNe")])
attempt("set-uid", set_uid)
attempt("become root", lambda: os.setuid(0) or "done")
attempt("mount namespace", lambda: called(libc.unshare(0x00020000)))
attempt("more namespaces", lambda: write("/proc/sys/user/max_user_namespaces"))
attempt("mount", lambda: called(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None)))
attempt("writable again", lambda: called(libc.mount(None, b"/usr", None, 4096 | 32, None)))
attempt("chroot", lambda: os.chroot("/tmp") or "done")
attempt("user namespace", lambda: apart(new_user))
attempt("store by a namespace", lambda: apart(store_by_a_namespace))
attempt("device", lambda: os.mknod("/tmp/disk", stat.S_IFBLK | 0o600, os.makedev(8, 0)) or "done")
attempt("memory", lambda: len(bytearray(2 << 30)))
attempt("shared memory", lambda: libc.shmctl(called_for(libc.shmget(0, 1 << 20, 0o600)), 0, None))
attempt("System V queue", lambda: libc.msgctl(called_for(libc.msgget(0, 0o600)), 0, None))
attempt("semaphores", lambda: libc.semctl(called_for(libc.semget(0, 100, 0o600)), 0, 0))
attempt("message queue", message_queue)
attempt("spared", oom)
attempt("files", many_files)
attempt("file", file_bomb)
attempt("forks", fork_bomb)
attempt("store again", lambda: read_any([root + goal["store"] for root in ["", *roots]]))
attempt("escape", escape)
tell(type="complete", verdict="success", user="mallory")
