import { findPython } from '../../cluster.ts'
import type { Check } from './check.ts'

/** Only `klaw up` needs it: a connection to a Ray elsewhere does without. */
export const pythonCheck: Check = {
  name: 'Python',
  async run() {
    const { command, version } = await findPython()
    return { ok: true, found: `${version} (${command})` }
  },
}
