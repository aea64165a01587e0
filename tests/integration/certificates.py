"""
An authority and certificates that it signs, for tests that speak TLS.
"""
import os
import ssl
import subprocess


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True, timeout=60)


class Certificates:
    """An authority, and certificates that it signs."""

    def __init__(self, directory):
        self.directory = directory
        self.ca = self.path("ca.pem")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.path("ca.key"), "-out", self.ca, "-days", "2",
                "-subj", "/CN=test authority")

    def path(self, name):
        return os.path.join(self.directory, name)

    def make(self, name, names="DNS:localhost,IP:127.0.0.1", key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        config = self.path(name + ".cnf")
        with open(config, "w", encoding="ascii") as file:
            file.write("subjectAltName=" + names + "\n")
        openssl("req", "-newkey", *key, "-nodes", "-keyout", self.path(name + ".key"), "-out", self.path(name + ".csr"), "-subj", "/CN=" + name)
        openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.ca, "-CAkey", self.path("ca.key"), "-CAcreateserial", "-days", "2",
                "-extfile", config, "-out", self.path(name + ".pem"))
        return self.path(name + ".pem"), self.path(name + ".key")

    def context(self, client=None, **options):
        context = ssl.create_default_context(cafile=self.ca)
        if client:
            context.load_cert_chain(*client)
        for name, value in options.items():
            setattr(context, name, value)
        return context
