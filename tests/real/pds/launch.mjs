// Starts a PLC directory (in memory) and a Bluesky PDS on loopback; prints one JSON line when both answer, and ends
// when its standard input closes. usage: node launch.mjs MODULES_FOLDER DATA_FOLDER
import { createRequire } from 'node:module'
import crypto from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'

const [modules, data] = process.argv.slice(2)
const require = createRequire(path.join(path.resolve(modules), 'package.json'))
const { PDS, envToCfg, envToSecrets } = require('@atproto/pds')
const plcLib = require('@did-plc/server')

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })

// Both servers listen on all addresses by themselves; keep them on loopback.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port, ...rest) {
  return typeof port === 'number' ? listen.call(this, port, '127.0.0.1', ...rest) : listen.call(this, port, ...rest)
}

const plcPort = await freePort()
const plc = plcLib.PlcServer.create({ db: plcLib.Database.mock(), port: plcPort })
await plc.start()

const hex = (bytes) => crypto.randomBytes(bytes).toString('hex')
fs.mkdirSync(path.join(data, 'blobs'), { recursive: true })
const port = await freePort()
const env = {
  port,
  hostname: 'localhost',
  dataDirectory: data,
  blobstoreDiskLocation: path.join(data, 'blobs'),
  blobstoreDiskTmpLocation: path.join(data, 'tmp'),
  didPlcUrl: `http://127.0.0.1:${plcPort}`,
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  devMode: true,
  disableSsrfProtection: true,
  bskyAppViewUrl: 'http://127.0.0.1:9',
  bskyAppViewDid: 'did:example:nobody',
  recoveryDidKey: undefined,
  jwtSecret: hex(32),
  adminPassword: hex(16),
  plcRotationKeyK256PrivateKeyHex: hex(32),
}
const pds = await PDS.create(envToCfg(env), envToSecrets(env))
await pds.start()

const url = `http://127.0.0.1:${port}`
const account = { handle: 'paper.test', email: 'paper@paper.test', password: hex(12) }
const made = await fetch(`${url}/xrpc/com.atproto.server.createAccount`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(account),
})
if (!made.ok) throw new Error(`createAccount: ${made.status} ${await made.text()}`)
console.log(JSON.stringify({ url, handle: account.handle, password: account.password }))

process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
