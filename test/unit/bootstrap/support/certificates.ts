import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
}

/** An authority of its own, in a folder of its own. Needs `openssl`. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), 'klaw-certificates-'))
  readonly certFile = join(this.folder, 'ca.pem')
  readonly cert: string
  #count = 0

  constructor() {
    writeFileSync(join(this.folder, 'ca.cnf'), configuration(this.folder))
    writeFileSync(join(this.folder, 'index.txt'), '')
    writeFileSync(join(this.folder, 'serial'), '1000\n')
    const subject = ['-subj', '/CN=test authority', '-days', '2']
    this.#run(['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca-key.pem', '-out', 'ca.pem', ...subject])
    this.cert = readFileSync(this.certFile, 'utf8')
  }

  /** For these addresses, as server and as client. */
  issue(addresses: string | readonly string[], options: { expired?: boolean } = {}): Certificate {
    this.#count += 1
    const name = `certificate-${this.#count}`
    this.#run([
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}-key.pem`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    ])
    writeFileSync(
      join(this.folder, `${name}.ext`),
      `subjectAltName=${[addresses].flat().map((address) => `IP:${address}`)}\n`,
    )
    const dates = options.expired ? ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'] : ['-days', '2']
    this.#run([
      'ca',
      '-batch',
      '-config',
      'ca.cnf',
      '-in',
      `${name}.csr`,
      '-out',
      `${name}.pem`,
      '-notext',
      '-extfile',
      `${name}.ext`,
      ...dates,
    ])
    const certFile = join(this.folder, `${name}.pem`)
    const keyFile = join(this.folder, `${name}-key.pem`)
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), certFile, keyFile }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #run(args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.folder, stdio: 'pipe' })
  }
}

function configuration(folder: string): string {
  return `
[ca]
default_ca = test
[test]
database = ${folder}/index.txt
serial = ${folder}/serial
new_certs_dir = ${folder}
certificate = ${folder}/ca.pem
private_key = ${folder}/ca-key.pem
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
`
}
