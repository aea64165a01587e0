"""
A Ceph cluster on this machine's loopback, of Debian's packages: one monitor, one manager, three OSDs (three copies, two to go on) and
two gateways that speak S3. All daemons run in the foreground as children, in a directory of their own, and die with it. No systemd, no
root file system touched; about 1.1 GB resident.

Needs: ceph-mon ceph-mgr ceph-osd radosgw ceph-common (no recommends).
"""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid

import s3_client

PROGRAMS = ("ceph-mon", "ceph-mgr", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool")
KEY, SECRET = "clewtest", "clewsecretclewsecret"
OSDS, GATEWAYS = 3, 2


def missing():
    """What is not installed, or nothing."""
    return [p for p in PROGRAMS if not shutil.which(p)]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Ceph:
    name = "Ceph"
    region = "default"

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="clew-ceph-")
        self.conf = f"{self.dir}/ceph.conf"
        self.running = {}
        self.starts = 0
        self.environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "default"}
        self.fsid = str(uuid.uuid4())
        self.osds = [str(uuid.uuid4()) for _ in range(OSDS)]
        self.ports = [free_port() for _ in range(GATEWAYS)]
        self.mon_port = free_port()

    # ---- starting ----

    def write_conf(self):
        gateways = "".join(f"""
[client.rgw.{i}]
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw dns name =
ms mon client mode = crc
rgw thread pool size = 64
""" for i, port in enumerate(self.ports))
        with open(self.conf, "w", encoding="ascii") as f:
            f.write(f"""[global]
fsid = {self.fsid}
mon host = [v1:127.0.0.1:{self.mon_port}]
auth cluster required = none
auth service required = none
auth client required = none
ms bind msgr2 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = {self.dir}/run
admin socket = {self.dir}/run/$cluster-$name.asok
log file = {self.dir}/log/$name.log
mon cluster log file = {self.dir}/log/cluster.log
pid file =
osd pool default size = {OSDS}
osd pool default min size = 2
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon max pg per osd = 1000
mon allow pool delete = true
mon data = {self.dir}/mon
mon data avail warn = 1
mon data avail crit = 1
mgr data = {self.dir}/mgr
osd data = {self.dir}/osd.$id
osd objectstore = bluestore
bluestore block size = 6442450944
bluestore block create = true
osd memory target = 939524096
osd heartbeat grace = 6
osd heartbeat interval = 1
mon osd min down reporters = 1
osd max object name len = 256
osd max object namespace len = 64
mgr initial modules =
{gateways}""")

    def tool(self, *argv, timeout=120):
        """What a tool of Ceph's prints. `ceph` asks its monitor first which commands there are; when that has not told it the cluster's id by
        then, as on a loaded machine, the monitor refuses it (EPERM) before any command was sent: it is asked again."""
        end = time.monotonic() + timeout
        while True:
            done = subprocess.run([argv[0], "-c", self.conf, *argv[1:]], capture_output=True, text=True, timeout=timeout, check=False)
            if not done.returncode or "problem getting command descriptions" not in done.stderr or time.monotonic() > end:
                break
            time.sleep(1)
        if done.returncode:
            raise AssertionError(f"{' '.join(argv)}: {done.stderr.strip()[-600:]}")
        return done.stdout

    def start(self, name, *argv):
        with open(f"{self.dir}/log/{name}.out", "ab") as out:
            self.running[name] = subprocess.Popen([argv[0], "-c", self.conf, "-f", *argv[1:]], stdin=subprocess.DEVNULL, stdout=out,
                                                  stderr=subprocess.STDOUT, start_new_session=True)

    def start_osd(self, i):
        self.start(f"osd.{i}", "ceph-osd", "-i", str(i))

    def start_gateway(self, i):
        self.start(f"rgw.{i}", "radosgw", "-n", f"client.rgw.{i}")

    def up(self):
        for name in ("run", "log", "mon", "mgr"):
            os.mkdir(f"{self.dir}/{name}")
        self.write_conf()
        subprocess.run(["monmaptool", "--create", "--addv", "a", f"[v1:127.0.0.1:{self.mon_port}]", "--fsid", self.fsid,
                        f"{self.dir}/monmap"], check=True, capture_output=True)
        self.tool("ceph-mon", "--mkfs", "-i", "a", "--monmap", f"{self.dir}/monmap")
        self.start("mon", "ceph-mon", "-i", "a")
        self.start("mgr", "ceph-mgr", "-i", "a")
        for i, osd in enumerate(self.osds):
            self.tool("ceph", "osd", "new", osd)
            os.mkdir(f"{self.dir}/osd.{i}")
            self.tool("ceph-osd", "-i", str(i), "--mkfs", "--osd-uuid", osd)
            self.start_osd(i)
        self.wait_for_osds(OSDS)
        self.tool("radosgw-admin", "user", "create", "--uid=t", "--display-name=t", f"--access-key={KEY}", f"--secret-key={SECRET}")
        for i in range(GATEWAYS):
            self.start_gateway(i)
        for i in range(GATEWAYS):
            self.wait_for_gateway(i)
        return self

    def last_words(self, name):
        with open(f"{self.dir}/log/{name}.out", encoding="utf-8", errors="replace") as f:
            return f"{name} has ended: {f.read()[-1500:]}"

    def again(self, name):
        """On a busy machine an OSD may be let in before it has the monitor's map, and then ends itself: 'wrong fsid'."""
        words = self.last_words(name)
        assert name.startswith("osd.") and "wrong fsid" in words and self.starts < 20, words
        self.starts += 1
        self.running.pop(name)
        self.start_osd(int(name[4:]))

    def wait_for_osds(self, n, seconds=300):
        end = time.monotonic() + seconds
        told = ""
        while f"{n} up" not in told:
            assert time.monotonic() < end, told
            for name, p in list(self.running.items()):
                if p.poll() is not None:
                    self.again(name)
            time.sleep(0.5)
            try:
                told = self.tool("ceph", "osd", "stat")
            except AssertionError as e:  # a monitor that is still choosing itself
                told = str(e)

    def wait_for_gateway(self, i, seconds=300):
        end = time.monotonic() + seconds
        while True:
            assert self.running[f"rgw.{i}"].poll() is None, self.last_words(f"rgw.{i}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.ports[i]}/", timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                assert time.monotonic() < end, "the gateway does not answer"
                time.sleep(0.5)

    # ---- use ----

    def url(self, prefix="p", gateway=0, bucket="traces", port=None, timeout=20):
        return f"s3://{bucket}/{prefix}?endpoint=http://127.0.0.1:{port or self.ports[gateway]}&region=default&timeout={timeout}"

    def make_bucket(self, bucket="traces"):
        s3_client.Client(self.ports[0], KEY, SECRET, self.region).make_bucket(bucket)

    def kill_gateway(self, i):
        self.kill(f"rgw.{i}")

    def disturb(self, i):
        """Between the rounds of a campaign: an OSD goes and comes back."""
        if i % 4 == 2:
            self.kill(f"osd.{i % OSDS}")
        elif i % 4 == 0 and i > 0:
            for osd in range(OSDS):
                if f"osd.{osd}" not in self.running:
                    self.start_osd(osd)

    def set_full(self, full):
        """Nothing more may be written, or all is as before."""
        ratios = (0.0001, 0.0002, 0.0003) if full else (0.85, 0.90, 0.95)
        order = ("set-nearfull-ratio", "set-backfillfull-ratio", "set-full-ratio")
        for what, ratio in list(zip(order, ratios))[::1 if full else -1]:
            self.tool("ceph", "osd", what, str(ratio))

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
