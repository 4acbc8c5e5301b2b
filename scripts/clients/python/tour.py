#!/usr/bin/env python3
"""A tour of the Redis protocol with redis-py, against a running server.

Where the server is, is told by scripts/test-clients.sh in variables TOUR_*. A step is a
function whose name begins with step_; the first that fails ends the tour.
"""

import os
import threading
import time

import redis
from expect import PATIENCE, await_message, check, fails, take_steps
from redis.backoff import NoBackoff
from redis.retry import Retry

PORT = int(os.environ["TOUR_PORT"])
TLS_PORT = int(os.environ["TOUR_TLS_PORT"])
CERTIFICATE = os.environ["TOUR_CERTIFICATE"]
SOCKET = os.environ["TOUR_SOCKET"]


def connect(**options):
    return redis.Redis(host="127.0.0.1", port=PORT, socket_timeout=PATIENCE, **options)


def step_strings(r):
    check(r.set("greeting", "hello"), True)
    check(r.get("greeting"), b"hello")
    check(r.set("greeting", "other", nx=True), None)
    check(r.set("greeting", "HELLO", xx=True, get=True), b"hello")
    check(r.append("greeting", " world"), 11)
    check(r.getrange("greeting", -5, -1), b"world")
    check(r.setrange("greeting", 0, "J"), 11)
    check(r.strlen("greeting"), 11)
    check(r.mset({"a": 1, "b": 2}), True)
    check(r.mget("a", "none", "b"), [b"1", None, b"2"])
    check(r.msetnx({"b": 3, "c": 3}), False)
    check(r.incrby("a", 41), 42)
    check(r.decr("a"), 41)
    check(r.incrbyfloat("b", 0.5), 2.5)
    check(r.getdel("a"), b"41")
    check(r.exists("a", "b"), 1)
    check(r.rename("b", "renamed"), True)
    check(r.copy("renamed", "copied"), True)
    check(r.type("copied"), b"string")
    check(r.lcs("greeting", "copied", len=True), 0)
    check(r.restore("restored", 0, r.dump("greeting")), b"OK")
    check(r.get("restored"), b"JELLO world")
    check(r.unlink("restored", "none"), 1)


def step_bits(r):
    check(r.setbit("bits", 7, 1), 0)
    check(r.getbit("bits", 7), 1)
    check(r.bitcount("bits"), 1)
    check(r.bitpos("bits", 1), 7)
    check(r.set("mask", b"\x03"), True)
    check(r.bitop("AND", "both", "bits", "mask"), 1)
    check(r.get("both"), b"\x01")
    field = r.bitfield("field", default_overflow="SAT")
    check(field.set("u8", 0, 250).incrby("u8", 0, 10).get("u4", 0).execute(), [0, 255, 15])


def step_expiry(r):
    check(r.set("short", "v", px=30), True)
    check(r.set("long", "v", ex=100), True)
    check(0 < r.ttl("long") <= 100, True)
    check(r.expire("long", 50, gt=True), False)
    check(r.persist("long"), True)
    check(r.ttl("long"), -1)
    check(r.expireat("long", 4102444800), True)
    check(r.expiretime("long"), 4102444800)
    check(r.getex("long", persist=True), b"v")
    time.sleep(0.05)
    check(r.get("short"), None)
    check(r.ttl("short"), -2)


def step_scan(r):
    with r.pipeline(transaction=False) as pipe:
        for i in range(2000):
            pipe.set(f"scan:{i:04}", i)
        check(pipe.execute(), [True] * 2000)
    found = list(r.scan_iter(match="scan:1*", count=37, _type="string"))
    check(found, [b"scan:%04d" % i for i in range(1000, 2000)])
    check(len(r.keys("scan:0*")), 1000)


def step_transactions(r):
    with r.pipeline() as pipe:
        check(pipe.set("tx", 1).incr("tx").get("tx").execute(), [True, 2, b"2"])
    with r.pipeline() as pipe:
        pipe.watch("tx")
        r.set("tx", 10)
        pipe.multi()
        pipe.set("tx", int(pipe.connection is not None))
        fails(pipe.execute, redis.WatchError, "Watched variable changed")
    check(r.get("tx"), b"10")

    def add_five(pipe):
        value = int(pipe.get("tx"))
        pipe.multi()
        pipe.set("tx", value + 5)

    check(r.transaction(add_five, "tx"), [True])
    check(r.get("tx"), b"15")
    with r.pipeline() as pipe:
        pipe.set("tx", "word").incr("tx").set("after", "v")
        fails(pipe.execute, redis.ResponseError, "value is not an integer")
    check(r.mget("tx", "after"), [b"word", b"v"])  # as in Redis, the others are done
    with r.pipeline() as pipe:
        pipe.set("lost", 1)
        pipe.execute_command("NOSUCH")
        fails(pipe.execute, redis.ResponseError, "unknown command")
    check(r.exists("lost"), 0)


def step_pipelines(r):
    with r.pipeline(transaction=False) as pipe:
        for i in range(10_000):
            pipe.set(f"pipe:{i}", i)
            pipe.get(f"pipe:{i}")
            pipe.incr("pipe:count")
        replies = pipe.execute()
    check(replies[1::3], [b"%d" % i for i in range(10_000)])
    check(replies[-1], 10_000)


def step_messages(r):
    subscriber = r.pubsub()
    subscriber.subscribe("news")
    subscriber.psubscribe("n?ws", "other*")
    for _ in range(2):
        await_message(subscriber, "psubscribe")
    check(r.pubsub_numsub("news"), [(b"news", 1)])
    check(r.pubsub_numpat(), 2)
    check(r.publish("news", b"\x00binary\xff"), 2)
    check(await_message(subscriber, "message")["data"], b"\x00binary\xff")
    check(await_message(subscriber, "pmessage")["pattern"], b"n?ws")
    subscriber.unsubscribe("news")
    await_message(subscriber, "unsubscribe")
    check(r.publish("news", "again"), 1)
    check(subscriber.ping(), None)
    await_message(subscriber, "pong")
    subscriber.close()


def step_keyspace_notifications(r):
    r.config_set("notify-keyspace-events", "KEA")
    subscriber = r.pubsub()
    subscriber.psubscribe("__keyevent@0__:*")
    await_message(subscriber, "psubscribe")
    r.set("noted", "v", px=20)
    events = []
    while b"__keyevent@0__:expired" not in events:
        events.append(await_message(subscriber, "pmessage")["channel"])
    check(events[:2], [b"__keyevent@0__:set", b"__keyevent@0__:expire"])
    subscriber.close()
    r.config_set("notify-keyspace-events", "")


def step_databases(r):
    with connect(db=3) as other:
        check(other.set("only", "here"), True)
        check(r.exists("only"), 0)
        check(other.move("only", 0), True)
        check(r.get("only"), b"here")
        check(other.flushdb(), True)


def step_large_and_binary(r):
    large = os.urandom(16 << 20)
    check(r.set("large", large), True)
    check(r.get("large") == large, True)
    check(r.getrange("large", 1000, 1999) == large[1000:2000], True)
    every = bytes(range(256))
    check(r.set(every, every), True)
    check(r.get(every), every)
    check(r.set("empty", ""), True)
    check(r.get("empty"), b"")
    r.delete("large")


def step_errors(r):
    fails(lambda: r.incr("greeting"), redis.ResponseError, "value is not an integer or out of range")
    fails(lambda: r.execute_command("NOSUCH", "x"), redis.ResponseError, "unknown command")
    fails(lambda: r.execute_command("GET"), redis.ResponseError, "wrong number of arguments")
    fails(lambda: r.execute_command("SET", "k", "v", "EX", "0"), redis.ResponseError, "invalid expire time")
    fails(lambda: r.execute_command("SET", "k", "v", "WHAT"), redis.ResponseError, "syntax error")
    fails(lambda: r.lpush("list", 1), redis.ResponseError, "unknown command")
    check(r.ping(), True)


def step_clients(r):
    with connect(client_name="tour") as named:
        check(named.client_getname(), "tour")
        listed = [c for c in r.client_list() if c["name"] == "tour"]
        check([c["id"] for c in listed], [str(named.client_id())])
        check(named.client_info()["name"], "tour")
        check(r.client_kill_filter(_id=listed[0]["id"]), 1)
        check(named.get("greeting"), b"JELLO world")  # by a new connection


def step_introspection(r):
    r.set("tx:count", 7)
    info = r.info()
    check(info["redis_mode"], "standalone")
    check(info["tcp_port"] >= 0 and info["connected_clients"] >= 1, True)
    check(info["db0"]["keys"], r.dbsize())
    check(r.command_count() > 50, True)
    found = r.command_getkeys("MSET", "a", 1, "b", 2)  # which redis-py decodes, or not
    check([key if isinstance(key, bytes) else key.encode() for key in found], [b"a", b"b"])
    check(r.config_get("maxclients"), {"maxclients": "10000"})
    check(r.object("encoding", "tx:count"), b"int")
    check(r.memory_usage("greeting") > 11, True)
    check(isinstance(r.slowlog_get(), list), True)
    check(len(r.time()), 2)
    check(r.role()[0], b"master")


def step_access(_):
    denied = redis.exceptions.NoPermissionError
    options = {"host": "127.0.0.1", "port": TLS_PORT, "ssl": True, "ssl_ca_certs": CERTIFICATE}
    with redis.Redis(username="app", password="secret", **options) as app:
        check(app.set("app:1", "v"), True)
        check(app.get("app:1"), b"v")
        check(app.acl_whoami(), "app")
        fails(lambda: app.get("other"), denied, "no permissions to access one of the keys")
        fails(app.flushall, denied, "no permissions to run the 'flushall' command")
    with redis.Redis(username="app", password="wrong", **options) as stranger:
        fails(stranger.ping, redis.AuthenticationError, "invalid username-password pair")
    with redis.Redis(**options) as anonymous:
        fails(anonymous.ping, redis.AuthenticationError, "must be called with the client already authenticated")
    with redis.Redis(host="127.0.0.1", port=TLS_PORT, retry=Retry(NoBackoff(), 0)) as plain:
        fails(plain.ping, redis.ConnectionError, "")


def step_unix_socket(r):
    with redis.Redis(unix_socket_path=SOCKET) as local:
        check(local.set("by-socket", "v"), True)
        check(r.get("by-socket"), b"v")


def step_protocols(_):
    for version in 2, 3:
        with connect(protocol=version) as client:
            reply = client.execute_command("HELLO")
            told = reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))
            check(isinstance(reply, dict), version == 3)  # a map, or an array
            check(told[b"proto"], version)


def step_threads(r):
    def add():
        for _ in range(500):
            r.incr("shared")

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(r.get("shared"), b"4000")


def step_restart(r):
    """The server ends, is started anew by who runs it, and the same client goes on."""
    check(r.set("kept", "v"), True)
    before = r.info("server")["run_id"]
    r.shutdown()
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if r.info("server")["run_id"] != before:
                break
        except redis.ConnectionError:
            pass
        if time.monotonic() > end:
            raise AssertionError("the server did not come back")
        time.sleep(0.05)
    check(r.get("kept"), b"v")


take_steps("redis-py", globals(), connect)
