#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench-times.py BUILD WORK ROUNDS: run the contenders in turns and print medians and ratios.

Called by scripts/bench, inside its private host. A time is that of one process, from posix_spawn to
its end as wait reports it: no shell is in it. The first round warms up and does not count, and the
order within a round rotates, so that no contender always runs behind the same other.
"""
import json
import os
import statistics
import subprocess
import sys
import time

BUILD, WORK, ROUNDS = sys.argv[1], sys.argv[2], int(sys.argv[3])
CNI_BIN = "/usr/lib/cni"
ENV = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


def timed_both(argv, stdin="/dev/null", env=None):
    """Run argv to its end; milliseconds by the clock and of CPU. A failure ends the benchmark."""
    log = f"{WORK}/log"
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    began = time.perf_counter_ns()
    pid = os.posix_spawn(argv[0], argv, {**ENV, **(env or {})}, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    took = (time.perf_counter_ns() - began) / 1e6
    if status != 0:
        with open(log, encoding="utf-8", errors="replace") as file:
            sys.exit(f"bench: {' '.join(argv)}: status {os.waitstatus_to_exitcode(status)}: "
                     f"{file.read().strip()}")
    return took, (used.ru_utime + used.ru_stime) * 1e3


def timed(argv, stdin="/dev/null", env=None):
    """The same, by the clock alone."""
    return timed_both(argv, stdin, env)[0]


def find(program):
    for folder in ENV["PATH"].split(":"):
        if os.access(f"{folder}/{program}", os.X_OK):
            return f"{folder}/{program}"
    return sys.exit(f"bench: {program} is not installed; scripts/install-deps bench")


def version(program):
    """Its name with the version, as the first line of --version has it."""
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return text.stdout.split("\n")[0].replace(" version", "")


def take_turns(contenders):
    """contenders: [(name, function returning {row: ms})]. Returns {name: {row: [ms]}}."""
    times = {name: {} for name, _ in contenders}
    for turn in range(ROUNDS + 1):
        first = turn % len(contenders)
        for name, measure in contenders[first:] + contenders[:first]:
            for row, took in measure().items():
                if turn > 0:
                    times[name].setdefault(row, []).append(took)
    return times


def print_row(title, times, row):
    """The first contender is ours; the ratio is ours to theirs."""
    print(f"\n{title}")
    print(f"  {'':34} {'median':>9} {'95 %':>9}   ours/theirs")
    ours = None
    for name, rows in times.items():
        took = rows[row]
        median = statistics.median(took)
        worst = statistics.quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
        ours = ours or median
        ratio = "" if median == ours else f"{ours / median:14.3f}"
        print(f"  {name:34} {median:6.2f} ms {worst:6.2f} ms{ratio}")


def bench_run():
    runtime = f"{BUILD}/ct-runtime"
    bundle = f"{WORK}/bundle"

    def contender(name, argv, *options):
        return name, lambda: {"run": timed([*argv, "run", *options, "--bundle", bundle, "bench"])}

    crun, runc = find("crun"), find("runc")
    times = take_turns([
        contender(version(runtime), [runtime, "--root", f"{WORK}/ct"]),
        contender("  --cgroup-manager=disabled", [runtime, "--root", f"{WORK}/ct",
                                                  "--cgroup-manager=disabled"]),
        contender("  without pins (--no-persist)", [runtime, "--root", f"{WORK}/ct"],
                  "--no-persist"),
        contender(version(crun), [crun, "--root", f"{WORK}/crun"]),
        contender("  without a cgroup", [crun, "--root", f"{WORK}/crun",
                                         "--cgroup-manager=disabled"]),
        contender(version(runc), [runc, "--root", f"{WORK}/runc"]),
    ])
    print_row("run /bin/true: create, start, wait, delete", times, "run")


class Namespace:
    """A network namespace, held by a process that does nothing."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo ready; exec sleep infinity"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.pid = self.process.pid

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def interfaces():
    return set(os.listdir(f"{WORK}/sys/class/net"))


def is_at_work(name):
    """Is there a process of this name that has not ended?"""
    for folder in os.listdir("/proc"):
        if not folder.isdigit():
            continue
        try:
            with open(f"/proc/{folder}/stat", encoding="utf-8") as file:
                comm, _, rest = file.read().partition("(")[2].rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if comm == name and rest.split()[0] != "Z":
            return True
    return False


def await_quiet(wanted):
    """Milliseconds until the kernel has removed the interface, and its remover has ended."""
    began = time.perf_counter_ns()
    while interfaces() - wanted or is_at_work("ct-netns"):
        took = (time.perf_counter_ns() - began) / 1e6
        if took > 5000:
            sys.exit(f"bench: left behind: {interfaces() - wanted}")
        os.sched_yield()
    return (time.perf_counter_ns() - began) / 1e6


def measure_pair(attach, detach):
    """Attach and detach; the next contender starts on a host that is quiet again."""
    before = interfaces()
    rows = {"attach": attach()}
    if not interfaces() - before:
        sys.exit("bench: attach has made no interface")
    rows["detach"] = detach()
    rows["both"] = rows["attach"] + rows["detach"]
    rows["gone"] = rows["both"] + await_quiet(before)
    return rows


def write_states(namespace, container):
    """What a runtime gives to a hook, on its stdin: created.json, stopped.json."""
    for status, pid in (("created", namespace.pid), ("stopped", 0)):
        with open(f"{WORK}/{status}.json", "w", encoding="utf-8") as file:
            json.dump({"ociVersion": "1.0.2", "id": container, "status": status, "pid": pid,
                       "bundle": f"{WORK}/bundle"}, file)


def ct_netns(namespace):
    program = f"{BUILD}/ct-netns"
    write_states(namespace, "bench")

    def call(status):
        return timed([program], f"{WORK}/{status}.json")

    return version(program), lambda: measure_pair(lambda: call("created"),
                                                  lambda: call("stopped"))


def cni_bridge(namespace):
    if not os.access(f"{CNI_BIN}/bridge", os.X_OK):
        sys.exit("bench: the CNI plugins are not installed; scripts/install-deps bench")
    with open(f"{WORK}/cni.json", "w", encoding="utf-8") as file:
        json.dump({"cniVersion": "0.4.0", "name": "bench", "type": "bridge", "bridge": "cni0",
                   "isGateway": True, "isDefaultGateway": True, "ipMasq": True,
                   "ipam": {"type": "host-local", "subnet": "10.88.0.0/16",
                            "dataDir": f"{WORK}/cni"}}, file)

    def call(command):
        return timed([f"{CNI_BIN}/bridge"], f"{WORK}/cni.json", {
            "CNI_COMMAND": command, "CNI_CONTAINERID": "bench", "CNI_IFNAME": "eth0",
            "CNI_NETNS": f"/proc/{namespace.pid}/ns/net", "CNI_PATH": CNI_BIN})

    # Bridges are made by the first call of each; from then on they stay.
    return "CNI bridge, host-local, ipMasq", lambda: measure_pair(lambda: call("ADD"),
                                                                  lambda: call("DEL"))


def bench_attach():
    ours, theirs = Namespace(), Namespace()
    contenders = [ct_netns(ours), cni_bridge(theirs)]
    for make in ([f"{BUILD}/ct-netns", "create"], ["ip", "link", "add", "cni0", "type", "bridge"]):
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    times = take_turns(contenders)
    for row, title in (("attach", "attach a container to a bridge, with MASQUERADE"),
                       ("detach", "detach it again"),
                       ("both", "attach and detach"),
                       ("gone", "the same, until the process that ct-netns leaves to remove the "
                                "interface has ended")):
        print_row(title, times, row)
    ours.end()
    theirs.end()


def bench_thousand():
    """Does it take longer when many are there? The bridge is that of bench_attach()."""
    namespaces = [Namespace() for _ in range(1000)]
    times = {"attach": [], "detach": []}
    for number, namespace in enumerate(namespaces):
        write_states(namespace, f"bench{number}")
        times["attach"].append(timed_both([f"{BUILD}/ct-netns"], f"{WORK}/created.json"))
    for number, namespace in reversed(list(enumerate(namespaces))):
        write_states(namespace, f"bench{number}")
        times["detach"].insert(0, timed_both([f"{BUILD}/ct-netns"], f"{WORK}/stopped.json"))
    print(f"\nattach 1,000 containers to one bridge, detach the last one first\n"
          f"  {'':34} {'median':>9} {'of CPU':>12}")
    for what, took in times.items():
        for which, some in (("first", took[:50]), ("last", took[-50:])):
            clock, cpu = (statistics.median(column) for column in zip(*some))
            print(f"  {f'{what} the {which} 50':34} {clock:6.2f} ms {cpu:9.2f} ms")
    for namespace in namespaces:
        namespace.end()


print(f"{ROUNDS} rounds, {os.cpu_count()} CPUs, Linux {os.uname().release}")
bench_run()
bench_attach()
bench_thousand()
