import { RayError } from '../../../errors.ts'

/** The protocol as we speak it is as old as that. Tested are 2.51 to 2.60; newer ones are taken as they come. */
const oldest = { major: 2, minor: 9 }

/** @throws {RayError} for a cluster that is too old */
export function checkRayVersion(version: string): void {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? []
  if (major === undefined || minor === undefined) {
    throw new RayError(`the cluster says that its Ray is of version ${JSON.stringify(version)}, which is none`)
  }
  if (Number(major) > oldest.major || (Number(major) === oldest.major && Number(minor) >= oldest.minor)) return
  throw new RayError(`the cluster runs Ray ${version}: klaw needs ${oldest.major}.${oldest.minor} or newer`)
}
