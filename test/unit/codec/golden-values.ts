import { PyObject } from '../../../src/codec/py-object.ts'
import { ActorDiedError } from '../../../src/errors.ts'

/** One golden value: the value, and what the same bytes are in Python. */
export interface GoldenValue {
  readonly name: string
  /** As one would write it in TypeScript. */
  readonly typescript: string
  /** As one would write it in Python, after `from datetime import datetime, timezone` and `import numpy`. */
  readonly python: string
  readonly value: unknown
}

/** Every token and every extension type of `docs/values.md` that TypeScript writes without a runtime. */
export function goldenValues(): GoldenValue[] {
  return [
    golden('null', 'null', 'None', null),
    golden('true', 'true', 'True', true),
    golden('undefined', 'undefined', 'None', undefined),
    golden(
      'integers',
      '[0, 127, 128, 65536, 4294967296, -1, -33, -32769, -2147483649]',
      'the same',
      [0, 127, 128, 65536, 4294967296, -1, -33, -32769, -2147483649],
    ),
    golden('doubles', '[1.5, -0, Infinity, -Infinity]', '[1.5, -0.0, inf, -inf]', [1.5, -0, Infinity, -Infinity]),
    golden('nan', 'NaN', 'nan', Number.NaN),
    golden('strings', "['', 'short', 'x'.repeat(40), 'ünï 😀']", 'the same', ['', 'short', 'x'.repeat(40), 'ünï 😀']),
    golden('lone-surrogate', "'a\\ud800b'", "'a\\ud800b'", 'a\ud800b'),
    golden(
      'object',
      '{ id: 1, tags: ["a"], nested: { deep: null } }',
      "{'id': 1, 'tags': ['a'], 'nested': {'deep': None}}",
      {
        id: 1,
        tags: ['a'],
        nested: { deep: null },
      },
    ),
    golden('array-with-holes', '[1, , 3]', '[1, None, 3]', withHole()),
    golden(
      'sparse-array',
      'an array of length 5000 with 7 at 4000',
      'a list of 5000, None but for 7 at 4000',
      sparse(),
    ),
    golden('bigints', '[0n, -1n, 2n ** 63n - 1n, 2n ** 64n, -(2n ** 70n)]', '[0, -1, 2**63 - 1, 2**64, -2**70]', [
      0n,
      -1n,
      2n ** 63n - 1n,
      2n ** 64n,
      -(2n ** 70n),
    ]),
    golden(
      'dates',
      '[new Date(0), new Date(1), new Date(-1), new Date(2 ** 34 * 1000)]',
      'datetimes with timezone.utc',
      [new Date(0), new Date(1), new Date(-1), new Date(2 ** 34 * 1000)],
    ),
    golden('invalid-date', 'new Date(NaN)', 'None', new Date(Number.NaN)),
    golden('regexp', '/a\\/b/gi', "re.compile('a\\\\/b', re.I)", /a\/b/gi),
    golden(
      'map',
      "new Map([['a', 1], [2, 'b']])",
      "{'a': 1, 2: 'b'}",
      new Map<unknown, unknown>([
        ['a', 1],
        [2, 'b'],
      ]),
    ),
    golden('set', "new Set([1, 'a'])", "{1, 'a'}", new Set([1, 'a'])),
    golden('boxed', '[new Number(1), new String("s"), new Boolean(true), Object(5n)]', "[1, 's', True, 5]", [
      Object(1),
      Object('s'),
      Object(true),
      Object(5n),
    ]),
    golden('bytes', 'Uint8Array.of(1, 2, 3)', "b'\\x01\\x02\\x03'", Uint8Array.of(1, 2, 3)),
    golden('array-buffer', 'Uint8Array.of(1, 2, 3).buffer', "b'\\x01\\x02\\x03'", Uint8Array.of(1, 2, 3).buffer),
    golden('typed-arrays', '[Int16Array.of(-1), Float64Array.of(1.5, 2)]', 'numpy arrays of int16 and float64', [
      Int16Array.of(-1),
      Float64Array.of(1.5, 2),
    ]),
    golden(
      'data-view',
      'new DataView(Uint8Array.of(1, 2, 3).buffer, 1)',
      "b'\\x02\\x03'",
      new DataView(Uint8Array.of(1, 2, 3).buffer, 1),
    ),
    golden(
      'n-d-array',
      'Float32Array.of(1, 2, 3, 4, 5, 6) with shape [2, 3]',
      'numpy float32 of shape (2, 3)',
      Object.assign(Float32Array.of(1, 2, 3, 4, 5, 6), { shape: [2, 3] }),
    ),
    golden(
      'shared-views',
      'two views of one buffer: [bytes 0 to 3, bytes 2 to 4]',
      'numpy arrays on one buffer',
      sharedViews(),
    ),
    golden('shared-reference', 'const a = { x: 1 }; [a, a]', 'a = {"x": 1}; [a, a]', shared()),
    golden('cycle', 'const a = {}; a.self = a', "a = {}; a['self'] = a", cycle()),
    golden(
      'cycle-through-a-map',
      "const m = new Map(); m.set('set', new Set([[m]]))",
      'lists cannot be in a set: see docs/values.md',
      mapCycle(),
    ),
    golden(
      'error',
      'new RangeError("outer", { cause: new TypeError("inner") }) with code: "E"',
      'see docs/values.md',
      error(),
    ),
    golden('klaw-error', 'new ActorDiedError("gone", { actorId: "a1" })', 'klaw.ActorDiedError', klawError()),
    golden(
      'py-object',
      "new PyObject('decimal.Context', 'Context()', Uint8Array.of(9))",
      'the object itself',
      new PyObject('decimal.Context', 'Context()', Uint8Array.of(9)),
    ),
  ]
}

function golden(name: string, typescript: string, python: string, value: unknown): GoldenValue {
  return { name, typescript, python: python === 'the same' ? typescript : python, value }
}

function withHole(): unknown[] {
  const array = new Array(3)
  array[0] = 1
  array[2] = 3
  return array
}

function sparse(): unknown[] {
  const array = new Array(5000)
  array[4000] = 7
  return array
}

function sharedViews(): Uint8Array[] {
  const { buffer } = Uint8Array.of(1, 2, 3, 4)
  return [new Uint8Array(buffer, 0, 3), new Uint8Array(buffer, 2, 2)]
}

function shared(): unknown[] {
  const value = { x: 1 }
  return [value, value]
}

function cycle(): unknown {
  const value: Record<string, unknown> = {}
  value.self = value
  return value
}

function mapCycle(): unknown {
  const map = new Map<unknown, unknown>()
  map.set('set', new Set([[map]]))
  return map
}

/** Stacks would name files of the machine that wrote them. */
function error(): Error {
  const cause = new TypeError('inner')
  cause.stack = 'TypeError: inner\n    at somewhere'
  const outer = Object.assign(new RangeError('outer', { cause }), { code: 'E' })
  outer.stack = 'RangeError: outer\n    at elsewhere'
  return outer
}

function klawError(): Error {
  const gone = new ActorDiedError('gone', { actorId: 'a1' })
  gone.stack = 'ActorDiedError: gone\n    at elsewhere'
  return gone
}
