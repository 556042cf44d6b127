// What Node's clients share: capabilities that are attempted and reported on (see ../run), and
// packages that ./dev test has installed into build/npm.
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const modules = resolve(dirname(fileURLToPath(import.meta.url)), '../../../build/npm/node_modules')

export function directoryOf(name) {
  const directory = `${modules}/${name}`
  if (!existsSync(directory)) {
    console.error(`${name} is not installed: ./dev test does so`)
    process.exit(77)
  }
  return directory
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** Of the one who runs the cluster; the lines of the answer. */
export async function ask(what) {
  console.log(`ask ${what}`)
  const answer = []
  for (;;) {
    const { value, done } = await lines.next()
    if (done) process.exit(1)
    if (value === 'done') return answer
    answer.push(value)
  }
}

/** Resolves on SIGTERM. */
export const askedToLeave = () => new Promise(resolve => process.once('SIGTERM', resolve))

export async function readByKcat(topic) {
  return (await ask(`read ${topic}`)).map(line => JSON.parse(line))
}

/** At least `count` values: what a transaction has written is there a little after it has been committed. */
export async function readCommitted(topic, count) {
  let values
  await waitUntil(`${count} records of ${topic}`, async () => {
    values = (await readByKcat(topic)).map(record => record.payload)
    return values.length >= count
  })
  return values
}

/** Runs `body`, which throws when the capability is not there. */
export async function attempt(capability, body) {
  try {
    const patience = new Promise((_resolve, reject) =>
      setTimeout(() => reject(new Error('not within 40 s')), 40_000).unref()
    )
    await Promise.race([body(), patience])
    console.log(`ok ${capability}`)
  } catch (why) {
    const all = error => [error.message, ...(error.errors ?? []).flatMap(all)]
    const causes = [...new Set(all(why))].join('; ')
    console.log(`failed ${capability}: ${causes}`.replaceAll('\n', ' ').slice(0, 300))
  }
}

export function notApplicable(capabilities, why) {
  for (const capability of capabilities.split(' ')) console.log(`n/a ${capability}: ${why}`)
}

export function expect(actual, expected) {
  const [is, should] = [actual, expected].map(value => JSON.stringify(value))
  if (is !== should) throw new Error(`${is?.slice(0, 120)}, not ${should.slice(0, 120)}`)
}

/** `body` is refused, and somewhere in the error it says `code`. */
export async function expectError(code, body) {
  try {
    await body()
  } catch (error) {
    const all = []
    const gather = e => {
      if (!e) return
      all.push(e.type, e.apiId, e.name, e.message)
      for (const inner of [...(e.errors ?? []), e.cause]) gather(inner)
    }
    gather(error)
    if (all.some(word => word?.includes(code))) return
    throw new Error(`${all.filter(Boolean).join(', ')}, not ${code}`)
  }
  throw new Error('no error')
}

export async function waitUntil(what, holds) {
  const until = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > until) throw new Error(`${what}: not within 20 s`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

export const numbered = count => Array.from({ length: count }, (_, i) => `record ${i}`)
export const sorted = values => [...values].sort()
