import { PickleInput } from './pickle-input.ts'
import { opcode as op } from './pickle-opcodes.ts'
import { PickleStack } from './pickle-stack.ts'
import { PyCall, PyGlobal, PyPersistent, PyTuple } from './pickle-values.ts'

/**
 * Reads a pickle of any protocol without evaluating anything: a class is a {@link PyGlobal}, an object a {@link PyCall} that says
 * what Python would have called. Lists are arrays, dicts maps, ints numbers where those hold them and bigints elsewhere; bytes are
 * views of `bytes`. Takes time and memory in proportion to the bytes.
 *
 * @throws {SerializationError} for what is no pickle, for pickles with buffers beside them, and for strings of Python 2
 */
export function unpickle(bytes: Uint8Array): unknown {
  const input = new PickleInput(bytes)
  const stack = new PickleStack(input)
  for (;;) {
    const code = input.uint8()
    if (code === op.STOP) return stack.finish()
    const known = readScalar(code, input, stack) || readContainer(code, stack) || readObject(code, input, stack)
    if (!known) input.refuse(`it holds the unknown opcode 0x${code.toString(16)}`)
  }
}

/** What stands for itself, and the memo. */
function readScalar(code: number, input: PickleInput, stack: PickleStack): boolean {
  if (code === op.PROTO) {
    const version = input.uint8()
    if (version > 5) input.refuse(`it is of protocol ${version}`)
  } else if (code === op.FRAME) {
    if (input.uint64() > input.left) input.refuse('it holds a frame that is larger than the rest')
  } else if (code === op.NONE) stack.push(null)
  else if (code === op.NEWTRUE) stack.push(true)
  else if (code === op.NEWFALSE) stack.push(false)
  else if (code === op.BININT1) stack.push(input.uint8())
  else if (code === op.BININT2) stack.push(input.uint16())
  else if (code === op.BININT) stack.push(input.int32())
  else if (code === op.LONG1) stack.push(input.integer(input.uint8()))
  else if (code === op.LONG4) stack.push(input.integer(input.uint32()))
  else if (code === op.INT || code === op.LONG) stack.push(input.decimal())
  else if (code === op.BINFLOAT) stack.push(input.float64())
  else if (code === op.FLOAT) stack.push(readFloat(input))
  else if (code === op.UNICODE) stack.push(input.escapedLine())
  else if (code === op.SHORT_BINUNICODE) stack.push(input.text(input.uint8()))
  else if (code === op.BINUNICODE) stack.push(input.text(input.uint32()))
  else if (code === op.BINUNICODE8) stack.push(input.text(input.uint64()))
  else if (code === op.SHORT_BINBYTES) stack.push(input.bytes(input.uint8()))
  else if (code === op.BINBYTES) stack.push(input.bytes(input.uint32()))
  else if (code === op.BINBYTES8 || code === op.BYTEARRAY8) stack.push(input.bytes(input.uint64()))
  else if (code === op.MEMOIZE) stack.memoize()
  else if (code === op.BINPUT) stack.put(input.uint8())
  else if (code === op.LONG_BINPUT) stack.put(input.uint32())
  else if (code === op.PUT) stack.put(Number(input.decimal()))
  else if (code === op.BINGET) stack.get(input.uint8())
  else if (code === op.LONG_BINGET) stack.get(input.uint32())
  else if (code === op.GET) stack.get(Number(input.decimal()))
  else return false
  return true
}

function readContainer(code: number, stack: PickleStack): boolean {
  if (code === op.MARK) stack.mark()
  else if (code === op.POP) stack.drop()
  else if (code === op.POP_MARK) stack.popToMark()
  else if (code === op.DUP) stack.push(stack.top())
  else if (code === op.EMPTY_TUPLE) stack.push(new PyTuple([]))
  else if (code === op.TUPLE1) stack.push(new PyTuple(stack.popMany(1)))
  else if (code === op.TUPLE2) stack.push(new PyTuple(stack.popMany(2)))
  else if (code === op.TUPLE3) stack.push(new PyTuple(stack.popMany(3)))
  else if (code === op.TUPLE) stack.push(new PyTuple(stack.popToMark()))
  else if (code === op.EMPTY_LIST) stack.push([])
  else if (code === op.LIST) stack.push(stack.popToMark())
  else if (code === op.EMPTY_DICT) stack.push(new Map())
  else if (code === op.DICT) {
    const items = stack.popToMark()
    stack.push(new Map())
    stack.setItems(items)
  } else if (code === op.EMPTY_SET) stack.push(new Set())
  else if (code === op.FROZENSET) stack.push(new Set(stack.popToMark()))
  else if (code === op.APPEND) stack.append([stack.pop()])
  else if (code === op.APPENDS) stack.append(stack.popToMark())
  else if (code === op.ADDITEMS) stack.addItems(stack.popToMark())
  else if (code === op.SETITEM) stack.setItems(stack.popMany(2))
  else if (code === op.SETITEMS) stack.setItems(stack.popToMark())
  else return false
  return true
}

/** Everything that Python would evaluate: described instead. */
function readObject(code: number, input: PickleInput, stack: PickleStack): boolean {
  if (code === op.GLOBAL) stack.push(new PyGlobal(input.line(), input.line()))
  else if (code === op.STACK_GLOBAL) {
    const [module, name] = stack.popMany(2)
    if (typeof module !== 'string' || typeof name !== 'string') input.refuse('it holds a global without a name')
    stack.push(new PyGlobal(module, name))
  } else if (code === op.REDUCE || code === op.NEWOBJ) {
    const [callable, args] = stack.popMany(2)
    stack.push(new PyCall(callable, stack.itemsOf(args)))
  } else if (code === op.NEWOBJ_EX) {
    const [callable, args, keywords] = stack.popMany(3)
    stack.push(new PyCall(callable, [...stack.itemsOf(args), keywords]))
  } else if (code === op.INST) {
    const callable = new PyGlobal(input.line(), input.line())
    stack.push(new PyCall(callable, stack.popToMark()))
  } else if (code === op.OBJ) {
    const [callable, ...args] = stack.popToMark()
    stack.push(new PyCall(callable, args))
  } else if (code === op.BUILD) stack.build(stack.pop())
  else if (code === op.BINPERSID) stack.push(new PyPersistent(stack.pop()))
  else return false
  return true
}

function readFloat(input: PickleInput): number {
  const line = input.line()
  if (/^[+-]?(inf|nan)$/.test(line)) return line.includes('nan') ? Number.NaN : line.startsWith('-') ? -1 / 0 : 1 / 0
  if (!/^[+-]?[\d.]{1,400}(e[+-]?\d{1,5})?$/i.test(line))
    input.refuse('it holds something else where a float should be')
  return Number(line)
}
