import { findRay } from '../../cluster.ts'
import type { Check } from './check.ts'

/** Only `klaw up` needs it: a connection to a Ray elsewhere does without. */
export const rayCheck: Check = {
  name: 'Ray',
  async run() {
    const found = await findRay()
    if (found === undefined) return { ok: true, found: 'not installed here; `klaw up` installs it in .venv' }
    return { ok: true, found: `${found.version} (${found.ray})` }
  },
}
