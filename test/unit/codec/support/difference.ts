/**
 * Where two values first differ, or undefined when they are the same: same types, same contents (NaN, -0 and holes
 * included), and the same identities: two places hold one object here if and only if they hold one object there.
 */
export function difference(actual: unknown, expected: unknown): string | undefined {
  return compare(actual, expected, 'value', new Map(), new Map())
}

type Seen = Map<object, object>

function compare(a: unknown, b: unknown, path: string, left: Seen, right: Seen): string | undefined {
  if (!isObject(a) || !isObject(b)) return Object.is(a, b) ? undefined : `${path}: ${show(a)} instead of ${show(b)}`
  const known = left.get(a)
  if (known !== undefined || right.has(b)) {
    return known === b && right.get(b) === a ? undefined : `${path}: another identity`
  }
  left.set(a, b)
  right.set(b, a)
  const inside = (x: unknown, y: unknown, step: string) => compare(x, y, path + step, left, right)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: another class`
  const problem = contents(a, b, path, inside)
  if (problem !== undefined) return problem
  return properties(a, b, path, inside)
}

type Inside = (x: unknown, y: unknown, step: string) => string | undefined

function contents(a: object, b: object, path: string, inside: Inside): string | undefined {
  if (a instanceof Date) return inside(a.getTime(), (b as Date).getTime(), '.getTime()')
  if (a instanceof RegExp) return inside(String(a), String(b), '.toString()')
  if (a instanceof Map) {
    return list([...a.entries()].flat(), [...(b as Map<unknown, unknown>).entries()].flat(), '.entries()', inside)
  }
  if (a instanceof Set) return list([...a], [...(b as Set<unknown>)], '.values()', inside)
  if (a instanceof ArrayBuffer) return list([...new Uint8Array(a)], [...new Uint8Array(b as ArrayBuffer)], '', inside)
  if (ArrayBuffer.isView(a)) return views(a, b as ArrayBufferView, path, inside)
  if (a instanceof Error) {
    for (const key of ['name', 'message', 'stack', 'cause', 'errors'] as const) {
      const problem = inside((a as AggregateError)[key], (b as AggregateError)[key], `.${key}`)
      if (problem !== undefined) return problem
    }
  }
  if (a instanceof Number || a instanceof String || a instanceof Boolean || a instanceof BigInt) {
    return inside(a.valueOf(), b.valueOf(), '.valueOf()')
  }
  return undefined
}

function views(a: ArrayBufferView, b: ArrayBufferView, path: string, inside: Inside): string | undefined {
  if (a.byteLength !== b.byteLength) return `${path}: ${a.byteLength} bytes instead of ${b.byteLength}`
  const problem = list(bytesOf(a), bytesOf(b), '', inside)
  // Whole buffers where they are whole on both sides: their identity counts.
  if (problem === undefined && a.buffer.byteLength === b.buffer.byteLength) return inside(a.buffer, b.buffer, '.buffer')
  return problem
}

function bytesOf(view: ArrayBufferView): number[] {
  return [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)]
}

function list(a: unknown[], b: unknown[], step: string, inside: Inside): string | undefined {
  if (a.length !== b.length) return inside(a.length, b.length, `${step}.length`)
  for (const [index, element] of a.entries()) {
    const problem = inside(element, b[index], `${step}[${index}]`)
    if (problem !== undefined) return problem
  }
  return undefined
}

function properties(a: object, b: object, path: string, inside: Inside): string | undefined {
  if (ArrayBuffer.isView(a) || a instanceof String) return undefined
  const keys = Object.keys(a)
  const others = Object.keys(b)
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return `${path}: another length`
  if (keys.join('\n') !== others.join('\n')) return `${path}: keys [${keys.join()}] instead of [${others.join()}]`
  for (const key of keys) {
    const problem = inside(
      (a as Record<string, unknown>)[key],
      (b as Record<string, unknown>)[key],
      Array.isArray(a) ? `[${key}]` : `.${key}`,
    )
    if (problem !== undefined) return problem
  }
  return undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : Object.is(value, -0) ? '-0' : String(value)
}
