"""
A small S3 store in memory for tests, and a metadata service of a cloud machine. It reads the protocol by itself: signatures are
computed anew with Python's own hmac, so client and store cannot be wrong in the same way.

It does what the tests ask of a store: PUT with If-None-Match, ranges, lists, deletes, uploads in parts, errors as S3 words them.
`conditions=False` makes it a store that takes the condition and ignores it, as some do, `parts` is what it knows of parts.
"""
import datetime
import hashlib
import hmac
import http.server
import json
import threading
import urllib.parse
import xml.etree.ElementTree
from xml.sax.saxutils import escape


class Store(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, bucket="traces", key="clewtest", secret="clewsecret", token=None, region="us-east-1", conditions=True,
                 context=None, skew=0, parts="all"):
        super().__init__(("127.0.0.1", 0), Handler)
        self.bucket, self.key, self.secret, self.token, self.region = bucket, key, secret, token, region
        self.conditions, self.skew = conditions, skew
        # all; none: a store without parts; unconditional: completing with a condition is refused, as one that it does not know
        self.parts, self.uploads, self.n_uploads = parts, {}, 0  # id -> (key, {number: bytes})
        self.on_complete = None  # a function of (key, body) -> what else to answer, or None
        self.objects, self.lock, self.requests, self.page = {}, threading.Lock(), [], 1000
        self.connections = 0
        self.corrupt = None  # a function of (key, bytes) -> bytes
        self.on_get = None  # a function of (key, range), which looks on
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def process_request(self, request, client_address):
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, *_):
        pass  # a client that goes away is one of the tests

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def url(self, prefix="p", port=None, **more):
        more = "".join(f"&{k}={v}" for k, v in more.items())
        return f"s3://{self.bucket}/{prefix}?endpoint=http://127.0.0.1:{port or self.port}{more}"

    @property
    def environment(self):
        found = {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_EC2_METADATA_DISABLED": "true"}
        if self.token:
            found["AWS_SESSION_TOKEN"] = self.token
        return found


def quote(text, safe="-_.~"):
    return urllib.parse.quote(text, safe=safe)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code, more="", **headers):
        text = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>told by a test</Message>{more}</Error>'
        self.answer(status, text.encode(), **headers)

    def signature(self, body):
        """What it should be, or None when it is not one of ours."""
        given = self.headers.get("authorization", "")
        if not given.startswith("AWS4-HMAC-SHA256 "):
            return None, None
        parts = dict(p.strip().split("=", 1) for p in given[len("AWS4-HMAC-SHA256 "):].split(","))
        key, day, region, service, _ = parts["Credential"].split("/")
        names = parts["SignedHeaders"].split(";")
        split = urllib.parse.urlsplit(self.path)
        query = "&".join(f"{quote(k)}={quote(v)}" for k, v in sorted(urllib.parse.parse_qsl(split.query, keep_blank_values=True)))
        canonical = "\n".join([self.command, quote(urllib.parse.unquote(split.path), "/-_.~"), query,
                               *(f"{n}:{' '.join(self.headers[n].split())}" for n in names), "", ";".join(names),
                               hashlib.sha256(body).hexdigest()])
        scope = f"{day}/{region}/{service}/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", self.headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
        step = ("AWS4" + self.server.secret).encode()
        for part in (day, region, service, "aws4_request"):
            step = hmac.new(step, part.encode(), hashlib.sha256).digest()
        right = hmac.new(step, text.encode(), hashlib.sha256).hexdigest()
        return (key, region), right == parts["Signature"] and {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names)

    def refused(self, body):
        """Answers a request that is not let in; returns whether it was one."""
        s = self.server
        who, good = self.signature(body)
        if not who or who[0] != s.key:
            return self.error(403, "InvalidAccessKeyId") or True
        sent = datetime.datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=s.skew)
        if abs((now - sent).total_seconds()) > 900:
            return self.error(403, "RequestTimeTooSkewed", f"<ServerTime>{now:%Y-%m-%dT%H:%M:%SZ}</ServerTime>") or True
        if who[1] != s.region:
            return self.error(400, "AuthorizationHeaderMalformed", f"<Region>{s.region}</Region>") or True
        if not good or self.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return self.error(403, "SignatureDoesNotMatch") or True
        if s.token and self.headers.get("x-amz-security-token") != s.token:
            return self.error(400, "InvalidToken") or True
        return False

    def place(self):
        """(bucket, key), in either style."""
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)[1:]
        host = self.headers["host"].split(":")[0]
        if host.startswith(self.server.bucket + "."):
            return self.server.bucket, path
        return (path.split("/", 1) + [""])[:2]

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        s = self.server
        s.requests.append((self.command, self.path))
        if self.refused(body):
            return
        bucket, key = self.place()
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query, keep_blank_values=True))
        if bucket != s.bucket:
            self.error(404, "NoSuchBucket")
        elif "uploads" in query or "uploadId" in query:
            self.parts(key, query, body)
        elif self.command == "PUT":
            self.put(key, body)
        elif self.command == "DELETE":
            with s.lock:
                s.objects.pop(key, None)
            self.answer(204)
        elif key:
            self.get(key)
        else:
            self.list()

    do_PUT = do_POST = do_GET = do_DELETE = handle_any

    def parts(self, key, query, body):
        """Requests of uploads in parts."""
        s, upload = self.server, query.get("uploadId")
        if s.parts == "none":
            return self.error(501, "NotImplemented")
        if not upload:
            return self.list_uploads(query) if self.command == "GET" else self.begin_upload(key)
        with s.lock:
            if upload not in s.uploads or s.uploads[upload][0] != key:
                return self.error(404, "NoSuchUpload")
            if self.command == "DELETE":
                del s.uploads[upload]
                return self.answer(204)
            if self.command == "PUT":
                s.uploads[upload][1][int(query["partNumber"])] = body
                return self.answer(200, ETag=f'"{hashlib.md5(body).hexdigest()}"')
        return self.complete(key, upload, body)

    def begin_upload(self, key):
        s = self.server
        with s.lock:
            s.n_uploads += 1
            upload = f"up/{s.n_uploads}+load&"
            s.uploads[upload] = key, {}
        self.answer(200, f"<InitiateMultipartUploadResult><Bucket>{s.bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{escape(upload)}"
                    "</UploadId></InitiateMultipartUploadResult>".encode())

    def list_uploads(self, query):
        s = self.server
        with s.lock:
            found = sorted((k, u) for u, (k, _) in s.uploads.items() if k.startswith(query.get("prefix", "")))
        items = "".join(f"<Upload><Key>{escape(k)}</Key><UploadId>{escape(u)}</UploadId></Upload>" for k, u in found[:s.page])
        self.answer(200, f"<ListMultipartUploadsResult><IsTruncated>{str(len(found) > s.page).lower()}</IsTruncated>{items}"
                    "</ListMultipartUploadsResult>".encode())

    def complete(self, key, upload, body):
        s = self.server
        condition = self.headers.get("if-none-match")
        if condition and s.parts == "unconditional":
            return self.error(501, "NotImplemented")
        asked = [(int(p.findtext("PartNumber")), p.findtext("ETag")) for p in xml.etree.ElementTree.fromstring(body)]
        other = s.on_complete and s.on_complete(key, upload)
        if other:
            return self.answer(*other)
        with s.lock:
            if upload not in s.uploads:
                return self.error(404, "NoSuchUpload")
            there = s.uploads[upload][1]
            if [n for n, _ in asked] != list(range(1, len(asked) + 1)) or any(
                    n not in there or tag != f'"{hashlib.md5(there[n]).hexdigest()}"' for n, tag in asked):
                return self.error(400, "InvalidPart")
            if s.conditions and condition == "*" and key in s.objects:
                return self.error(412, "PreconditionFailed")
            s.objects[key] = b"".join(there[n] for n, _ in asked)
            del s.uploads[upload]
        return self.answer(200, b"  <CompleteMultipartUploadResult><ETag>&quot;x-2&quot;</ETag></CompleteMultipartUploadResult>")

    def put(self, key, body):
        s = self.server
        with s.lock:
            taken = s.conditions and self.headers.get("if-none-match") == "*" and key in s.objects
            if not taken:
                s.objects[key] = body
        self.error(412, "PreconditionFailed") if taken else self.answer(200, ETag='"0"')

    def get(self, key):
        s = self.server
        body = s.objects.get(key)
        if body is None:
            return self.error(404, "NoSuchKey")
        if s.corrupt:
            body = s.corrupt(key, body)
        wanted = self.headers.get("range")
        if s.on_get:
            s.on_get(key, wanted)
        if not wanted:
            return self.answer(200, body)
        first, last = (int(v) for v in wanted[len("bytes="):].split("-"))
        if first >= len(body):
            return self.error(416, "InvalidRange", Content_Range=f"bytes */{len(body)}")
        last = min(last, len(body) - 1)
        return self.answer(206, body[first:last + 1], Content_Range=f"bytes {first}-{last}/{len(body)}")

    def list(self):
        q = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        with self.server.lock:
            keys = sorted(k for k in self.server.objects if k.startswith(q.get("prefix", "")) and k > q.get("start-after", ""))
            sizes = {k: len(self.server.objects[k]) for k in keys}
        more = len(keys) > self.server.page
        items = "".join(f"<Contents><Key>{escape(k)}</Key><Size>{sizes[k]}</Size></Contents>" for k in keys[:self.server.page])
        self.answer(200, ('<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                          f"<IsTruncated>{str(more).lower()}</IsTruncated>{items}</ListBucketResult>").encode())


class Metadata(http.server.ThreadingHTTPServer):
    """The service of version 2: a token first, then the role, then its key."""
    daemon_threads = True

    def __init__(self, store):
        outer = self
        self.asked = []

        class Answers(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def say(self, status, text):
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_PUT(self):
                outer.asked.append("token")
                good = self.path == "/latest/api/token" and self.headers.get("x-aws-ec2-metadata-token-ttl-seconds")
                self.say(200 if good else 400, "t0ken" if good else "")

            def do_GET(self):
                outer.asked.append(self.path)
                base = "/latest/meta-data/iam/security-credentials/"
                end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=6)
                if self.headers.get("x-aws-ec2-metadata-token") != "t0ken":
                    self.say(401, "")
                elif self.path == base:
                    self.say(200, "reader\n")
                elif self.path == base + "reader":
                    self.say(200, json.dumps({"Code": "Success", "AccessKeyId": store.key, "SecretAccessKey": store.secret,
                                              "Token": store.token, "Expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}"}))
                else:
                    self.say(404, "")

        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
