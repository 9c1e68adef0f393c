import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject, onTestFinished } from 'vitest'
import { pickAddress, pickPorts } from '../../../../src/cluster/loopback.ts'
import { headCommand, nodeEnvironment } from '../../../../src/cluster/ray-command.ts'
import { startNode } from '../../../../src/cluster/start-node.ts'
import { Authority } from '../../../unit/bootstrap/support/certificates.ts'

/** A head that speaks TLS only, with certificates made for its address, which `startCluster` would pick too late. */
export async function tlsHead() {
  const address = await pickAddress()
  const authority = new Authority()
  onTestFinished(() => authority.remove())
  // Ray's proxy reaches the processes of sessions on 127.0.0.1.
  const { certFile, keyFile } = authority.issue([address, '127.0.0.1'])
  const environment = {
    RAY_USE_TLS: '1',
    RAY_TLS_SERVER_CERT: certFile,
    RAY_TLS_SERVER_KEY: keyFile,
    RAY_TLS_CA_CERT: authority.certFile,
  }
  const [gcs, client, nodeManager] = (await pickPorts(3)) as [number, number, number]
  const folder = mkdtempSync(join(tmpdir(), 'klaw-tls-'))
  const options = { numCpus: 1, objectStoreMemory: 100_000_000, env: environment }
  const python = inject('rayPython')
  const head = await startNode(
    {
      python,
      command: headCommand(
        { python, ray: join(python, '../ray') },
        { address, gcs, client, nodeManager },
        folder,
        options,
      ),
      environment: nodeEnvironment(options),
      log: join(folder, 'start.log'),
      remove: [folder],
    },
    address,
    [gcs, client, nodeManager],
  )
  onTestFinished(() => head.stop())
  return { address: `ray://${address}:${client}`, environment, authority }
}
