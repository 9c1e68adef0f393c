import { connect, type Runtime, shared } from '@klaw/core'
import { expectEqual } from '../harness/check.ts'
import { type Benchmark, type Contender, rate, type Scale } from '../harness/definition.ts'
import { repeats } from '../harness/rate.ts'
import { klaw, ofNode } from '../peers/versions.ts'

const hundredMegabytes = 100_000_000

const smallOurs: Contender = repeats('klaw', klaw, async () => {
  const runtime = await connect()
  const bytes = new Uint8Array(1024)
  return {
    async run(count) {
      for (let n = 0; n < count; n++) {
        bytes[n % 1024] = n
        const ref = runtime.put(bytes)
        expectEqual('the byte', (await ref)[n % 1024], n & 255)
        ref[Symbol.dispose]()
      }
    },
    stop: () => runtime.shutdown(),
  }
})

const smallClone: Contender = repeats('structured-clone', cloneName('structuredClone twice'), () => {
  const bytes = new Uint8Array(1024)
  return {
    async run(count) {
      for (let n = 0; n < count; n++) {
        bytes[n % 1024] = n
        const snapshot = structuredClone(bytes)
        expectEqual('the byte', (await structuredClone(snapshot))[n % 1024], n & 255)
      }
    },
  }
})

/** Speed of something that passes on a large array, by its bytes. */
function large(id: string, name: string, start: (array: Float64Array) => Promise<Passing> | Passing): Contender {
  return {
    id,
    name,
    async start(scale) {
      const array = new Float64Array(elements(scale)).fill(1.5)
      const { pass, stop } = await start(array)
      return {
        async round() {
          array[array.length - 1] = Math.random()
          const begin = performance.now()
          const result = await pass()
          const milliseconds = performance.now() - begin
          expectEqual('the length', result.length, array.length)
          expectEqual('the last element', result.at(-1), array.at(-1))
          expectEqual('the result being another array', result.buffer === array.buffer, false)
          return { speed: array.byteLength / milliseconds / 1e6 }
        },
        stop: () => stop?.(),
      }
    },
  }
}

interface Passing {
  pass(): Promise<Float64Array>
  stop?(): Promise<void>
}

const largeOurs = large('klaw', klaw, async (array) => {
  const runtime = await connect()
  return {
    async pass() {
      const ref = runtime.put(array)
      const result = await ref
      ref[Symbol.dispose]()
      return result
    },
    stop: () => runtime.shutdown(),
  }
})

const largeClone = large('structured-clone', cloneName('structuredClone twice'), (array) => ({
  async pass() {
    return structuredClone(structuredClone(array))
  },
}))

const sharedOurs: Contender = {
  id: 'klaw',
  name: klaw,
  async start(scale) {
    const runtime = await connect()
    const array = shared(new Float64Array(elements(scale)))
    return { round: () => passShared(array, () => putAndGet(runtime, array)), stop: () => runtime.shutdown() }
  },
}

const sharedClone: Contender = {
  id: 'structured-clone',
  name: cloneName('structuredClone of an array that is not shared'),
  start(scale) {
    const array = new Float64Array(elements(scale))
    return { round: () => passShared(array, async () => structuredClone(array)) }
  },
}

/** How many bytes of an array were copied on its way, and how long that took. */
async function passShared(
  array: Float64Array,
  pass: () => Promise<Float64Array>,
): Promise<{ copied: number; time: number }> {
  const begin = performance.now()
  const result = await pass()
  const time = (performance.now() - begin) * 1000
  expectEqual('the length', result.length, array.length)
  const mark = Math.random()
  array[0] = mark
  // What is written here shows there, or it is a copy.
  return { copied: result[0] === mark ? 0 : result.byteLength, time }
}

async function putAndGet<T>(runtime: Runtime, value: T): Promise<T> {
  const ref = runtime.put(value)
  const result = await ref
  ref[Symbol.dispose]()
  return result
}

function elements(scale: Scale): number {
  return scale.count(hundredMegabytes, 1_000_000) / Float64Array.BYTES_PER_ELEMENT
}

function cloneName(how: string): string {
  return ofNode(how)
}

export const putGetBenchmarks: readonly Benchmark[] = [
  {
    id: 'objects/put-get-1-kb',
    work: 'put and get of a Uint8Array of 1 KB',
    metrics: rate(),
    ours: smallOurs,
    peers: [smallClone],
  },
  {
    id: 'objects/put-get-100-mb',
    work: 'put and get of a Float64Array of 100 MB, copied in and out',
    metrics: [{ key: 'speed', unit: 'GB/s', better: 'higher' }],
    ours: largeOurs,
    peers: [largeClone],
  },
  {
    id: 'objects/put-get-100-mb-shared',
    work: 'put and get of a Float64Array of 100 MB in shared memory',
    metrics: [
      { key: 'copied', unit: 'bytes', better: 'lower', goal: 0, work: 'bytes that were copied' },
      { key: 'time', unit: 'µs', better: 'lower', work: 'time' },
    ],
    ours: sharedOurs,
    peers: [sharedClone],
  },
]
