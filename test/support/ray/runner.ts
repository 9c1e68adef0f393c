import { inject, type RunnerTask, type RunnerTestFile, TestRunner } from 'vitest'

/** Skips all tests, with their hooks, where there is no Ray to run them on. */
export default class RayRunner extends TestRunner {
  onCollected(files: RunnerTestFile[]): void {
    if (inject('rayUnavailable') !== undefined) for (const file of files) skip(file)
  }
}

function skip(task: RunnerTask): void {
  task.mode = 'skip'
  if (task.type === 'suite') for (const child of task.tasks) skip(child)
}
