"""hosts.py: hosts as network namespaces on one bridge, which can be cut off one by one."""

import atexit
import os
import shutil
import subprocess

SUBNET = "10.213.77"


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Hosts:
    """Namespaces h0, h1, ... with addresses 10.213.77.(10 + i); nothing outside can be reached."""

    @staticmethod
    def available():
        """None, or why hosts cannot be made here."""
        if os.geteuid() != 0:
            return "network namespaces need root"
        if shutil.which("ip") is None:
            return "ip (package iproute2) is not installed"
        name = f"tm{os.getpid()}probe"
        try:
            _run("ip", "netns", "add", name)
        except RuntimeError as why:
            return f"network namespaces cannot be made: {why}"
        _run("ip", "netns", "delete", name)
        return None

    def __init__(self, n):
        self.prefix = f"tm{os.getpid()}"
        self.names = [f"{self.prefix}h{i}" for i in range(n)]
        self.switch = f"{self.prefix}sw"
        atexit.register(self.close)
        _run("ip", "netns", "add", self.switch)
        _run("ip", "-n", self.switch, "link", "add", "br0", "type", "bridge")
        _run("ip", "-n", self.switch, "link", "set", "br0", "up")
        for i, name in enumerate(self.names):
            self._add(i, name)

    def _add(self, i, name):
        _run("ip", "netns", "add", name)
        _run("ip", "-n", self.switch, "link", "add", f"p{i}", "type", "veth", "peer", "name", "eth0",
             "netns", name)
        _run("ip", "-n", self.switch, "link", "set", f"p{i}", "master", "br0", "up")
        _run("ip", "-n", name, "addr", "add", f"{self.address(i)}/24", "dev", "eth0")
        _run("ip", "-n", name, "link", "set", "eth0", "up")
        _run("ip", "-n", name, "link", "set", "lo", "up")

    def address(self, i):
        return f"{SUBNET}.{10 + i}"

    def inside(self, i):
        """Put before a command: it runs on host i, which has a name of its own. No process is added."""
        return ["ip", "netns", "exec", self.names[i], "unshare", "--uts", "sh", "-c",
                'hostname "$0" && exec "$@"', f"host{i}"]

    def cut(self, i):
        """Host i hears nobody and nobody hears it; no connection is closed."""
        _run("ip", "-n", self.switch, "link", "set", f"p{i}", "down")

    def heal(self, i):
        _run("ip", "-n", self.switch, "link", "set", f"p{i}", "up")

    def close(self):
        atexit.unregister(self.close)
        for name in [*self.names, self.switch]:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=30)
        self.names = []
