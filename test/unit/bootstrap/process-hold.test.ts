import { expect, test } from 'vitest'
import { DataChannel } from '../../../src/engine/ray/bootstrap/data-channel.ts'
import { get } from '../../../src/engine/ray/bootstrap/exchanges.ts'
import { ProcessHold } from '../../../src/engine/ray/bootstrap/process-hold.ts'
import { failure } from '../../support/rejection.ts'

class CountingHold extends ProcessHold {
  count = 0

  override take(): void {
    this.count++
  }

  override release(): void {
    this.count--
  }
}

test('the process stays alive for an answer, unless that is only waited for in the background', async () => {
  const hold = new CountingHold()
  const channel = new DataChannel(hold)
  const answers = [failure(get(channel, new Uint8Array([1]))), failure(get(channel, new Uint8Array([2]), false))]
  expect(hold.count).toBe(1)
  const over = new Error('over')
  channel.refuse(over)
  expect(await Promise.all(answers)).toEqual([over, over])
  expect(hold.count).toBe(0)
})
