"""Measures wsusctl against the bare driver, FreeTDS and a script, on a `sandbox serve` in another process.

    bench.py WSUSCTL RAW RUNS      (tests/bench/run builds both and calls this)

Times and memory are the client's alone: wall time from start to exit, CPU time from wait4, peak memory from /proc.
"""

import csv
import os
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

WSUSCTL, RAW = (str(Path(argument).resolve()) for argument in sys.argv[1:3])
RUNS = int(sys.argv[3])
WORK = Path("target/bench")
ENVIRONMENT = {**os.environ, "WSUSCTL_PASSWORD": "Bench-1", "NO_COLOR": "1"}
HEAD = """\
apiVersion: wsusctl/v1alpha1
kind: WsusServer
metadata: {name: bench}
connection: {database: 'mssql://bench@127.0.0.1/SUSDB?encrypt=off'}
spec:
"""
# Updates that can be approved, by the number of the seed, and the groups.
UPDATES = """
    SELECT u.UpdateID FROM tbUpdate u JOIN tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
    JOIN tbProperty p ON p.RevisionID = r.RevisionID
    WHERE r.IsLatestRevision = 1 AND u.IsHidden = 0 AND p.ExplicitlyDeployable = 1 AND p.PublicationState = 0
      AND p.EulaID IS NULL ORDER BY u.LocalUpdateID"""
APPROVED = """
    SELECT u.UpdateID, g.Name FROM tbDeployment d JOIN tbRevision r ON r.RevisionID = d.RevisionID
    JOIN tbUpdate u ON u.LocalUpdateID = r.LocalUpdateID JOIN tbTargetGroup g ON g.TargetGroupID = d.TargetGroupID
    WHERE d.TargetGroupTypeID = 0 AND d.ActionID = 0 AND d.Deadline IS NULL AND u.IsHidden = 0
    ORDER BY d.DeploymentID"""


class Measured:
    def __init__(self, runs):
        self.wall, self.cpu, self.memory = (statistics.median(figure) for figure in zip(*runs))


class Peak(threading.Thread):
    """The peak memory of a process, looked at until it ends: what wait4 tells begins with this script's own."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.status, self.kilobytes = Path(f"/proc/{process}/status"), 0
        self.start()

    def run(self):
        try:
            while peak := re.search(r"VmHWM:\s+(\d+)", self.status.read_text()):
                self.kilobytes = int(peak[1])
                time.sleep(0.002)
        except OSError:
            pass

    def megabytes(self):
        self.join()
        return self.kilobytes / 1024


def once(command, accepted, stdin=None, keep=None):
    output = open(keep, "wb") if keep else subprocess.DEVNULL
    begin = time.perf_counter()
    child = subprocess.Popen(
        command, env=ENVIRONMENT, stdin=open(stdin) if stdin else subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE
    )
    peak = Peak(child.pid)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in accepted:
        sys.exit(f"{command} exits {child.returncode}:\n{said.decode()[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, peak.megabytes()


def measure(name, command, accepted=(0,), runs=RUNS, **more):
    measured = Measured([once(command, accepted, **more) for _ in range(runs)])
    row(name, f"{measured.wall:9.3f} s {measured.cpu:9.3f} s {measured.memory:8.1f} MB")
    return measured


def row(name, text):
    print(f"{name:<64}{text}", flush=True)


def ratio(name, value):
    row(f"  {name}", f"{value:9.2f} x")


@contextmanager
def served(file):
    """A server in another process, ended by its process id."""
    command = [WSUSCTL, "sandbox", "serve", str(file), "--listen", "127.0.0.1:0", "--user", "bench", "--tls", "off"]
    server = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield server.stdout.readline().split()[-1]
    finally:
        server.terminate()
        server.wait()


@contextmanager
def recording(server, file):
    """What a client says to the server, written down by a proxy."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    proxy = subprocess.Popen([RAW, "record", address, server, str(file)], stdout=subprocess.PIPE, text=True)
    try:
        proxy.stdout.readline()
        yield address
    finally:
        proxy.terminate()
        proxy.wait()


def url(address):
    return f"mssql://bench@{address}/SUSDB?encrypt=off"


def scale(updates):
    file = WORK / f"scale-{updates}.db"
    if not file.exists():
        subprocess.run([WSUSCTL, "sandbox", "init", str(file), "--seed", f"scale:{updates}"], check=True)
    return file


def query(file, text):
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        return database.execute(text).fetchall()


def manifest(name, pairs):
    """Approvals by id, update by update."""
    by_update = {}
    for update, group in pairs:
        by_update.setdefault(update, []).append(group)
    lines = [HEAD, "  approvals:\n"]
    for update, groups in by_update.items():
        lines.append(f"    - update: {update}\n      groups: {{{', '.join(f'{group}: install' for group in groups)}}}\n")
    return write(name, "".join(lines))


def write(name, text):
    file = WORK / name
    file.write_text(text)
    return file


def program():
    print(f"\nthe program{'wall':>63} {'CPU':>11} {'memory':>11}")
    measure("--version", [WSUSCTL, "--version"], runs=max(RUNS, 20))
    row("size", f"{Path(WSUSCTL).stat().st_size / 2**20:9.1f} MB")
    ids = [f"{number:08x}-0000-4000-8000-{number:012x}" for number in range(100_000)]
    file = manifest("validate.yaml", [(id, f"Group {number % 300:04}") for number, id in enumerate(ids)])
    measure("validate of 100,000 approvals", [WSUSCTL, "validate", "-f", str(file)])


def diff(server, file, name, keep=None):
    return measure(name, [WSUSCTL, "diff", "-f", str(file), "--server", url(server)], (0, 2), keep=keep)


def reading(updates, file, server, name):
    """A diff, then the same rows through everything else."""
    recorded = WORK / f"{name}.tds"
    with recording(server, recorded) as proxy:
        once([WSUSCTL, "diff", "-f", str(file), "--server", url(proxy)], (0, 2))
    ours = diff(server, file, f"diff, {name}", WORK / f"{name}.out")
    bare = measure("  the same statements, bare tiberius", [RAW, "select", server, "bench", str(recorded)])
    ratio("wall time, diff to bare tiberius", ours.wall / bare.wall)
    if shutil.which("tsql"):
        host, port = server.split(":")
        with open(WORK / f"{name}.sql", "wb") as text:
            subprocess.run([RAW, "sql", str(recorded)], stdout=text, check=True)
        command = ["tsql", "-H", host, "-p", port, "-U", "bench", "-P", "Bench-1", "-D", "SUSDB"]
        measure("  the same statements, tsql", command, stdin=WORK / f"{name}.sql")
    return ours


def script(pairs, server, ours):
    with open(WORK / "approvals.csv", "w", newline="") as lines:
        csv.writer(lines).writerows(pairs)
    host, port = server.split(":")
    command = [sys.executable, "tests/bench/compare.py", host, port, "bench", str(WORK / "approvals.csv")]
    for name, more in ("  what differs, pymssql", []), ("  what differs and what it comes to, pymssql", ["whole"]):
        theirs = measure(name, [*command, *more])
        ratio("CPU time, diff to pymssql", ours.cpu / theirs.cpu)
        ratio("wall time, diff to pymssql", ours.wall / theirs.wall)


def by_id():
    print(f"\ndiff of 10,000 approvals by id{'wall':>44} {'CPU':>11} {'memory':>11}")
    small, large = scale(20_000), scale(200_000)
    # Pairs that both servers have: the larger one begins with the smaller.
    pairs = query(small, f"{APPROVED} LIMIT 5000")
    known = set(pairs)
    fresh = [(id, "Group 0007") for (id,) in query(small, UPDATES) if (id, "Group 0007") not in known]
    pairs += fresh[: 10_000 - len(pairs)]
    file = manifest("by-id.yaml", pairs)
    with served(small) as server:
        less = reading(20_000, file, server, "by id, 20,000 updates")
    with served(large) as server:
        more = reading(200_000, file, server, "by id, 200,000 updates")
        ratio("wall time, ten times the updates", more.wall / less.wall)
        ratio("CPU time, ten times the updates", more.cpu / less.cpu)
        script(pairs, server, more)


def by_selector():
    print(f"\ndiff of 10,000 approvals by selectors{'wall':>37} {'CPU':>11} {'memory':>11}")
    large = scale(200_000)
    text = "".join(
        f"    - select: {{title: 'Update 00{decade:02}*'}}\n      acceptLicense: true\n      groups: {{Group {decade:04}: install}}\n" for decade in range(10, 22)
    )
    with served(large) as server:
        ours = reading(200_000, write("selectors.yaml", f"{HEAD}  approvals:\n{text}"), server, "by selectors, 200,000 updates")
        lines = "".join(f"Update 00{decade:02}%,Group {decade:04}\n" for decade in range(10, 22))
        host, port = server.split(":")
        command = [sys.executable, "tests/bench/compare.py", host, port, "bench", str(write("selectors.csv", lines)), "selectors"]
        theirs = measure("  what differs, pymssql", command)
        ratio("CPU time, diff to pymssql", ours.cpu / theirs.cpu)
        ratio("wall time, diff to pymssql", ours.wall / theirs.wall)


def apply(count):
    source, pristine = scale(200_000), WORK / "apply.db"
    have = set(query(source, APPROVED))
    pairs = [(id, "Group 0299") for (id,) in query(source, UPDATES) if (id, "Group 0299") not in have][:count]
    file, recorded = manifest(f"apply-{count}.yaml", pairs), WORK / f"apply-{count}.tds"

    def fresh(run):
        # What the last run wrote is in files beside it, which SQLite would read as this one's.
        for stale in "-wal", "-shm":
            Path(f"{pristine}{stale}").unlink(missing_ok=True)
        shutil.copyfile(source, pristine)
        with served(pristine) as server:
            return run(server)

    def ours(server, address=None):
        command = [WSUSCTL, "apply", "-f", str(file), "--server", url(address or server), "--yes"]
        return once(command, (0,))

    def recorded_apply(server):
        with recording(server, recorded) as proxy:
            return ours(server, proxy)

    fresh(recorded_apply)
    with_plan = Measured([fresh(ours) for _ in range(RUNS)])
    row(f"apply of {count:,}", f"{with_plan.wall:9.3f} s {with_plan.cpu:9.3f} s {with_plan.memory:8.1f} MB")
    call = [RAW, "call"]
    bare = Measured([fresh(lambda s: once([*call, s, "bench", str(recorded), "spDeployUpdate"], (0,))) for _ in range(RUNS)])
    row("  the same calls, bare tiberius", f"{bare.wall:9.3f} s {bare.cpu:9.3f} s {bare.memory:8.1f} MB")
    ratio("wall time, apply to bare calls", with_plan.wall / bare.wall)


def verbs():
    print(f"\nother verbs, 200,000 updates{'wall':>46} {'CPU':>11} {'memory':>11}")
    large = scale(200_000)
    everything = "    - select: {title: '*'}\n      acceptLicense: true\n      groups: {Group 0007: install}\n"
    file = write("everything.yaml", f"{HEAD}  approvals:\n{everything}")
    with served(large) as server:
        diff(server, file, "diff, a selector that matches every update")
        measure("doctor", [WSUSCTL, "doctor", "--server", url(server)], (0, 1))
        for kind in ("updates", "computers", "approvals", "declines", "groups", "products"):
            for output in ("text", "json") if kind == "updates" else ("text",):
                command = [WSUSCTL, "get", kind, "--server", url(server), "--output", output]
                measure(f"get {kind}, {output}", command)
        command = [WSUSCTL, "get", "updates", "--server", url(server), "--where", "kb=KB5100007"]
        measure("get updates --where kb=KB5100007", command)


def sandbox():
    print(f"\nthe emulated server{'wall':>55} {'CPU':>11} {'memory':>11}")
    file = WORK / "init.db"
    measure("sandbox init scale:200000", [WSUSCTL, "sandbox", "init", str(file), "--seed", "scale:200000", "--force"])
    row("its size", f"{file.stat().st_size / 2**20:9.1f} MB")


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    print(f"medians of {RUNS} runs; memory is the peak of the client")
    wanted = set(sys.argv[4:]) or {"program", "by-id", "by-selector", "apply", "verbs", "sandbox"}
    if "program" in wanted:
        program()
    if "by-id" in wanted:
        by_id()
    if "by-selector" in wanted:
        by_selector()
    if "verbs" in wanted:
        verbs()
    if "sandbox" in wanted:
        sandbox()
    if "apply" in wanted:
        print(f"\napply of new approvals, 200,000 updates{'wall':>35} {'CPU':>11} {'memory':>11}")
        apply(1_000)
        apply(10_000)


main()
