import { isRunning, type ProcessIdentity } from '../../../src/cluster/process-table.ts'
import { until } from '../until.ts'

/** Waits until none of these processes runs. */
export async function untilGone(processes: readonly ProcessIdentity[]): Promise<void> {
  await until(() => !processes.some(isRunning))
}

export function running(processes: readonly ProcessIdentity[]): readonly ProcessIdentity[] {
  return processes.filter(isRunning)
}
