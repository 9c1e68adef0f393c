/** Objects that no message can hold, by tag, and what to send instead. */
const languageObjects: ReadonlyMap<string, string> = new Map([
  ['Promise', 'await it first'],
  ['WeakMap', 'send a Map'],
  ['WeakSet', 'send a Set'],
  ['WeakRef', 'send what it refers to'],
  ['FinalizationRegistry', ''],
  ['Generator', 'send an array of what it yields'],
  ['AsyncGenerator', 'send what it yields through a channel'],
  ['Array Iterator', 'send an array'],
  ['Map Iterator', 'send an array'],
  ['Set Iterator', 'send an array'],
  ['String Iterator', 'send an array'],
  ['Iterator Helper', 'send an array'],
])

/** Platform objects keep nothing in properties of their own: they would arrive empty. */
const platformObjects: ReadonlyMap<string, string> = new Map([
  ['URL', 'send its href'],
  ['URLSearchParams', 'send String(params)'],
  ['Headers', 'send an array of its entries'],
  ['FormData', 'send an array of its entries'],
  ['Blob', 'send its arrayBuffer()'],
  ['File', 'send its arrayBuffer()'],
  ['Request', 'send its url and options'],
  ['Response', 'send its status and body'],
  ['AbortController', ''],
  ['AbortSignal', ''],
  ['ReadableStream', 'send its chunks through a channel'],
  ['WritableStream', ''],
  ['TransformStream', ''],
  ['MessagePort', 'send a channel end'],
  ['WebSocket', ''],
])

/** Why an object with that tag cannot be sent, and what can instead; undefined when it can. */
export function refusalOf(value: object, tag: string): string | undefined {
  let hint = languageObjects.get(tag)
  if (hint === undefined) {
    hint = platformObjects.get(tag)
    const Class = (globalThis as Record<string, unknown>)[tag]
    // A class of the user's may have the same tag.
    if (hint === undefined || typeof Class !== 'function' || !(value instanceof Class)) return undefined
  }
  return `a ${tag} cannot be sent${hint === '' ? '' : `: ${hint}`}`
}
