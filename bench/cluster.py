#!/usr/bin/env python3
"""cluster.py [NAME...]: the figures of a cluster: how fast it starts, takes jobs, and gets over losses.

Processes of a release build on this host, over loopback. Every figure is the median of several runs, each
with a cluster of its own where that matters; times are taken from outside, from the request or the kill
to the effect in the job's output, polling (2 ms) included. docs/figures.md says what each figure means.
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "support", "cluster"))

# Every slot of both stages has rows at once and for ever; what comes out says which attempt it is of.
JOB = """
CREATE TABLE ticks (a BIGINT, k AS MOD(a, 64)) WITH ('connector' = 'datagen', 'rows-per-second' = '2000',
    'fields.a.min' = '0', 'fields.a.max' = '1000');
CREATE TABLE shown (k BIGINT, n BIGINT) WITH ('connector' = 'print');
SET 'execution.runtime-mode' = 'streaming';
INSERT INTO shown SELECT k, COUNT(*) FROM ticks GROUP BY k;
"""
IDLE = """
CREATE TABLE ticks (a BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1');
CREATE TABLE nowhere (a BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO nowhere SELECT a FROM ticks;
"""


def printed(worker_folder, job):
    """Bytes that a job's runners have printed on one worker: a folder of segments."""
    total = 0
    for at, _, names in os.walk(worker_folder):
        if os.path.basename(at) == job:
            total += sum(os.path.getsize(os.path.join(at, name)) for name in names)
    return total


def local_cluster(kit, workers, slots):
    cluster = kit.Cluster()
    cluster.start_master(None)
    for _ in range(workers):
        cluster.start_worker(None, slots)
    return cluster


def folders(cluster):
    return [os.path.join(cluster.folder, f"worker-{i}") for i in range(len(cluster.workers))]


def first_row_s(kit, cluster, job, began):
    """From `began` to the first bytes that a runner of the job printed."""
    kit.wait_until(lambda: any(printed(folder, job) for folder in folders(cluster)))
    return time.monotonic() - began


def new_rows_s(kit, cluster, job, attempt, began):
    """From `began` until every runner of a later attempt has printed: rows that came over the shuffle."""
    begun = re.compile(rf"job={job} attempt=(\d+) pid=")
    sizes = {}  # Of the log of each worker that has a new runner, when that began.

    def all_have():
        for worker, folder in zip(cluster.workers, folders(cluster)):
            if folder not in sizes and any(int(a) > attempt for a in begun.findall(worker.output())):
                sizes[folder] = printed(folder, job)
        wanted = re.search(rf"attempt {attempt + 1} on (\d+) runner", cluster.masters[0].output())
        return wanted and len(sizes) >= int(wanted[1]) and \
            all(printed(folder, job) > size for folder, size in sizes.items())
    kit.wait_until(all_have)
    return time.monotonic() - began


# ---- figures: each gives one number per run ----

def start_ms(kit):
    folder = subprocess.check_output(["mktemp", "-d"], text=True).strip()
    began = time.monotonic()
    subprocess.run([kit.TIDEMILL, "cluster", "start", "-w", "2", "--slots", "2", "--dir", folder],
                   check=True, stdout=subprocess.DEVNULL)
    took = time.monotonic() - began
    subprocess.run([kit.TIDEMILL, "cluster", "stop", "--dir", folder], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["rm", "-rf", folder], check=True)
    return took * 1000


def submit_ms(kit):
    cluster = local_cluster(kit, 2, 2)
    try:
        cluster.command("cancel", cluster.submit(JOB, 2)) # Warm: files read, plugins loaded once.
        began = time.monotonic()
        job = cluster.submit(JOB, 2)
        return first_row_s(kit, cluster, job, began) * 1000
    finally:
        cluster.close()


def resident_mb(kit):
    """(master, agent, runner), idle."""
    cluster = local_cluster(kit, 1, 2)
    try:
        job = cluster.submit(IDLE, 1)
        cluster.await_state(job, "RUNNING")
        runner = kit.wait_until(lambda: cluster.runners(cluster.workers[0]))[0]
        pids = cluster.masters[0].pid, cluster.workers[0].pid, runner
        return tuple(kit.resident_bytes(pid) / 1e6 for pid in pids)
    finally:
        cluster.close()


def after_loss_ms(kit, lose):
    cluster = local_cluster(kit, 2, 4)
    try:
        job = cluster.submit(JOB, 4)
        cluster.await_state(job, "RUNNING")
        cluster.await_rows(job, 100)
        attempt = cluster.job(job)["attempt"]
        victim = next(w for w in cluster.workers if cluster.runners(w))
        began = time.monotonic()
        lose(cluster, victim)
        return new_rows_s(kit, cluster, job, attempt, began) * 1000
    finally:
        cluster.close()


def runner_killed_ms(kit):
    return after_loss_ms(kit, lambda cluster, victim: os.kill(cluster.runners(victim)[0], signal.SIGKILL))


def worker_silent_ms(kit):
    def stop(cluster, victim):
        for pid in [victim.pid, *cluster.runners(victim)]:
            os.kill(pid, signal.SIGSTOP)

    return after_loss_ms(kit, stop)


def master_killed_ms(kit):
    cluster = kit.Cluster()
    try:
        cluster.start_master(None)
        cluster.start_master(None)
        cluster.start_worker(None, 2)
        job = cluster.submit(IDLE, 1)
        cluster.await_state(job, "RUNNING")
        cluster.masters[0].kill()
        began = time.monotonic()
        kit.wait_until(lambda: cluster.command("list", "-o", "json", check=False).returncode == 0,
                       about=cluster.tell)
        return (time.monotonic() - began) * 1000
    finally:
        cluster.close()


def cycles(kit, n):
    """n times submit and cancel; (bytes of growth per cycle after the first fifth, files, processes)."""
    cluster = local_cluster(kit, 1, 2)
    try:
        pids = cluster.masters[0].pid, cluster.workers[0].pid
        samples = []
        for i in range(n):
            job = cluster.submit(IDLE, 1)
            cluster.await_state(job, "RUNNING")
            cluster.command("cancel", job)
            cluster.await_state(job, "CANCELED")
            if i >= n // 5 and (i - n // 5) % max(1, n // 50) == 0:
                files = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)
                samples.append((i, sum(kit.resident_bytes(pid) for pid in pids), files))
        slope = statistics.linear_regression([s[0] for s in samples], [s[1] for s in samples]).slope
        kit.wait_until(lambda: not kit.children(pids[1]), about="runners left")
        return slope, samples[-1][2] - samples[0][2]
    finally:
        cluster.close()


SINGLE = {
    "start": ("cluster start (1 master, 2 workers) to ready", "ms", 500, 150, start_ms),
    "submit": ("submit to first row out, warm cluster", "ms", 300, 100, submit_ms),
    "runner": ("runner killed until every runner has new rows", "ms", 1000, 300, runner_killed_ms),
    "silent": ("worker silent until the same", "ms", 4000, 3000, worker_silent_ms),
    "master": ("master killed until a standby answers", "ms", 3000, 1000, master_killed_ms),
}
RESIDENT = (("master", 25, 15), ("agent", 20, 14), ("runner", 25, 18))
NAMES = (*SINGLE, "memory", "cycles")


def verdict(value, must, aim):
    return "aim" if value <= aim else "must" if value <= must else "NO"


def line(name, unit, value, must, aim):
    print(f"| {name} | {unit} | {value:.3g} | {must:g} | {aim:g} | {verdict(value, must, aim)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cycles", type=int, default=1000, help="of submit and cancel (1000)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"), metavar="FOLDER")
    options = parser.parse_args()
    for name in options.names:
        if name not in NAMES:
            parser.error(f"no figure {name}; there are {', '.join(NAMES)}")
    os.environ["TIDEMILL"] = os.path.join(os.path.abspath(options.build), "tidemill")
    import kit  # Reads $TIDEMILL.
    print(f"{time.strftime('%Y-%m-%d')}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs\n")
    print("| figure | unit | ours | must | aim | reached |\n|---|---|---:|---:|---:|---|")
    for name in options.names or NAMES:
        if name in SINGLE:
            label, unit, must, aim, measure = SINGLE[name]
            line(label, unit, statistics.median(measure(kit) for _ in range(options.runs)), must, aim)
        elif name == "memory":
            runs = [resident_mb(kit) for _ in range(min(options.runs, 3))]
            for i, (who, must, aim) in enumerate(RESIDENT):
                line(f"resident memory, idle: {who}", "MB", statistics.median(r[i] for r in runs), must, aim)
        else:
            slope, files = cycles(kit, options.cycles)
            line(f"{options.cycles} submit and cancel: growth a cycle", "bytes", slope, 1024, 1024)
            line("files open more than at the start", "files", files, 0, 0)


if __name__ == "__main__":
    main()
