"""What the figures were taken on."""
import contextlib
import os
import platform
import subprocess
import time
from pathlib import Path

CPUCLOCK_SCHED = 2      # what clock_getcpuclockid makes of a process


def ksoftirqd(cpu):
    """The pid of the thread that takes over a CPU's network work, or None."""
    for comm in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if comm.read_text().strip() == f"ksoftirqd/{cpu}":
                return int(comm.parent.name)
    return None


def field_of(path, name):
    """The value of the first line "name : value" of a file of /proc."""
    with contextlib.suppress(OSError):
        for line in Path(path).read_text().splitlines():
            key, _, text = line.partition(":")
            if key.strip() == name:
                return text.strip()
    return None


def cpu_seconds(pid):
    """CPU time of a process, of all its threads, from its own clock."""
    return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)


def memory_bytes():
    return int((field_of("/proc/meminfo", "MemTotal") or "0").split()[0]) * 1024


def package_version(package):
    """The version of a Debian package; None where there is no such thing."""
    with contextlib.suppress(OSError):
        asked = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", package], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if asked.returncode == 0:
            return asked.stdout
    return None


def versions(servers):
    """The versions of the packages that the peers are made from."""
    names = {word for server in servers for word in
             (server.package or "").replace(",", "").split() if word != "and"}
    found = {name: package_version(name) for name in sorted(names)}
    return {name: version for name, version in found.items() if version}


def describe(folder, servers, helper):
    about = subprocess.run([folder / "load", "--about"], text=True,
                           stdout=subprocess.PIPE, check=True)
    return {
        "kernel": platform.release(),
        "cpus": os.cpu_count(),
        "model": field_of("/proc/cpuinfo", "model name") or platform.machine(),
        "memory_bytes": memory_bytes(),
        "virtual": "hypervisor" in
                   (field_of("/proc/cpuinfo", "flags") or "").split(),
        "compiler": about.stdout.strip(),
        "ksoftirqd_counted": helper is not None,
        "load_average": os.getloadavg()[0],
        "packages": versions(servers),
    }
