const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const decimal = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

/** 12345 as '12,345' */
export function count(value: number): string {
  return integer.format(value)
}

/** 1234567 as '1.2 MB'; a megabyte is 1,000,000 bytes. */
export function megabytes(bytes: number): string {
  return `${decimal.format(bytes / 1e6)} MB`
}

/** Milliseconds as seconds: 1234 as '1.2 s' */
export function seconds(milliseconds: number): string {
  return `${decimal.format(milliseconds / 1000)} s`
}

/** How much in a second: '1.2 MB/s' */
export function rate(bytes: number, milliseconds: number): string {
  return `${megabytes(perSecond(bytes, milliseconds))}/s`
}

/** Parts of their sum: [1, 3] as '25 % 75 %' */
export function shares(parts: readonly number[]): string {
  const sum = parts.reduce((total, part) => total + part, 0)
  return parts.map((part) => `${integer.format(sum === 0 ? 0 : (100 * part) / sum)} %`).join(' ')
}

export function ratio(value: number): string {
  return `${value.toFixed(2)} ×`
}

export function perSecond(amount: number, milliseconds: number): number {
  return milliseconds > 0 ? (amount * 1000) / milliseconds : 0
}
