import { actor } from '@klaw/core'

export const WordCounter = actor(
  import.meta,
  class WordCounter {
    total = 0

    count(text) {
      this.total += text.split(/\s+/).filter(Boolean).length
      return this.total
    }
  },
)
