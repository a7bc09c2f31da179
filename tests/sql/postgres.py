"""A PostgreSQL of a test's own: in a temporary folder, listening on a socket there only."""

import glob
import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BINARIES = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))


def is_missing():
    return not BINARIES or not shutil.which("psql")


class Server:
    """PostgreSQL in a temporary folder, for the time of a with statement."""

    def __init__(self):
        self.binaries = BINARIES[-1]
        self.folder = tempfile.mkdtemp(prefix="tidemill-pg-")
        # The server refuses root: then the user that Debian's package made runs it.
        self.user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.user:
            shutil.chown(self.folder, "postgres")

    def command(self, name, *arguments, **options):
        return subprocess.run([*self.user, os.path.join(self.binaries, name), *arguments], check=True,
                              stdout=subprocess.DEVNULL, cwd=self.folder, **options)

    def __enter__(self):
        data = os.path.join(self.folder, "data")
        try:
            self.command("initdb", "-D", data, "-A", "trust", "-U", "tidemill", "-E", "UTF8", "--locale=C.UTF-8")
            self.command("pg_ctl", "-D", data, "-w", "-l", os.path.join(self.folder, "log"), "-o",
                         f"-c listen_addresses= -k {self.folder} -c timezone=UTC -c fsync=off", "start")
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        return self

    def __exit__(self, *_):
        self.command("pg_ctl", "-D", os.path.join(self.folder, "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def psql(self, text, *options):
        """What psql prints; paths in the text are relative to this folder. RuntimeError if a statement fails."""
        run = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "tidemill",
                              *options, "postgres"], input=text, capture_output=True, text=True, cwd=HERE, check=False)
        if run.returncode != 0:
            raise RuntimeError(run.stderr)
        return run.stdout
