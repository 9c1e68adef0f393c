/** @typedef {{ time: number, lines: readonly string[] }} Screen what was shown from then on, in milliseconds since the start */

const text = { size: 13, width: 7.83, line: 18 }
const margin = 16
const bar = 34
const colours = { frame: '#1b1f27', bar: '#2a303b', text: '#d5d9e0', prompt: '#8fce8f' }
const font = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'

/**
 * A picture of a terminal as an SVG that plays once and then stays as it is. What shows no animations shows the end.
 *
 * @param {string} title
 * @param {readonly Screen[]} screens in order of time
 * @param {number} columns
 */
export function terminalSvg(title, screens, columns) {
  const rows = Math.max(...screens.map(({ lines }) => lines.findLastIndex((line) => line !== '') + 1))
  const width = Math.ceil(columns * text.width + 2 * margin)
  const height = bar + rows * text.line + 2 * margin - 4
  const lines = Array.from({ length: rows }, (_, row) => versionsOf(screens, row).map((version) => draw(version, row)))
  const dots = ['#ec6a5e', '#f4be4f', '#61c454'].map((colour, index) => {
    return `<circle cx="${margin + 4 + index * 18}" cy="${bar / 2}" r="5.5" fill="${colour}"/>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<rect width="${width}" height="${height}" rx="8" fill="${colours.frame}"/>
<path d="M0 ${bar}V8a8 8 0 0 1 8-8h${width - 16}a8 8 0 0 1 8 8v${bar - 8}z" fill="${colours.bar}"/>
${dots.join('')}
<g font-family='${font}' font-size="${text.size}" fill="${colours.text}" xml:space="preserve">
<text x="${width / 2}" y="${bar / 2 + 4}" text-anchor="middle" opacity="0.7">${escaped(title)}</text>
${lines.flat().join('\n')}
</g>
</svg>
`
}

/**
 * What one line has been, and from when to when; the last one has no end.
 *
 * @param {readonly Screen[]} screens
 * @param {number} row
 */
function versionsOf(screens, row) {
  /** @type {{ content: string, from: number, to: number | undefined }[]} */
  const versions = []
  for (const { time, lines } of screens) {
    const content = lines[row] ?? ''
    const last = versions.at(-1)
    if (last?.content === content) continue
    if (last !== undefined) last.to = time
    versions.push({ content, from: time, to: undefined })
  }
  return versions.filter(({ content }) => content !== '')
}

/**
 * @param {ReturnType<typeof versionsOf>[number]} version
 * @param {number} row
 */
function draw({ content, from, to }, row) {
  const y = bar + margin + row * text.line + text.size - 2
  const colour = content.startsWith('$ ') ? ` fill="${colours.prompt}"` : ''
  // By its length, so that all fonts are as wide.
  const length = (content.length * text.width).toFixed(1)
  const start = `<text x="${margin}" y="${y}" textLength="${length}" lengthAdjust="spacingAndGlyphs"${colour}`
  const seconds = (/** @type {number} */ time) => `${(time / 1_000).toFixed(2)}s`
  if (to !== undefined) {
    const shown = `<set attributeName="visibility" to="visible" begin="${seconds(from)}" end="${seconds(to)}"/>`
    return `${start} visibility="hidden">${escaped(content)}${shown}</text>`
  }
  const hidden = from === 0 ? '' : `<set attributeName="visibility" to="hidden" begin="0s" end="${seconds(from)}"/>`
  return `${start}>${escaped(content)}${hidden}</text>`
}

/** @param {string} content */
function escaped(content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
