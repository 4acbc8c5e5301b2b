// A tour of a cluster with ioredis.
//
//     cluster_tour.mjs          of one that is left alone
//     cluster_tour.mjs load     of one that changes, until the standard input ends
//
// Where the nodes are, is told by scripts/test-cluster-clients.sh in TOUR_NODES. The first
// step that fails ends the tour.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import { during, patience, Redis, takeSteps, version } from './steps.mjs'

const nodes = process.env.TOUR_NODES.split(',').map((address) => {
  const [host, port] = address.split(':')
  return { host, port: Number(port) }
})

function connect(protocol = 3, more = {}) {
  const client = new Redis.Cluster(nodes, { redisOptions: { protocol, commandTimeout: patience }, ...more })
  client.on('error', () => {}) // those of its calls tell
  return client
}

// everywhere asks each node, and returns the answers.
const everywhere = (r, ask) => Promise.all(r.nodes('master').map(ask))

const steps = {
  async topology(r) {
    const slots = await r.cluster('SLOTS')
    assert.equal(slots.reduce((sum, [first, last]) => sum + last - first + 1, 0), 16384)
    assert.equal((await r.cluster('SHARDS')).length, slots.length)
    const told = await r.cluster('NODES')
    for (const { options } of r.nodes('master')) assert.ok(told.includes(`${options.host}:${options.port}@`))
    assert.match(await r.cluster('INFO'), /cluster_state:ok/)
    assert.equal(await r.cluster('KEYSLOT', '123456789'), 12739)
    assert.equal(await r.cluster('KEYSLOT', 'a{123456789}b'), 12739)
  },

  async strings(r) {
    assert.equal(await r.set('greeting', 'hello'), 'OK')
    assert.equal(await r.set('greeting', 'HELLO', 'XX', 'GET'), 'hello')
    assert.equal(await r.append('greeting', ' world'), 11)
    assert.equal(await r.getrange('greeting', -5, -1), 'world')
    assert.equal(await r.getdel('greeting'), 'HELLO world')
    assert.equal(await r.get('greeting'), null)
    assert.equal(await r.set('{r}a', 'v'), 'OK')
    assert.equal(await r.rename('{r}a', '{r}b'), 'OK')
    assert.equal(await r.copy('{r}b', '{r}c'), 1)
    assert.equal(await r.type('{r}c'), 'string')
  },

  // Counters are in many slots, and many add to each.
  async counters(r) {
    await Promise.all(Array.from({ length: 800 }, (_, i) => r.incr(`counter:${i % 20}`)))
    for (let i = 0; i < 20; i++) assert.equal(await r.get(`counter:${i}`), '40')
    assert.equal(await r.decrby('counter:0', 10), 30)
    assert.equal(await r.incrbyfloat('float', 0.5), '0.5')
  },

  async manyKeys(r) {
    const keys = Array.from({ length: 50 }, (_, i) => `{m}many:${i}`)
    assert.equal(await r.mset(...keys.flatMap((key, i) => [key, i])), 'OK')
    assert.deepEqual(await r.mget('{m}many:7', '{m}none', '{m}many:49'), ['7', null, '49'])
    assert.equal(await r.msetnx('{m}new', 1, '{m}many:7', 1), 0)
    assert.equal(await r.exists('{m}new'), 0)
    assert.equal(await r.exists(...keys), 50)
    assert.equal(await r.touch(...keys), 50)
    assert.equal(await r.del(...keys.slice(0, 25)), 25)
    assert.equal(await r.unlink(...keys, '{m}none'), 25)
  },

  // A pipeline is of keys that one node has, unless the client makes it by itself.
  async pipelines(r) {
    const pipeline = r.pipeline()
    for (let i = 0; i < 500; i++) pipeline.set(`{p}${i}`, i).get(`{p}${i}`).incr('{p}count')
    const replies = await pipeline.exec()
    assert.ok(replies.every(([error]) => error === null))
    assert.deepEqual([replies[1][1], replies.at(-2)[1], replies.at(-1)[1]], ['0', '499', 500])
    await during(connect(3, { enableAutoPipelining: true }), async (auto) => {
      const all = Array.from({ length: 1000 }, (_, i) => i)
      await Promise.all(all.map((i) => auto.set(`pipe:${i}`, i)))
      assert.deepEqual(await Promise.all(all.map((i) => auto.get(`pipe:${i}`))), all.map(String))
    })
  },

  async transactions(r) {
    const replies = await r.multi().set('{tx}a', 1).incr('{tx}a').get('{tx}a').exec()
    assert.deepEqual(replies, [[null, 'OK'], [null, 2], [null, '2']])
    await during(connect(), async (other) => {
      await r.watch('{tx}a')
      await other.set('{tx}a', 10)
      assert.equal(await r.multi().set('{tx}a', 11).exec(), null)
    })
    assert.equal(await r.get('{tx}a'), '10')
    await assert.rejects(r.multi().set('{tx}lost', 1).call('NOSUCH', '{tx}a').exec(), /EXECABORT/)
    assert.equal(await r.exists('{tx}lost'), 0)
  },

  async scan(r) {
    const keys = Array.from({ length: 2000 }, (_, i) => `scan:${String(i).padStart(4, '0')}`)
    await Promise.all(keys.map((key, i) => r.set(key, i)))
    const found = await everywhere(r, async (node) => {
      const some = []
      for await (const page of node.scanStream({ match: 'scan:*', count: 37 })) some.push(...page)
      return some
    })
    assert.deepEqual(found.flat().sort(), keys)
    assert.deepEqual((await everywhere(r, (node) => node.keys('scan:*'))).flat().sort(), keys)
    const count = (await everywhere(r, (node) => node.dbsize())).reduce((a, b) => a + b)
    assert.ok(count >= 2000 && count < 4000, `${count} keys`)
  },

  async slots(r) {
    for (let i = 0; i < 5; i++) await r.set(`{slot}${i}`, i)
    const slot = await r.cluster('KEYSLOT', 'slot')
    // What is about a slot is for the node that serves it, which the client does not know of this command.
    const counts = await everywhere(r, (node) => node.cluster('COUNTKEYSINSLOT', slot))
    assert.equal(Math.max(...counts), 5)
  },

  // Every node brings messages to the subscriber.
  async messages(r) {
    await during(connect(), async (subscriber) => {
      await subscriber.subscribe('news')
      for (const node of r.nodes('master')) {
        const message = once(subscriber, 'message')
        await node.publish('news', node.options.port)
        assert.deepEqual(await message, ['news', String(node.options.port)])
      }
    })
  },

  async expiry(r) {
    assert.equal(await r.set('short', 'v', 'PX', 30), 'OK')
    assert.equal(await r.set('long', 'v', 'EX', 100), 'OK')
    assert.equal(await r.expire('long', 50, 'GT'), 0)
    assert.equal(await r.persist('long'), 1)
    assert.equal(await r.ttl('long'), -1)
    await sleep(50)
    assert.equal(await r.get('short'), null)
  },

  async errors(r) {
    await assert.rejects(r.mset('one', 1, 'two', 2, 'three', 3), /CROSSSLOT/)
    await assert.rejects(r.rename('{r}b', '{other}b'), /CROSSSLOT/)
    await r.set('word', 'w')
    await assert.rejects(r.incr('word'), /ERR value is not an integer or out of range/)
    await assert.rejects(r.call('NOSUCH', 'word'), /ERR unknown command/)
    assert.equal(await r.ping(), 'PONG')
  },
}

// User does one thing after the other, with keys of its own, until it is told to stop.
class User {
  rounds = 0
  repeated = 0 // increments that the client has sent again, after they were done
  halved = 0 // pipelines of which a part was done
  count = 0

  constructor(r, name) {
    Object.assign(this, { r, name })
  }

  async run(signal) {
    while (!signal.aborted) {
      this.rounds++
      await this.writeAndRead()
      await this.increment()
      await this.pipeline()
      await this.transaction()
    }
  }

  async writeAndRead() {
    const key = `${this.name}:${this.rounds % 100}`
    assert.equal(await this.r.set(key, this.rounds), 'OK')
    assert.equal(await this.r.get(key), String(this.rounds))
  }

  async increment() {
    const got = await this.r.incr(`${this.name}:count`)
    assert.ok(got > this.count, `the counter is ${got} after ${this.count}`)
    this.repeated += got - this.count - 1
    this.count = got
  }

  // pipeline writes keys, and then reads them. Of one that writes, the client repeats what failed only
  // if nothing was done: if some was, that is left to who wrote it, as it cannot know which of it may
  // be done twice.
  async pipeline() {
    const keys = Array.from({ length: 20 }, (_, i) => `{${this.name}:${this.rounds % 10}}${i}`)
    const run = (add) => keys.reduce(add, this.r.pipeline()).exec()
    const write = () => run((pipeline, key) => pipeline.set(key, this.rounds))
    let replies = await write()
    while (isHalfDone(replies)) {
      this.halved++
      replies = await write()
    }
    assert.deepEqual(replies, keys.map(() => [null, 'OK']))
    const read = await run((pipeline, key) => pipeline.get(key))
    assert.deepEqual(read, keys.map(() => [null, String(this.rounds)]))
  }

  async transaction() {
    const tag = `{${this.name}:${this.rounds % 10}}`
    const replies = await this.r.multi().set(`${tag}a`, this.rounds).set(`${tag}b`, this.rounds).exec()
    assert.deepEqual(replies, [[null, 'OK'], [null, 'OK']])
    assert.deepEqual(await this.r.mget(`${tag}a`, `${tag}b`), [String(this.rounds), String(this.rounds)])
  }
}

// isHalfDone tells whether a pipeline was done in part, and the rest met what the client repeats otherwise.
function isHalfDone(replies) {
  const failed = replies.filter(([error]) => error)
  return failed.length > 0 && failed.length < replies.length && failed.every(([error]) => /^MOVED |^CLUSTERDOWN |^Connection is closed/.test(error.message))
}

async function load() {
  const stop = new AbortController()
  process.stdin.resume().once('end', () => stop.abort())
  await during(connect(), async (r) => {
    const users = Array.from({ length: 8 }, (_, i) => new User(r, `ioredis:${i}`))
    await Promise.all(users.map((user) => user.run(stop.signal)))
    for (const user of users) assert.ok((await r.get(`${user.name}:count`)) >= user.rounds)
    const sum = (what) => users.reduce((total, user) => total + user[what], 0)
    console.log(`ioredis ${version}: ${sum('rounds')} rounds, ${sum('halved')} pipelines half done, ${sum('repeated')} commands repeated by the client`)
  })
}

async function tour() {
  let taken = 0
  for (const protocol of [2, 3]) taken += await during(connect(protocol), (r) => takeSteps(steps, r))
  console.log(`ioredis, cluster ${version}: ${taken} steps`)
}

await (process.argv[2] === 'load' ? load() : tour())
