import type { Check } from './check.ts'

const oldest = 20

export const nodeCheck: Check = {
  name: 'Node',
  async run() {
    const found = process.versions.node
    if (Number.parseInt(found, 10) >= oldest) return { ok: true, found }
    return { ok: false, found, advice: `install Node ${oldest} or newer` }
  },
}
