import { connect } from '@klaw/core'
import { type Neighbours, namesSuite } from './names.ts'
import { strangersSuite } from './strangers.ts'

/** Runtimes of this engine know nothing of one another, so it is one twice. */
async function open(): Promise<Neighbours> {
  const klaw = await connect()
  return { one: klaw, other: klaw, close: () => klaw.shutdown() }
}

namesSuite('embedded', open)
strangersSuite('embedded', open)
