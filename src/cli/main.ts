#!/usr/bin/env node
import { Command } from 'commander'
import { KlawError } from '../cluster.ts'
import { doctorCommand } from './doctor.ts'
import { downCommand } from './down.ts'
import { version } from './package-version.ts'
import { upCommand } from './up.ts'

const program = new Command('klaw')
  .description('Ray on this machine, and what a connection to a Ray needs')
  .version(version())
  .addCommand(upCommand())
  .addCommand(downCommand())
  .addCommand(doctorCommand())

try {
  await program.parseAsync()
} catch (error) {
  // What the user can do something about comes as a klaw error or a range error; anything else is a mistake of ours.
  const expected = error instanceof KlawError || error instanceof RangeError
  console.error(expected ? `klaw: ${error.message}` : error)
  process.exitCode = 1
}
