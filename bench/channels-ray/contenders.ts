import { randomUUID } from 'node:crypto'
import type { Contender } from '../harness/definition.ts'
import { repeats } from '../harness/rate.ts'
import { klaw, versioned } from '../peers/versions.ts'
import { Flow, type FlowOptions } from './flow.ts'
import { natsServerVersion } from './nats-server.ts'
import { barePlace, type KlawPlaceOptions, klawPlace, natsPlace, type Place } from './places.ts'
import type { Line } from './side.ts'

export const klawName = `${klaw} on Ray`
export const natsName = `NATS core ${natsServerVersion} (${versioned('@nats-io/transport-node')})`

export const bareName = `bare sockets, over a relay (Node ${process.versions.node}, Python)`

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
export function natsFlow(shape: FlowShape, id = 'nats', name = natsName): Contender {
  return flowing(id, name, shape, natsPlace)
}

/** Items a second that go through a relay in Python which does nothing else: no hub can do more on this machine. `id` and `name` where that stands beside itself. */
export function bareFlow(shape: FlowShape, id = 'bare', name = bareName): Contender {
  return flowing(id, name, shape, barePlace)
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
