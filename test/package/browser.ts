// Type-checked, never run, without any of Node's types: what a browser's bundler sees.
import { ChannelClosed, channel } from '@klaw/core/channel'

export async function main(): Promise<string> {
  const [tx, rx] = channel<string>({ capacity: 1 })
  await tx.send('hello', { timeout: 100, signal: new AbortController().signal })
  const result = rx.tryRecv()
  if (result.ok) return result.value
  return result.error instanceof ChannelClosed ? 'closed' : 'empty'
}
