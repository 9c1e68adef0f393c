/** The Ray that is installed where there is none. */
export const defaultRayVersion = '2.60.0'

/** The oldest Ray that klaw is tested against. */
export const oldestRayVersion = '2.51'

/** The version in what `ray --version` prints, such as `ray, version 2.60.0`; undefined if there is none. */
export function parseRayVersion(output: string): string | undefined {
  return /\bversion (\d+\.\d+\.\d+\S*)/.exec(output)?.[1]
}

/** Why a version will not do; undefined if it will. */
export function objectionToRayVersion(version: string): string | undefined {
  const [major, minor] = numbers(version)
  const [supported, oldest] = numbers(oldestRayVersion)
  if (major !== supported) return `Ray ${version} is not a ${supported}.x`
  return minor < oldest ? `Ray ${version} is older than ${oldestRayVersion}` : undefined
}

function numbers(version: string): [number, number] {
  const [major = Number.NaN, minor = Number.NaN] = version.split('.').map((part) => Number.parseInt(part, 10))
  return [major, minor]
}
