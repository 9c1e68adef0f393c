import { describe, it } from 'vitest'
import { MpmcSchedule } from './mpmc-schedule.ts'
import { forEachSeed } from './outcomes.ts'

// KLAW_SEED repeats one schedule, KLAW_SCHEDULES asks for more.

describe('a channel', () => {
  it('does what its model does, in random schedules', () =>
    forEachSeed(3_000, async (seed, log) => {
      const schedule = new MpmcSchedule(seed)
      log(schedule.log)
      await schedule.run(60)
    }))
})
