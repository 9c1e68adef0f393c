import { describe, it } from 'vitest'
import { MpmcSchedule } from './mpmc-schedule.ts'

/** KLAW_SEED repeats one schedule, KLAW_SCHEDULES asks for more. */
const only = process.env.KLAW_SEED
const count = Number(process.env.KLAW_SCHEDULES ?? 3_000)
const steps = 60

describe('a channel does what its model does', () => {
  it(`in ${only === undefined ? count : 'one'} random schedules`, async () => {
    const seeds = only === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(only)]
    for (const seed of seeds) {
      const schedule = new MpmcSchedule(seed)
      try {
        await schedule.run(steps)
      } catch (error) {
        throw new Error(`KLAW_SEED=${seed}\n${schedule.log.join('\n')}`, { cause: error })
      }
    }
  })
})
