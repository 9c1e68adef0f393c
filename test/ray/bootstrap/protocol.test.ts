import { execFileSync } from 'node:child_process'
import type { DescField, ScalarType } from '@bufbuild/protobuf'
import { expect, inject, test } from 'vitest'
import { file_ray_client } from '../../../src/engine/ray/bootstrap/generated/ray_client_pb.ts'
import { unpickle } from '../../../src/engine/ray/bootstrap/pickle-reader.ts'
import { classFromSource, PyCall, PyFloat, PyGlobal, PyTuple } from '../../../src/engine/ray/bootstrap/pickle-values.ts'
import { pickle } from '../../../src/engine/ray/bootstrap/pickle-writer.ts'

/** All messages, enums and calls of the installed Ray, by name. */
const describe = `
import json
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from ray.core.generated import ray_client_pb2

proto = FileDescriptorProto()
ray_client_pb2.DESCRIPTOR.CopyToProto(proto)
messages, enums = {}, {}

def visit(message, prefix):
    name = prefix + "." + message.name
    messages[name] = {
        field.name: [field.number, field.type, field.label == 3, field.type_name.lstrip(".")] for field in message.field
    }
    for enum in message.enum_type:
        enums[name + "." + enum.name] = {value.name: value.number for value in enum.value}
    for nested in message.nested_type:
        visit(nested, name)

for message in proto.message_type:
    visit(message, proto.package)
services = {
    proto.package + "." + service.name: {
        method.name: [method.input_type, method.output_type, method.client_streaming, method.server_streaming]
        for method in service.method
    }
    for service in proto.service
}
print(json.dumps({"messages": messages, "enums": enums, "services": services}))
`

interface Description {
  readonly messages: Record<string, Record<string, unknown>>
  readonly enums: Record<string, Record<string, number>>
  readonly services: Record<string, Record<string, unknown>>
}

function python(source: string, input = ''): string {
  return execFileSync(inject('rayPython'), ['-c', source], { input, encoding: 'utf8', maxBuffer: 1e8 })
}

const messageType = 11
const enumType = 14

function describeField(field: DescField): unknown[] {
  const list = field.fieldKind === 'list'
  const kind = field.fieldKind === 'list' ? field.listKind : field.fieldKind
  const name = field.message?.typeName ?? field.enum?.typeName ?? ''
  // Scalar types have the numbers that descriptors give them.
  const type = kind === 'message' ? messageType : kind === 'enum' ? enumType : (field.scalar as ScalarType)
  return [field.number, type, list, name]
}

test('our messages, enums and calls are those of the installed Ray, as far as they go', () => {
  const ray = JSON.parse(python(describe)) as Description
  const visit = (messages: typeof file_ray_client.messages) => {
    for (const message of messages) {
      const theirs = ray.messages[message.typeName]
      expect(theirs, message.typeName).toBeDefined()
      for (const field of message.fields) {
        expect(describeField(field), `${message.typeName}.${field.name}`).toEqual(theirs?.[field.name])
      }
      for (const { typeName, values } of message.nestedEnums) {
        for (const { name, number } of values) expect(number, `${typeName}.${name}`).toBe(ray.enums[typeName]?.[name])
      }
      visit(message.nestedMessages)
    }
  }
  visit(file_ray_client.messages)
  for (const service of file_ray_client.services) {
    for (const { name, input, output, methodKind } of service.methods) {
      const streams = methodKind === 'bidi_streaming'
      const ours = [`.${input.typeName}`, `.${output.typeName}`, streams, streams]
      expect(ours, name).toEqual(ray.services[service.typeName]?.[name])
    }
  }
})

test('Python reads what we pickle', () => {
  const shared = [1]
  const value = {
    none: null,
    flags: [true, false],
    numbers: [
      0,
      255,
      256,
      -1,
      2 ** 31 - 1,
      -(2 ** 31),
      2 ** 31,
      2 ** 53 - 1,
      10n ** 30n,
      -(2n ** 63n),
      -(2n ** 64n) - 1n,
      2n ** 2100n,
    ],
    floats: [1.5, -0, new PyFloat(3), 1e300],
    texts: ['', 'ä€😀', 'x'.repeat(300)],
    bytes: [new Uint8Array(0), new Uint8Array([0, 255]), new Uint8Array(300).fill(7)],
    tuples: [0, 1, 2, 3, 4].map((length) => new PyTuple(Array.from({ length }, (_, index) => index))),
    map: new Map<unknown, unknown>([[1, 'one']]),
    shared: [shared, shared],
    called: new PyCall(new PyGlobal('collections', 'OrderedDict'), []),
    made: classFromSource('class A:\n    x = 41\n    def f(self):\n        return self.x + 1\n', 'A', 'a.py'),
  }
  const output = python(
    `
import pickle, sys
value = pickle.loads(bytes.fromhex(sys.stdin.read()))
assert value["none"] is None
assert value["flags"] == [True, False] and type(value["flags"][0]) is bool
assert value["numbers"] == [0, 255, 256, -1, 2**31 - 1, -(2**31), 2**31, 2**53 - 1, 10**30, -(2**63), -(2**64) - 1, 2**2100]
assert all(type(number) is int for number in value["numbers"])
assert [repr(number) for number in value["floats"]] == ["1.5", "-0.0", "3.0", "1e+300"]
assert value["texts"] == ["", "ä€😀", "x" * 300]
assert value["bytes"] == [b"", b"\\x00\\xff", b"\\x07" * 300]
assert value["tuples"] == [tuple(range(length)) for length in range(5)]
assert value["map"] == {1: "one"}
assert value["shared"][0] is value["shared"][1]
assert type(value["called"]).__name__ == "OrderedDict"
assert value["made"]().f() == 42 and value["made"].__module__ == "a"
print("fine")
`,
    Buffer.from(pickle(value)).toString('hex'),
  )
  expect(output.trim()).toBe('fine')
})

test('we read what Python pickles, by every protocol', () => {
  const output = python(`
import pickle
import collections
value = [None, True, False, 0, 255, 65535, -1, 2**31, 2**100, -(2**100), 1.5, float("inf"), "ä", "x" * 300, b"ab", b"y" * 300,
         (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], {}, {"a": 1}, {1}, bytearray(b"z")]
for protocol in range(6):
    print(pickle.dumps(value, protocol).hex())
print(pickle.dumps([collections.OrderedDict(a=1), ValueError("no"), len, collections.Counter]).hex())
`)
  const lines = output.trim().split('\n')
  const read = lines.map((line) => unpickle(Buffer.from(line, 'hex')) as unknown[])
  const objects = read.pop() as unknown[]
  for (const [protocol, values] of read.entries()) {
    expect(values.slice(0, 14)).toEqual([
      ...[null, true, false, 0, 255, 65535, -1, 2 ** 31, 2n ** 100n, -(2n ** 100n), 1.5, Number.POSITIVE_INFINITY],
      ...['ä', 'x'.repeat(300)],
    ])
    // Before protocol 3 there are no bytes: they are calls.
    if (protocol >= 3) expect(values.slice(14, 16)).toEqual([bytesOf('ab'), bytesOf('y'.repeat(300))])
    const tuples = [0, 1, 2, 3, 4].map((length) => new PyTuple(Array.from({ length }, (_, index) => index + 1)))
    expect(values.slice(16, 25)).toEqual([...tuples, [], [1], new Map(), new Map([['a', 1]])])
    if (protocol >= 4) expect(values[25]).toEqual(new Set([1]))
    if (protocol >= 5) expect(values[26]).toEqual(bytesOf('z'))
  }
  const [ordered, error, builtin, counter] = objects as [PyCall, PyCall, PyGlobal, PyGlobal]
  expect(ordered.entries).toEqual(new Map([['a', 1]]))
  expect(error.callable).toEqual(new PyGlobal('builtins', 'ValueError'))
  expect(error.args).toEqual(['no'])
  expect([builtin, counter]).toEqual([new PyGlobal('builtins', 'len'), new PyGlobal('collections', 'Counter')])
})

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}
