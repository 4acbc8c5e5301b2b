#!/usr/bin/env python3
"""A tour of a cluster with redis-py.

    cluster_tour.py          of one that is left alone
    cluster_tour.py load     of one that changes, until the standard input ends

Where the nodes are, is told by scripts/test-cluster-clients.sh in TOUR_NODES. A step is a
function whose name begins with step_; the first that fails ends the tour.
"""

import os
import sys
import threading
import time

import redis
from expect import PATIENCE, await_message, check, fails, take_steps
from redis.cluster import ClusterNode, RedisCluster

NODES = [address.split(":") for address in os.environ["TOUR_NODES"].split(",")]


def connect(**options):
    nodes = [ClusterNode(host, int(port)) for host, port in NODES]
    return RedisCluster(startup_nodes=nodes, socket_timeout=PATIENCE, **options)


def step_topology(r):
    shards = r.cluster_shards()
    slots = r.cluster_slots()
    check(len(slots), len(shards))
    check(sum(last - first + 1 for first, last in slots), 16384)
    nodes = r.cluster_nodes()
    for node in r.get_primaries():
        check(node.name in nodes, True)
    check(r.cluster_info(target_nodes=r.get_random_node())["cluster_state"], "ok")
    check(r.cluster_keyslot("123456789"), 12739)
    check(r.keyslot("a{123456789}b"), 12739)


def step_strings(r):
    check(r.set("greeting", "hello"), True)
    check(r.set("greeting", "HELLO", xx=True, get=True), b"hello")
    check(r.append("greeting", " world"), 11)
    check(r.getrange("greeting", -5, -1), b"world")
    check(r.getdel("greeting"), b"HELLO world")
    check(r.get("greeting"), None)
    check(r.set("{r}a", "v"), True)
    check(r.rename("{r}a", "{r}b"), True)
    check(r.copy("{r}b", "{r}c"), True)
    check(r.type("{r}c"), b"string")


def step_counters(r):
    def add():
        for i in range(200):
            r.incr(f"counter:{i % 20}")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(20):
        check(r.get(f"counter:{i}"), b"40")
    check(r.decrby("counter:0", 10), 30)
    check(r.incrbyfloat("float", 0.5), 0.5)


def step_many_keys(r):
    keys = [f"many:{i}" for i in range(50)]
    check(all(r.mset_nonatomic({key: i for i, key in enumerate(keys)})), True)
    check(r.mget_nonatomic(keys), [b"%d" % i for i in range(50)])
    check(r.exists(*keys), 50)
    check(r.touch(*keys), 50)
    check(r.delete(*keys[:25]), 25)
    check(r.unlink(*keys, "none"), 25)
    check(r.mset({"{m}" + key: i for i, key in enumerate(keys)}), True)
    check(r.mget("{m}many:7", "{m}none", "{m}many:49"), [b"7", None, b"49"])
    check(r.msetnx({"{m}new": 1, "{m}many:7": 1}), False)
    check(r.exists("{m}new"), 0)


def step_pipelines(r):
    with r.pipeline() as pipe:
        for i in range(500):
            pipe.set(f"pipe:{i}", i)
            pipe.get(f"pipe:{i}")
            pipe.incr("pipe:count")
        replies = pipe.execute()
    check(replies[1::3], [b"%d" % i for i in range(500)])
    check(r.get("pipe:count"), b"500")


def step_transactions(r):
    with r.pipeline(transaction=True) as pipe:
        check(pipe.set("{tx}a", 1).incr("{tx}a").set("{tx}b", 5).execute(), [b"OK", 2, b"OK"])
    with r.pipeline(transaction=True) as pipe:
        pipe.watch("{tx}a")
        r.set("{tx}a", 10)
        pipe.multi()
        pipe.set("{tx}b", 11)
        fails(pipe.execute, redis.WatchError, "")

    def add_five(pipe):
        value = int(pipe.get("{tx}b"))
        pipe.multi()
        pipe.set("{tx}b", value + 5)

    check(r.transaction(add_five, "{tx}b"), [b"OK"])
    check(r.mget("{tx}a", "{tx}b"), [b"10", b"10"])


def step_scan(r):
    with r.pipeline() as pipe:
        for i in range(2000):
            pipe.set(f"scan:{i:04}", i)
        check(pipe.execute(), [True] * 2000)
    want = [b"scan:%04d" % i for i in range(2000)]
    check(sorted(r.scan_iter(match="scan:*", count=37)), want)
    check(sorted(r.keys("scan:*", target_nodes=RedisCluster.PRIMARIES)), want)
    count = r.dbsize(target_nodes=RedisCluster.PRIMARIES)
    check((count, 2000 <= count < 3500), (count, True))


def step_slots(r):
    for i in range(5):
        check(r.set(f"{{slot}}{i}", i), True)
    slot = r.keyslot("slot")
    check(r.cluster_countkeysinslot(slot), 5)
    found = r.cluster_get_keys_in_slot(slot, 3)  # which redis-py decodes, or not
    check([key if isinstance(key, bytes) else key.encode() for key in found], [b"{slot}0", b"{slot}1", b"{slot}2"])


def step_messages(r):
    subscriber = r.pubsub()
    subscriber.subscribe("news")
    await_message(subscriber, "subscribe")
    for node in r.get_primaries():  # each brings it to the subscriber
        r.execute_command("PUBLISH", "news", node.name, target_nodes=node)
        check(await_message(subscriber, "message")["data"], node.name.encode())
    subscriber.close()


def step_expiry(r):
    check(r.set("short", "v", px=30), True)
    check(r.set("long", "v", ex=100), True)
    check(r.expire("long", 50, gt=True), False)
    check(r.persist("long"), True)
    check(r.ttl("long"), -1)
    time.sleep(0.05)
    check(r.get("short"), None)


def step_errors(r):
    # The client itself sees that the slots differ, unless it is told to send a command somewhere.
    fails(lambda: r.mset({"one": 1, "two": 2, "three": 3}), redis.RedisClusterException, "")
    anywhere = r.get_random_node()
    fails(lambda: r.execute_command("MSET", "one", 1, "two", 2, "three", 3, target_nodes=anywhere), redis.exceptions.ClusterCrossSlotError, "")
    check(r.set("word", "w"), True)
    fails(lambda: r.incr("word"), redis.ResponseError, "value is not an integer or out of range")
    check(r.ping(target_nodes=RedisCluster.ALL_NODES), True)


class User(threading.Thread):
    """Does one thing after the other, with keys of its own, until it is told to stop."""

    def __init__(self, r, name, stop):
        super().__init__()
        self.r, self.name, self.stop = r, name, stop
        self.rounds = self.repeated = self.count = 0
        self.error = None

    def run(self):
        try:
            while not self.stop.is_set():
                self.rounds += 1
                self.write_and_read()
                self.increment()
                self.pipeline()
                self.transaction()
                self.r.transaction(self.add_one, "{shared}sum")
        except Exception as error:
            self.error = error
            self.stop.set()

    def write_and_read(self):
        key = f"{self.name}:{self.rounds % 100}"
        check(self.r.set(key, self.rounds), True)
        check(self.r.get(key), b"%d" % self.rounds)

    def increment(self):
        got = self.r.incr(f"{self.name}:count")
        if got <= self.count:
            raise AssertionError(f"the counter is {got} after {self.count}")
        self.repeated += got - self.count - 1
        self.count = got

    def pipeline(self):
        with self.r.pipeline() as pipe:
            for i in range(20):
                pipe.set(f"{self.name}:{100 + i}", self.rounds)
            check(pipe.execute(), [True] * 20)
            for i in range(20):
                pipe.get(f"{self.name}:{100 + i}")
            check(pipe.execute(), [b"%d" % self.rounds] * 20)

    def transaction(self):
        tag = f"{{{self.name}:{self.rounds % 10}}}"
        with self.r.pipeline(transaction=True) as pipe:
            pipe.set(tag + "a", self.rounds).set(tag + "b", self.rounds).execute()
        check(self.r.mget(tag + "a", tag + "b"), [b"%d" % self.rounds] * 2)

    @staticmethod
    def add_one(pipe):
        """Adds one to what all users share."""
        value = int(pipe.get("{shared}sum") or 0)
        pipe.multi()
        pipe.set("{shared}sum", value + 1)


def load():
    stop = threading.Event()
    with connect() as r:
        users = [User(r, f"redis-py:{i}", stop) for i in range(4)]
        for user in users:
            user.start()
        threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
        for user in users:
            user.join()
            if user.error:
                raise user.error
        rounds, repeated = (sum(getattr(user, what) for user in users) for what in ("rounds", "repeated"))
        check(int(r.get("{shared}sum")) >= rounds, True)
    print(f"redis-py {redis.__version__}: {rounds} rounds, {repeated} commands repeated by the client")


def tour():
    take_steps("redis-py, cluster", globals(), connect)


if sys.argv[1:] == ["load"]:
    load()
else:
    tour()
