#!/usr/bin/env python3
"""A disk that answers after ten seconds, under the dashboard: how long q and SIGTERM take.

    python3 -m venv /tmp/slow && /tmp/slow/bin/pip install fusepy
    /tmp/slow/bin/python tests/torture/slow_disk.py METASCOPE [TIMES]

It needs root, FUSE (fuse3, libfuse2 of Debian) and util-linux. For each of experiments.toml, a run's log and plan.json, the file
lies on a mount that passes everything on, until reading it, or everything about it, takes ten seconds. Two times are
measured from the key or the signal: until the terminal is given back with the table on it, and until the process is
gone. The kernel lets nobody interrupt a question about a file (stat, open) that such a file system has taken in hand,
not even SIGKILL; then the second time is the file system's. Prints median and worst in seconds; fails where a terminal
was not given back within a second, or, where only reading is slow, a process was not gone.
"""
import errno, fcntl, os, pty, select, signal, statistics, struct, subprocess, sys, tempfile, termios, time

SECONDS = 10
STUDY = """[defaults]
seeds = 1
outer_steps = %d
[evaluation]
test_tasks = 20
[[experiment]]
name = "MAML"
algorithm = "maml"
"""


def serve(back, mount, flag):
    """The file system: passes everything on. The flag file says what is slow: an operation (or `all`), and a name."""
    from fuse import FUSE, FuseOSError, Operations

    def slow(operation, path):
        try:
            what, name = open(flag).read().split()
        except (OSError, ValueError):
            return
        if what in (operation, "all") and os.path.basename(path) == name:
            time.sleep(SECONDS)

    def tried(call, *arguments):
        try:
            return call(*arguments)
        except OSError as error:
            raise FuseOSError(error.errno)

    class Disk(Operations):
        def getattr(self, path, fh=None):
            slow("stat", path)
            found = tried(os.lstat, back + path)
            names = "mode nlink size uid gid atime mtime ctime".split()
            return {"st_" + name: getattr(found, "st_" + name) for name in names}

        def readdir(self, path, fh):
            return [".", ".."] + tried(os.listdir, back + path)

        def open(self, path, flags):
            slow("open", path)
            return tried(os.open, back + path, flags & ~os.O_NOFOLLOW)

        def read(self, path, size, offset, fh):
            slow("read", path)
            return tried(os.pread, fh, size, offset)

        def create(self, path, mode, fi=None):
            return tried(os.open, back + path, os.O_RDWR | os.O_CREAT, mode)

        def write(self, path, data, offset, fh):
            return tried(os.pwrite, fh, data, offset)

        def release(self, path, fh):
            os.close(fh)
            return 0

        def mkdir(self, path, mode):
            return tried(os.mkdir, back + path, mode)

        def unlink(self, path):
            return tried(os.unlink, back + path)

        def rename(self, old, new):
            return tried(os.rename, back + old, back + new)

        def truncate(self, path, length, fh=None):
            return tried(os.truncate, back + path, length)

        def chmod(self, path, mode):
            return tried(os.chmod, back + path, mode)

        def fsync(self, path, data, fh):
            return 0

    FUSE(Disk(), mount, foreground=True, nothreads=False, attr_timeout=0, entry_timeout=0)


class Terminal:
    """The program on a terminal that answers."""

    def __init__(self, folder, *arguments):
        self.text = b""
        self.pid, self.line = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="xterm", LANG="C.UTF-8", XDG_STATE_HOME="/dev/null")
            os.execv(arguments[0], arguments)
        fcntl.ioctl(self.line, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def until(self, true, seconds):
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                return False
            if select.select([self.line], [], [], 0.005)[0]:
                try:
                    new = os.read(self.line, 65536)
                except OSError:
                    time.sleep(0.005)
                    continue
                # A question may come in two pieces.
                asked = (self.text[-3:] + new).count(b"\x1b[5n")
                self.text += new
                os.write(self.line, b"\x1b[0n" * asked)
        return True

    def is_gone(self):
        return os.waitpid(self.pid, os.WNOHANG)[0] != 0


def one(program, folder, arguments, flag, what, end):
    """Seconds until the terminal was given back, and until the process was gone."""
    terminal = Terminal(folder, program, *arguments)
    assert terminal.until(lambda: b"Overview" in terminal.text, 20), terminal.text
    terminal.until(lambda: False, 0.7)
    with open(flag, "w") as file:
        file.write(what)
    if "experiments" in what:
        # It is read again where it seems to have changed.
        os.utime(os.path.join(os.path.dirname(flag), "back", os.path.basename(folder), "experiments.toml"))
    # A log that has ended is looked at every five seconds.
    terminal.until(lambda: False, 6 if "metrics" in what else 2.5)
    began = time.monotonic()
    if end == "q":
        os.write(terminal.line, b"q")
    else:
        os.kill(terminal.pid, signal.SIGTERM)
    given_back = gone = 99.0
    table = lambda: b"\x1b[?1049l" in terminal.text and b"Test loss" in terminal.text.rsplit(b"\x1b[?1049l")[-1]
    if terminal.until(table, 2 * SECONDS):
        given_back = time.monotonic() - began
    if terminal.until(terminal.is_gone, 3 * SECONDS):
        gone = time.monotonic() - began
    os.remove(flag)
    os.close(terminal.line)
    return given_back, gone


def main(program, times):
    program = os.path.realpath(program)
    missed = False
    with tempfile.TemporaryDirectory() as top:
        at = lambda name: os.path.join(top, name)
        os.mkdir(at("back")), os.mkdir(at("mount"))
        disk = subprocess.Popen([sys.executable, __file__, "--serve", at("back"), at("mount"), at("flag")])
        try:
            while not os.path.ismount(at("mount")):
                time.sleep(0.05)
            for name, steps in (("ended", 50), ("trains", 100000000)):
                os.mkdir(at("back/" + name))
                with open(at("back/%s/experiments.toml" % name), "w") as file:
                    file.write(STUDY % steps)
            subprocess.run([program, "run"], cwd=at("back/ended"), check=True, capture_output=True)
            here = ["--out", at("here")]
            for name, folder, arguments in (
                ("experiments.toml", "trains", here),
                ("metrics.jsonl", "ended", ["watch", "runs"]),
                ("plan.json", "ended", ["watch", "runs"]),
            ):
                for operation in ("read", "all"):
                    for end in ("q", "SIGTERM"):
                        what = operation + " " + name
                        tried = [one(program, at("mount/" + folder), arguments, at("flag"), what, end) for _ in range(times)]
                        given_back, gone = zip(*tried)
                        worst = max(given_back), max(gone)
                        missed |= worst[0] > 1 or operation == "read" and worst[1] > 1
                        medians = statistics.median(given_back), statistics.median(gone)
                        print(
                            "%-16s %-4s slow, %-7s terminal back: median %.2f worst %.2f, process gone: median %.2f worst %.2f"
                            % (name, operation, end, medians[0], worst[0], medians[1], worst[1]),
                            flush=True,
                        )
        finally:
            subprocess.run(["fusermount", "-uz", at("mount")])
            disk.kill()
            disk.wait()
    return missed


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(*sys.argv[2:5])
    else:
        sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20))
