import type { ActorDescription, MethodKind } from '../engine/definition.ts'
import { show } from './arguments.ts'

/** What is needed of `import.meta`: the URL under which the module can be imported again. */
export interface ModuleMeta {
  readonly url: string
}

/** The module's URL. Throws a `TypeError` when `meta` is not `import.meta`. */
export function moduleUrl(what: string, meta: ModuleMeta): string {
  const url: unknown = (meta as ModuleMeta | undefined)?.url
  if (typeof url !== 'string' || url === '') {
    throw new TypeError(`the first argument of ${what} must be import.meta, got ${show(meta)}`)
  }
  return url
}

/** What callers need to know of a class: its methods, inherited ones included. */
export function describeClass(module: string, target: abstract new (...args: never[]) => object): ActorDescription {
  const methods: Record<string, MethodKind> = {}
  let asynchronous = false
  for (let prototype = target.prototype; prototype !== null && prototype !== Object.prototype; ) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name === 'constructor' || typeof property.value !== 'function' || Object.hasOwn(methods, name)) continue
      const kind = functionKind(property.value)
      methods[name] = kind === 'generator' || kind === 'async generator' ? 'stream' : 'value'
      asynchronous ||= kind === 'async' || kind === 'async generator'
    }
    prototype = Object.getPrototypeOf(prototype)
  }
  if (Object.hasOwn(methods, 'then')) {
    throw new TypeError(`class ${target.name} has a method named 'then', so its handles could not be awaited safely`)
  }
  return { module, name: target.name, methods, asynchronous }
}

function functionKind(value: object): 'plain' | 'async' | 'generator' | 'async generator' {
  switch (Object.prototype.toString.call(value)) {
    case '[object AsyncFunction]':
      return 'async'
    case '[object GeneratorFunction]':
      return 'generator'
    case '[object AsyncGeneratorFunction]':
      return 'async generator'
    default:
      return 'plain'
  }
}
