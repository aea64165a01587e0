"""
What is asked of every real engine: the bucket's contract, writers that number through two gateways while one is killed and answers are
lost, and the whole programs: a node that is wiped and started empty answers like the one before, and under faults and kills nothing
that was acknowledged is lost. A program sets `engine` and gives `tests()` to the harness.
"""
import os
import signal
import subprocess
import threading
import time

import fault_proxy
import harness
import objects_check
import s3_client
from buckets import SEED, Place, answers, assert_equal, same_everywhere, trace_id, wait_synced

DRIVER = os.path.join(harness.BUILD, "tests", "bucket", "bucket-driver")
# Spans of the campaign.
SPANS = int(os.environ.get("CLEW_TEST_SPANS", "100000"))
SPANS_OF_A_RUN = 40
engine = None


def surroundings(**more):
    return {**{k: v for k, v in os.environ.items() if not k.startswith("AWS_")}, "AWS_EC2_METADATA_DISABLED": "true",
            **engine.environment, **more}


def driver(*args, timeout=300):
    done = subprocess.run([DRIVER, *args], env=surroundings(), capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(url, words, **more):
    done = subprocess.run([DRIVER, "probe", url], env=surroundings(**more), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1 and words in done.stdout, done.stdout


def client():
    return s3_client.Client(engine.ports[0], engine.environment["AWS_ACCESS_KEY_ID"], engine.environment["AWS_SECRET_ACCESS_KEY"],
                            engine.region)


def numbered(urls, each, disturb=lambda: None):
    """One writer for each URL; each number is one writer's, and what is there is what that one wrote."""
    running = [subprocess.Popen([DRIVER, "number", url, f"w{i}", str(each)], env=surroundings(), stdout=subprocess.PIPE, text=True)
               for i, url in enumerate(urls)]
    helper = threading.Thread(target=disturb)
    helper.start()
    owner, texts = {}, []
    try:
        texts = [p.communicate(timeout=400)[0] for p in running]
    finally:
        helper.join()
        for p in running:
            if p.poll() is None:
                p.kill()
                p.wait()
    for i, (p, text) in enumerate(zip(running, texts)):
        assert p.returncode == 0, text
        for n in text.split():
            assert n not in owner, f"number {n} was made by w{i} and by {owner[n]}"
            owner[n] = f"w{i}"
    assert sorted(map(int, owner)) == list(range(1, len(urls) * each + 1))
    prefix = urls[0].split("?")[0].rsplit("/", 1)[1]
    for n, who in owner.items():
        assert client().get("traces", f"{prefix}/log/{int(n):020d}").decode() == f"{who} {n}"


def restart_a_gateway():
    engine.kill_gateway(0)
    time.sleep(1)
    engine.start_gateway(0)
    engine.wait_for_gateway(0)


# ---- the bucket ------------------------------------------------------------------------------------------------------------------


def test_a_missing_bucket_is_told():
    refused(engine.url(), "there is no bucket traces")
    engine.make_bucket()


def test_the_contract_holds():
    driver("contract", engine.url("c"), timeout=400)


def test_a_wrong_secret_is_told():
    refused(engine.url(), "SignatureDoesNotMatch", AWS_SECRET_ACCESS_KEY="other")


def test_a_wrong_key_is_told():
    refused(engine.url(), "InvalidAccessKeyId", AWS_ACCESS_KEY_ID="nobody")


def test_writers_number_through_two_gateways():
    numbered([engine.url("n", i % 2) for i in range(4)], 50)


def test_a_gateway_is_killed_meanwhile():
    def disturb():
        time.sleep(0.5)
        restart_a_gateway()

    numbered([engine.url("k", i % 2) for i in range(4)], 100, disturb)


def test_answers_are_lost_between():
    with fault_proxy.FaultProxy(engine.ports[0], SEED) as a, fault_proxy.FaultProxy(engine.ports[1], SEED + 1) as b:
        numbered([engine.url("f", port=p.port, timeout=5) for p in (a, b, a, b)], 20)
        print(f"# {a.requests + b.requests} requests, faults: {a.done} {b.done}")


# ---- the programs ----------------------------------------------------------------------------------------------------------------


def test_a_wiped_node_answers_like_the_one_before():
    with Place(engine.environment) as p:
        same_everywhere(p, engine.url("wiped"))
    print("# {} segments in {} objects in the bucket".format(*objects_check.check_objects(client(), "traces", "wiped")))


def test_a_gateway_that_dies_delays_nothing_but_uploads():
    with Place(engine.environment) as p:
        store, url = p.path("a"), engine.url("gone", timeout=2)
        ledger = objects_check.Ledger()
        with p.clewd(store, url, "--http", "127.0.0.1:0") as c:
            engine.kill_gateway(0)
            assert all(ledger.send(c.http, t, 4) for t in range(20))
            c.wait_for("objects.failed", 40)
            assert trace_id(3) in p.clew(store, "list", "--since", "all", "--json")
            engine.start_gateway(0)
            engine.wait_for_gateway(0)
            c.wait_for("objects.uploaded", 90)
            wait_synced(p, c, store, url, range(20))
            assert (code := c.stop()) == 0, f"{code}: {c.tail}"
        print("# " + objects_check.check_all(p, store, engine.url("gone", 1), ledger, client(), "traces", "gone"))


def test_a_sleeper_writes_nothing_after_a_take_over():
    with Place(engine.environment) as p:
        store, fresh, url = p.path("a"), p.path("b"), engine.url("slept", timeout=5)
        p.send(store, 0, 12)
        with p.clewd(store, url) as a:
            wait_synced(p, a, store, url, range(12))
            p.send(store, 100, 4)
            a.process.send_signal(signal.SIGSTOP)
            with p.clewd(fresh, url) as b:
                p.send(fresh, 200, 4)
                wait_synced(p, b, fresh, url, range(12))
                a.process.send_signal(signal.SIGCONT)
                a.wait_for("objects.taken-over", 60)
                assert b.stop() == 0
            assert a.stop() == 0
        right = answers(p, fresh, range(12))
        assert_equal(right, answers(p, url, range(12)))
        listed = p.clew(url, "list", "--since", "all", "-n", "1000", "--json")
        assert trace_id(200) in listed and trace_id(100) not in listed
        assert trace_id(100) in p.clew(store, "list", "--since", "all", "-n", "1000", "--json")


def test_nothing_acknowledged_is_lost_under_faults_and_kills():
    def disturb(i):
        if i % 3 == 1:
            restart_a_gateway()
        engine.disturb(i)

    rounds, each = 10, max(20, SPANS // SPANS_OF_A_RUN // 10)
    ledger = objects_check.Ledger()
    began = time.monotonic()
    with Place(engine.environment) as p, fault_proxy.FaultProxy(engine.ports[0], SEED, rate=0.15, delay=0.2) as proxy:
        store, (shown, told) = objects_check.campaign(p, engine.url("camp", port=proxy.port, timeout=4), engine.url("camp", 1), ledger,
                                                      rounds, each, SEED, disturb, SPANS_OF_A_RUN)
        print(f"# {proxy.requests} requests, faults: {proxy.done}; {shown} traces shown, {told} told to be away, {time.monotonic() - began:.0f} s")
        print("# " + objects_check.check_all(p, store, engine.url("camp", 1), ledger, client(), "traces", "camp"))


def run(module):
    """The harness's verdict over the engine's own tests and these."""
    import engine_erased  # they ask this module for the engine
    import engine_many
    import engine_parts
    for cases in (globals(), vars(engine_many), vars(engine_erased), vars(engine_parts)):
        for name, fn in list(cases.items()):
            if name.startswith("test_") and not hasattr(module, name):
                setattr(module, name, fn)
    return harness.run_tests(module)
