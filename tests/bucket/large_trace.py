"""
A trace of text that does not pack, so that the object of its segment is as large as it.
"""
import base64
import json
import random
import tempfile

from buckets import SEED, run_of, trace_id

TEXT_BYTES = 3 << 20  # of a span


def send(place, store, t, mib):
    """Imports run @t, which has about @mib MiB when it is packed: letters of 6 bits each."""
    run = run_of(t, -(-mib * 4 // 9), 0)
    scope = run["resourceSpans"][0]["scopeSpans"][0]
    spans = scope["spans"]
    r = random.Random(SEED + t)
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", dir=place.dir) as f:
        for span in spans:  # a line each: a line has a limit
            span["attributes"][2]["value"]["stringValue"] = base64.b64encode(r.randbytes(TEXT_BYTES * 3 // 4)).decode()
            scope["spans"] = [span]
            f.write(json.dumps(run) + "\n")
        f.flush()
        place.clew(store, "import", f.name)


def is_there(place, url, store, t):
    """It is read back, from the bucket alone, as the store has it."""
    right = place.clew(store, "export", trace_id(t), "--format", "otlp")
    assert len(right) > 8 * TEXT_BYTES
    assert place.clew(url, "export", trace_id(t), "--format", "otlp") == right
