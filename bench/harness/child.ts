import { catalogue } from '../catalogue.ts'
import { scaleOf } from './definition.ts'
import { measure } from './measure.ts'
import type { Order } from './spawn.ts'

/** Runs one benchmark in a process of its own, and sends what it measured to its parent, if it has one, else prints it. */
const { id, contenders, quick }: Order = JSON.parse(process.argv[2] ?? '')
const benchmark = catalogue.find((one) => one.id === id)
if (benchmark === undefined) throw new Error(`there is no benchmark '${id}'`)
const chosen = [benchmark.ours, ...benchmark.peers].filter((one) => contenders.includes(one.id))
const samples = await measure(benchmark, chosen, scaleOf(quick))
if (process.send === undefined) console.log(samples)
else process.send(samples, () => process.disconnect())
