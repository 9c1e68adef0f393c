// Run by `npm run check` in a folder where the packed package was installed: plain JavaScript, no loader, no transform.
import assert from 'node:assert/strict'
import * as core from '@klaw/core'
import * as browser from '@klaw/core/channel'
import { WordCounter } from './word-counter.mjs'

assert.equal(core.channel, browser.channel, 'both entry points are one implementation')
assert.equal(core.ChannelClosed, browser.ChannelClosed, 'and one error family')

const [tx, rx] = browser.channel({ capacity: 2 })
await tx.send('a b')
await tx.send('c')
assert.equal(tx.trySend('no room').ok, false)
assert.equal(await rx.recv(), 'a b')
tx.close()
const rest = []
for await (const item of rx) rest.push(item)
assert.deepEqual(rest, ['c'])
await assert.rejects(rx.recv(), core.ChannelClosed)

const klaw = await core.connect()
try {
  const counter = klaw.actor(WordCounter).remote()
  assert.equal(await counter.count.remote('one two'), 2)
  assert.equal(await counter.count.remote('three'), 3)
  const [jobs, work] = await klaw.channel({ capacity: 4 })
  await jobs.send({ id: 1 })
  assert.deepEqual(await work.recv(), { id: 1 })
} finally {
  await klaw.shutdown()
}
console.log(`works on Node ${process.versions.node}`)
