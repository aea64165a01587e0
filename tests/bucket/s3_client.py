"""
A few requests to an S3 store, signed by Python's own hmac: what a test does to a bucket that the programs under test never do (making it), and
what it looks at beside them (which objects there are).
"""
import datetime
import hashlib
import hmac
import http.client
import re
import urllib.parse
import xml.etree.ElementTree


class Client:
    def __init__(self, port, key, secret, region):
        self.port, self.key, self.secret, self.region = port, key, secret, region

    def request(self, *asked, **more):
        """(status, body)"""
        return self.exchange(*asked, **more)[:2]

    def exchange(self, method, path, query=None, body=b"", headers=None):
        """(status, body, headers)"""
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp, day, digest = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}", hashlib.sha256(body).hexdigest()
        quoted = urllib.parse.quote(path, "/-_.~")
        text = "&".join(f"{urllib.parse.quote(k, '-_.~')}={urllib.parse.quote(v, '-_.~')}" for k, v in sorted((query or {}).items()))
        signed = {"host": f"127.0.0.1:{self.port}", "x-amz-content-sha256": digest, "x-amz-date": stamp, **(headers or {})}
        names = ";".join(sorted(signed))
        canonical = "\n".join([method, quoted, text, *(f"{n}:{signed[n]}" for n in sorted(signed)), "", names, digest])
        scope = f"{day}/{self.region}/s3/aws4_request"
        step = ("AWS4" + self.secret).encode()
        for part in (day, self.region, "s3", "aws4_request"):
            step = hmac.new(step, part.encode(), hashlib.sha256).digest()
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        sign = hmac.new(step, to_sign.encode(), hashlib.sha256).hexdigest()
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        c.request(method, quoted + (f"?{text}" if text else ""), body, {
            **signed, "Authorization": f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders={names}, Signature={sign}"})
        answer = c.getresponse()
        found = answer.status, answer.read(), answer.headers
        c.close()
        return found

    def make_bucket(self, bucket):
        status, body = self.request("PUT", f"/{bucket}")
        assert status in (200, 201, 204), (status, body)

    def objects(self, bucket, prefix):
        """{key: size}"""
        found, after = {}, ""
        while True:
            query = {"list-type": "2", "prefix": prefix, **({"start-after": after} if after else {})}
            status, body = self.request("GET", f"/{bucket}", query)
            assert status == 200, (status, body)
            tree = xml.etree.ElementTree.fromstring(body)
            space = tree.tag.split("}")[0] + "}" if "}" in tree.tag else ""
            page = {e.findtext(f"{space}Key"): int(e.findtext(f"{space}Size")) for e in tree.iter(f"{space}Contents")}
            found.update(page)
            if tree.findtext(f"{space}IsTruncated") != "true" or not page:
                return found
            after = max(page)

    def uploads(self, bucket, prefix):
        """Keys of uploads in parts that were begun and not completed."""
        status, body = self.request("GET", f"/{bucket}", {"uploads": "", "prefix": prefix})
        assert status == 200, (status, body)
        return re.findall("<Upload>.*?<Key>(.*?)</Key>", body.decode(), re.S)

    def get(self, bucket, key):
        status, body = self.request("GET", f"/{bucket}/{key}")
        assert status == 200, (key, status, body[:300])
        return body

    def put(self, bucket, key, body):
        status, answer = self.request("PUT", f"/{bucket}/{key}", body=body)
        assert status in (200, 201, 204), (key, status, answer)

    def delete(self, bucket, key):
        status, answer = self.request("DELETE", f"/{bucket}/{key}")
        assert status in (200, 204, 404), (key, status, answer)
