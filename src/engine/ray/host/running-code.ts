import { pathToFileURL } from 'node:url'
import { KlawError } from '../../../errors.ts'
import type { CodeAddress } from '../../definition.ts'
import type { CodePlace, CodeSource } from '../code/code-source.ts'

/** Where the bundles that this process runs came from: code inside of them finds its way to other processes as part of the same bundle. */
export class RunningCode implements CodeSource {
  readonly #places = new Map<string, CodePlace>()

  /** Takes note of a bundle that is about to be loaded from the file `path`; returns the URL by which its modules know themselves. */
  note(path: string, { runtime, module, source }: Omit<CodePlace, 'inside'>): string {
    const url = pathToFileURL(path).href
    if (!this.#places.has(url)) this.#places.set(url, { runtime, module, source, inside: true })
    return url
  }

  placeOf({ module, name }: CodeAddress): CodePlace {
    const place = this.#places.get(module)
    if (place !== undefined) return place
    throw new KlawError(
      `'${name}' is defined in ${module}, which is not part of the bundle that runs here: import it in the module of the actor or task`,
    )
  }
}
