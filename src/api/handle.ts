import type { SelectSource } from '../core/select.ts'

/** Where a handle keeps the port that it stands on. Not public: engines use it to pass handles on. */
export const portSymbol: unique symbol = Symbol.for('klaw.port')

/** Makes the copy that is passed on when a handle is itself the value of a send. Not public. */
export const passSymbol: unique symbol = Symbol.for('klaw.pass')

/** Makes the case of a `select` that sends a value. Not public. */
export const sendSymbol: unique symbol = Symbol.for('klaw.send')

/** Makes the case that a handle stands for in a `select`. */
export const selectSymbol: unique symbol = Symbol.for('klaw.select')

/** Something that can be a case of {@link select}; `Outcome` is what it brings. */
export interface Selectable<out Outcome> {
  [selectSymbol](): SelectSource<Outcome>
}
