import { randomUUID } from 'node:crypto'
import type { Contender } from '../harness/definition.ts'
import { repeats } from '../harness/rate.ts'
import { klaw, versioned } from '../peers/versions.ts'
import { Flow, type FlowOptions } from './flow.ts'
import { natsServerVersion } from './nats-server.ts'
import { type KlawPlaceOptions, klawPlace, natsPlace, type Place } from './places.ts'
import type { Line } from './side.ts'

export const klawName = `${klaw} on Ray`
export const natsName = `NATS core ${natsServerVersion} (${versioned('@nats-io/transport-node')})`

/** What a flow is made of, apart from the name of its channel. */
export interface FlowShape extends Omit<FlowOptions, 'line'> {
  readonly line: Omit<Line, 'name'>
  /** The most items of one run. */
  readonly most: number
  /** Every round has that many: where many processes have to come up to speed, a number that was found would depend on how they did. */
  readonly always?: boolean
}

export interface KlawFlowOptions extends KlawPlaceOptions {
  /** Where ours is compared with ours. */
  readonly id?: string
  readonly name?: string
}

/** Items a second that flow through a channel of klaw's. */
export function klawFlow(shape: FlowShape, options: KlawFlowOptions = {}): Contender {
  const { id = 'klaw', name = klawName } = options
  return flowing(id, name, shape, () => klawPlace(options))
}

/** Items a second that flow through a subject of NATS. */
export function natsFlow(shape: FlowShape): Contender {
  return flowing('nats', natsName, shape, natsPlace)
}

function flowing(id: string, name: string, shape: FlowShape, open: () => Promise<Place>): Contender {
  if (shape.always !== true) return repeats(id, name, () => repeatedFlow(open, shape))
  return {
    id,
    name,
    async start(scale) {
      const { run, stop } = await repeatedFlow(open, shape)
      const count = scale.count(shape.most, 1_000)
      // Each process comes up to speed by what it does itself.
      await run(count * shape.senders)
      return { round: async () => ({ rate: (count / (await run(count))) * 1000 }), stop }
    },
  }
}

async function repeatedFlow(open: () => Promise<Place>, shape: FlowShape) {
  const place = await open()
  try {
    const flow = await Flow.start(place.address, { ...shape, line: namedLine(shape.line) })
    return {
      most: shape.most,
      run: async (count: number) => (await flow.run(count)).time,
      stop: async () => {
        await flow.stop()
        await place.leave()
      },
    }
  } catch (error) {
    await place.leave()
    throw error
  }
}

/** A line of nobody else's. */
export function namedLine(line: Omit<Line, 'name'>): Line {
  return { ...line, name: `bench-${randomUUID()}` }
}
