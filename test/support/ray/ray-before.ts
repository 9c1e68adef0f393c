import { inject } from 'vitest'

/** Whether the Ray that the tests run on is older than that version. False where there is none: then all tests are skipped anyway. */
export function rayBefore(version: string): boolean {
  const ours: string | undefined = inject('rayVersion')
  return ours !== undefined && ours.localeCompare(version, 'en', { numeric: true }) < 0
}
