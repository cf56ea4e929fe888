"""This machine: what processes use of it, and whether they answer."""
import json
import os
import re
import resource
import socket
import sys
import time
import urllib.error
import urllib.request

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(pid):
    """A process and its children."""
    pids = [pid]
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            for child in f.read().split():
                pids += tree(int(child))
    except FileNotFoundError:
        pass
    return pids


def cpu_seconds(pid):
    total = 0
    for p in tree(pid):
        with open(f"/proc/{p}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def children_seconds():
    """CPU time of the programs that have been run and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rss_bytes(pid):
    total = 0
    for p in tree(pid):
        with open(f"/proc/{p}/statm") as f:
            total += int(f.read().split()[1]) * PAGE
    return total


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def peak_bytes(pid):
    """The most that a process has had in memory at once."""
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) * 1024


def stop(process):
    process.terminate()
    process.wait(60)


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition, what, seconds=30, pause=0.05):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"bench: {what} is not ready after {seconds} s")
        time.sleep(pause)


def answers(url, headers=None):
    try:
        request = urllib.request.Request(url, headers=headers or {})
        return urllib.request.urlopen(request, timeout=2).status == 200
    except (urllib.error.URLError, OSError):
        return False


def post(url, data, headers=None, form=False):
    body = data.encode() if form else json.dumps(data).encode()
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    request = urllib.request.Request(url, body, {"Content-Type": kind, **(headers or {})})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
