"""kit.py: the built binary's processes, as suites and benchmarks drive them. Standard library only.

Everything that waits has a deadline; nothing sleeps longer than a poll. Processes are ended by the objects
that started them.
"""

import json
import os
import signal
import subprocess
import tempfile
import time

TIDEMILL = os.environ.get("TIDEMILL", "tidemill")
POLL_S = 0.005
# Sanitized builds on busy machines take their time; what must be fast is asserted where it matters.
DEADLINE_S = 60


def wait_until(question, deadline_s=DEADLINE_S, about=""):
    """The first true answer. about: said when there is none in time; a function is asked then."""
    end = time.monotonic() + deadline_s
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            told = about() if callable(about) else about
            raise AssertionError(f"not within {deadline_s} s: {told or question}")
        time.sleep(POLL_S)


def children(pid):
    """Pids of a process's children, by all of its threads."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as f:
                found += [int(p) for p in f.read().split()]
    except OSError:
        pass
    return found


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no resident memory")


def is_running(pid):
    """Alive, and not a zombie that somebody has yet to collect."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Process:
    """A server process: its output goes to a file, it is killed when nobody ends it."""

    def __init__(self, arguments, folder, name, inside=()):
        self.path = os.path.join(folder, f"{name}.out")
        with open(self.path, "ab") as out:
            self.popen = subprocess.Popen([*inside, TIDEMILL, *arguments], stdin=subprocess.DEVNULL,
                                          stdout=out, stderr=subprocess.STDOUT, cwd=folder)
        self.pid = self.popen.pid  # `ip netns exec` becomes the command.

    def output(self):
        with open(self.path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def await_line(self, text, deadline_s=DEADLINE_S):
        def found():
            if self.popen.poll() is not None and text not in self.output():
                raise AssertionError(f"ended with {self.popen.returncode}:\n{self.output()}")
            return text in self.output()
        wait_until(found, deadline_s, lambda: f"{text!r} in\n{self.output()}")

    def send(self, number):
        os.kill(self.pid, number)

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait(DEADLINE_S)

    def end(self, deadline_s=DEADLINE_S):
        """SIGTERM; the exit code."""
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            return self.popen.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.path} did not end on SIGTERM:\n{self.output()}") from None


class Cluster:
    """Masters and workers, on this host or on Hosts; commands speak to the master that leads."""

    def __init__(self, hosts=None, settings=()):
        self.folder = tempfile.mkdtemp(prefix="tidemill-cluster-")
        self.hosts, self.settings = hosts, list(settings)
        self.masters, self.workers = [], []
        self.endpoints = []  # (host index or None, rest, control) of each master
        self._ports = 20000 + os.getpid() % 20000

    def _inside(self, host):
        return self.hosts.inside(host) if self.hosts else ()

    def _address(self, host):
        return self.hosts.address(host) if self.hosts else "127.0.0.1"

    def _port(self):
        self._ports += 1
        return self._ports

    def start_master(self, host=0, again=None):
        """again: index of a master that is started anew with its ports."""
        if again is None:
            again = len(self.masters)
            self.masters.append(None)
            self.endpoints.append((host, f"{self._address(host)}:{self._port()}",
                                   f"{self._address(host)}:{self._port()}"))
        host, rest, control = self.endpoints[again]
        flags = [f"-Drest.port={rest.split(':')[1]}", f"-Drest.bind-address={self._address(host)}",
                 f"-Dcontrol.port={control.split(':')[1]}",
                 f"-Dcontrol.bind-address={self._address(host)}",
                 f"-Dhigh-availability.storageDir={self.folder}/shared",
                 f"-Ddata.dir={self.folder}/master-{again}", *[f"-D{s}" for s in self.settings]]
        self.masters[again] = Process(["master", *flags], self.folder, f"master-{again}",
                                      self._inside(host))
        self.masters[again].await_line("ready")
        return self.masters[again]

    def start_worker(self, host=0, slots=2):
        n = len(self.workers)
        masters = ",".join(control for _, _, control in self.endpoints)
        flags = [f"-Dcontrol.masters={masters}", f"-Dtaskmanager.numberOfTaskSlots={slots}",
                 f"-Ddata.dir={self.folder}/worker-{n}", *[f"-D{s}" for s in self.settings]]
        if self.hosts:
            flags.append(f"-Dtaskmanager.host={self._address(host)}")
        worker = Process(["worker", *flags], self.folder, f"worker-{n}", self._inside(host))
        self.workers.append(worker)
        worker.await_line("ready")
        return worker

    def command(self, *arguments, check=True, deadline_s=DEADLINE_S, text=None):
        """Runs `tidemill ARGUMENTS` against the masters; its standard output."""
        host = self.endpoints[0][0]
        masters = ",".join(f"http://{rest}" for _, rest, _ in self.endpoints)
        environment = dict(os.environ, TIDEMILL_MASTER=masters)
        done = subprocess.run([*self._inside(host), TIDEMILL, *arguments], env=environment,
                              capture_output=True, text=True, timeout=deadline_s, cwd=self.folder,
                              input=text or "")
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(arguments)}: {done.returncode}\n{done.stderr}\n"
                                 f"{self.tell()}")
        return done.stdout if check else done

    def submit(self, sql, slots=1, *more):
        path = os.path.join(self.folder, "job.sql")
        with open(path, "w", encoding="utf-8") as f:
            f.write(sql)
        return self.command("submit", path, "-p", str(slots), *more).strip()

    def jobs(self):
        return {j["jid"]: j for j in json.loads(self.command("list", "-o", "json"))["jobs"]}

    def job(self, job):
        return self.jobs()[job]

    def await_state(self, job, state, deadline_s=DEADLINE_S):
        self.command("status", job, "--wait", state, "--timeout", f"{deadline_s}s",
                     deadline_s=deadline_s + 10)

    def runners(self, worker):
        return [p for p in children(worker.pid) if is_running(p)]

    def logs(self, job):
        return self.command("logs", job)

    def await_rows(self, job, more_than, deadline_s=DEADLINE_S):
        """Until the job's log has more than so many lines; how many it has then."""
        def enough():
            n = self.logs(job).count("\n")
            return n if n > more_than else 0
        return wait_until(enough, deadline_s, f"more than {more_than} rows of {job}")

    def tell(self):
        """What everybody wrote, for a failure's message."""
        texts = [f"== {p.path}\n{p.output()[-4000:]}" for p in [*self.masters, *self.workers] if p]
        return "\n".join(texts)

    def close(self):
        for process in [*self.workers, *self.masters]:
            if process and process.popen.poll() is None:
                process.send(signal.SIGCONT)
                process.kill()
        subprocess.run(["rm", "-rf", self.folder], check=True)
