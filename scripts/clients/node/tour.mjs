// A tour of the Redis protocol with ioredis, against a running server.
//
// Where the server is, is told by scripts/test-clients.sh in variables TOUR_*. The first
// step that fails ends the tour.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { during, patience, Redis, takeSteps, version } from './steps.mjs'

const port = Number(process.env.TOUR_PORT)
const options = { host: '127.0.0.1', port, commandTimeout: patience, retryStrategy: () => 50 }

// connect is a client whose errors of the connection are those of its calls.
function connect(more = {}) {
  const client = new Redis({ ...options, ...more })
  client.on('error', () => {})
  return client
}

const steps = {
  async strings(r) {
    assert.equal(await r.set('greeting', 'hello'), 'OK')
    assert.equal(await r.set('greeting', 'other', 'NX'), null)
    assert.equal(await r.set('greeting', 'HELLO', 'XX', 'GET'), 'hello')
    assert.equal(await r.append('greeting', ' world'), 11)
    assert.equal(await r.getrange('greeting', -5, -1), 'world')
    assert.equal(await r.mset({ a: 1, b: 2 }), 'OK')
    assert.deepEqual(await r.mget('a', 'none', 'b'), ['1', null, '2'])
    assert.equal(await r.incrby('a', 41), 42)
    assert.equal(await r.incrbyfloat('b', 0.5), '2.5')
    assert.equal(await r.getdel('a'), '42')
    assert.equal(await r.exists('a', 'b'), 1)
    assert.equal(await r.rename('b', 'renamed'), 'OK')
    assert.equal(await r.type('renamed'), 'string')
    assert.equal(await r.del('renamed', 'none'), 1)
  },

  async bits(r) {
    assert.equal(await r.setbit('bits', 7, 1), 0)
    assert.equal(await r.bitcount('bits'), 1)
    assert.equal(await r.bitpos('bits', 1), 7)
    assert.equal(await r.bitop('NOT', 'others', 'bits'), 1)
    assert.deepEqual(await r.getBuffer('others'), Buffer.from([0xfe]))
    assert.deepEqual(await r.bitfield('field', 'SET', 'u8', 0, 250, 'OVERFLOW', 'SAT', 'INCRBY', 'u8', 0, 10), [0, 255])
  },

  async expiry(r) {
    assert.equal(await r.set('short', 'v', 'PX', 30), 'OK')
    assert.equal(await r.set('long', 'v', 'EX', 100), 'OK')
    assert.ok((await r.pttl('long')) > 90_000)
    assert.equal(await r.expire('long', 50, 'GT'), 0)
    assert.equal(await r.persist('long'), 1)
    await sleep(50)
    assert.equal(await r.get('short'), null)
  },

  async scan(r) {
    const pipeline = r.pipeline()
    for (let i = 0; i < 2000; i++) pipeline.set(`scan:${String(i).padStart(4, '0')}`, i)
    await pipeline.exec()
    const found = []
    for await (const keys of r.scanStream({ match: 'scan:1*', count: 37 })) found.push(...keys)
    assert.equal(found.length, 1000)
    assert.equal(new Set(found).size, 1000)
  },

  async transactions(r) {
    assert.deepEqual(await r.multi().set('tx', 1).incr('tx').get('tx').exec(), [[null, 'OK'], [null, 2], [null, '2']])
    await during(connect(), async (other) => {
      await r.watch('tx')
      await other.set('tx', 10)
      assert.equal(await r.multi().set('tx', 11).exec(), null)
    })
    assert.equal(await r.get('tx'), '10')
    await assert.rejects(r.multi().set('lost', 1).call('NOSUCH').exec(), /EXECABORT/)
    assert.equal(await r.exists('lost'), 0)
    const replies = await r.multi().set('tx', 'word').incr('tx').exec()
    assert.match(replies[1][0].message, /not an integer/)
    // Queued by hand, as with multi({ pipeline: false }).
    assert.equal(await r.multi({ pipeline: false }), 'OK')
    assert.equal(await r.incr('by-hand'), 'QUEUED')
    assert.deepEqual(await r.exec(), [[null, 1]])
  },

  async pipelines(r) {
    const pipeline = r.pipeline()
    for (let i = 0; i < 10_000; i++) pipeline.set(`pipe:${i}`, i).get(`pipe:${i}`).incr('pipe:count')
    const replies = await pipeline.exec()
    assert.equal(replies.length, 30_000)
    assert.ok(replies.every(([error]) => error === null))
    assert.deepEqual([replies[1][1], replies.at(-2)[1], replies.at(-1)[1]], ['0', '9999', 10_000])
    await during(connect({ enableAutoPipelining: true }), async (auto) => {
      const values = await Promise.all(Array.from({ length: 1000 }, (_, i) => auto.get(`pipe:${i}`)))
      assert.deepEqual(values, Array.from({ length: 1000 }, (_, i) => String(i)))
    })
  },

  async messages(r) {
    await during(connect(), async (subscriber) => {
      assert.equal(await subscriber.subscribe('news'), 1)
      assert.equal(await subscriber.psubscribe('n?ws', 'other*'), 3)
      const message = once(subscriber, 'messageBuffer')
      const pattern = once(subscriber, 'pmessageBuffer')
      const binary = Buffer.from([0, 255, 13, 10])
      assert.equal(await r.publish('news', binary), 2)
      assert.deepEqual((await message)[1], binary)
      assert.deepEqual((await pattern)[0].toString(), 'n?ws')
      assert.equal(await subscriber.unsubscribe('news'), 2)
      assert.equal(await r.publish('news', 'again'), 1)
    })
  },

  async keyspaceNotifications(r) {
    await r.config('SET', 'notify-keyspace-events', 'KEA')
    await during(connect(), async (subscriber) => {
      await subscriber.psubscribe('__keyevent@0__:*')
      const events = []
      const expired = new Promise((resolve) => {
        subscriber.on('pmessage', (_, channel) => {
          events.push(channel)
          if (channel === '__keyevent@0__:expired') resolve()
        })
      })
      await r.set('noted', 'v', 'PX', 20)
      await expired
      assert.deepEqual(events.slice(0, 2), ['__keyevent@0__:set', '__keyevent@0__:expire'])
    })
    await r.config('SET', 'notify-keyspace-events', '')
  },

  async largeAndBinary(r) {
    const large = randomBytes(16 << 20)
    assert.equal(await r.set('large', large), 'OK')
    assert.ok(large.equals(await r.getBuffer('large')))
    await r.del('large')
    const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    assert.equal(await r.set(every, every), 'OK')
    assert.ok(every.equals(await r.getBuffer(every)))
    assert.equal(await r.set('empty', ''), 'OK')
    assert.equal(await r.get('empty'), '')
  },

  async errors(r) {
    await assert.rejects(r.incr('greeting'), /ERR value is not an integer or out of range/)
    await assert.rejects(r.call('NOSUCH'), /ERR unknown command/)
    await assert.rejects(r.call('GET'), /wrong number of arguments/)
    await assert.rejects(r.lpush('list', 1), /unknown command/)
    assert.equal(await r.ping(), 'PONG')
  },

  async introspection(r) {
    assert.match(await r.info(), /redis_mode:standalone/)
    assert.ok((await r.command('COUNT')) > 50)
    assert.equal(await r.client('SETNAME', 'tour'), 'OK')
    assert.match(await r.client('LIST'), /name=tour/)
    assert.deepEqual((await r.role())[0], 'master')
  },

  async databases(r) {
    await during(connect({ db: 3 }), async (other) => {
      await other.set('only', 'here')
      assert.equal(await r.exists('only'), 0)
      assert.equal(await other.flushdb(), 'OK')
    })
  },

  async access() {
    const tls = { ca: readFileSync(process.env.TOUR_CERTIFICATE) }
    const secure = { port: Number(process.env.TOUR_TLS_PORT), tls }
    await during(connect({ ...secure, username: 'app', password: 'secret' }), async (app) => {
      assert.equal(await app.set('app:1', 'v'), 'OK')
      assert.equal(await app.get('app:1'), 'v')
      await assert.rejects(app.get('other'), /NOPERM/)
      await assert.rejects(app.flushall(), /NOPERM/)
    })
    await during(connect({ ...secure, username: 'app', password: 'wrong' }), async (stranger) => {
      await assert.rejects(stranger.get('app:1'), /WRONGPASS|NOAUTH/)
    })
  },

  async unixSocket(r) {
    await during(new Redis(process.env.TOUR_SOCKET), async (local) => {
      assert.equal(await local.set('by-socket', 'v'), 'OK')
      assert.equal(await r.get('by-socket'), 'v')
    })
  },

  // The server ends, is started anew by who runs it, and the same client goes on.
  async restart(r) {
    await r.set('kept', 'v')
    const runID = async () => (await r.info('server')).match(/run_id:(\w+)/)[1]
    const before = await runID()
    const ready = new Promise((resolve) => r.once('ready', resolve)) // not once(), which errors end
    // By a client that does not send it again once the server is back.
    await during(connect({ retryStrategy: null }), (other) => other.shutdown().catch(() => {}))
    await ready
    assert.notEqual(await runID(), before)
    assert.equal(await r.get('kept'), 'v')
  },
}

const taken = await during(connect(), (r) => takeSteps(steps, r))
console.log(`ioredis ${version}: ${taken} steps`)
