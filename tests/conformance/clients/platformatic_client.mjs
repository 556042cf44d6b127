#!/usr/bin/env node
// What @platformatic/kafka can do with a cluster: the newest versions of every API, flexible ones.
// Arguments: bootstrap.servers, or a member's (../groups.py), or `raise FEATURE LEVEL`.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import {
  ask,
  askedToLeave,
  attempt,
  directoryOf,
  expect,
  expectError,
  notApplicable,
  numbered,
  readByKcat,
  readCommitted,
  sorted,
  waitUntil
} from './reporting.mjs'

const directory = directoryOf('@platformatic/kafka')
const {
  Admin,
  ConfigResourceTypes,
  Connection,
  Consumer,
  IncrementalAlterConfigOperationTypes,
  Producer,
  ProduceAcks,
  compressionsAlgorithms,
  updateFeaturesV1
} = await import(pathToFileURL(`${directory}/dist/index.js`))

if (process.argv.length < 3) process.exit(0)
const reach = {
  clientId: 'conformance',
  bootstrapBrokers: process.argv[2].split(','),
  timeout: 5000,
  retries: 300,
  retryDelay: 100
}

/** A static one if it has an instance. */
async function beMember(topic, groupId, instance) {
  const leaving = askedToLeave()
  const consumer = new Consumer({
    ...reach,
    groupId,
    heartbeatInterval: 500,
    ...(instance
      ? { sessionTimeout: 30_000, groupInstanceId: instance }
      : { sessionTimeout: 6000 })
  })
  consumer.on('consumer:group:join', ({ assignments }) =>
    console.log('has', ...assignments.flatMap(({ partitions }) => partitions))
  )
  consumer.on('consumer:group:rebalance', () => console.log('has'))
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'committed',
    fallbackMode: 'earliest',
    autocommit: true
  })
  stream.on('data', ({ value }) => console.log(`record ${value}`))
  await leaving
  await stream.close()
  await consumer.close()
}

// Its assignments come and go without an event.
async function beConsumer(topic, groupId) {
  const leaving = askedToLeave()
  const consumer = new Consumer({ ...reach, groupId, groupProtocol: 'consumer' })
  let told = ''
  setInterval(() => {
    const has = ['has', ...(consumer.assignments ?? []).flatMap(({ partitions }) => partitions)]
    if (has.join(' ') !== told) console.log((told = has.join(' ')))
  }, 100)
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'committed',
    fallbackMode: 'earliest',
    autocommit: true
  })
  stream.on('data', ({ value }) => console.log(`record ${value}`))
  await leaving
  await stream.close()
  await consumer.close()
}

async function raiseFeature(feature, maxVersionLevel) {
  const [host, port] = reach.bootstrapBrokers[0].split(':')
  const connection = new Connection('conformance')
  await connection.connect(host, Number(port))
  const updates = [{ feature, maxVersionLevel: Number(maxVersionLevel), upgradeType: 1 }]
  await updateFeaturesV1.api.async(connection, 30_000, updates, false)
  await connection.close()
}

const roles = { member: beMember, static: beMember, consumer: beConsumer, raise: raiseFeature }
if (process.argv[3] in roles) {
  await roles[process.argv[3]](...process.argv.slice(4))
  process.exit(0)
}
console.log(
  `client @platformatic/kafka ${JSON.parse(readFileSync(`${directory}/package.json`)).version}`
)

// A refusal is to be seen at once, and not after a three hundred tries.
const admin = new Admin({ ...reach, retries: 2 })
const consumer = new Consumer({ ...reach, groupId: 'unused' })

async function producing(body, options = {}) {
  const producer = new Producer({ ...reach, ...options })
  try {
    return await body(producer)
  } finally {
    await producer.close()
  }
}

const metadataOf = async topic =>
  (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic)

async function create(topic, partitions = 1) {
  await admin.createTopics({ topics: [topic], partitions, replicas: 3 })
  await waitUntil(`${topic} has leaders`, async () => {
    try {
      return (await metadataOf(topic)).partitions.every(partition => partition.leader > 0)
    } catch {
      // The broker that was asked has not learnt of it yet.
      return false
    }
  })
}

const bytes = text => (text === null ? null : Buffer.from(text))
const to = (topic, values) => values.map(value => ({ topic, value: bytes(value), partition: 0 }))
const acks = ProduceAcks.ALL
const send = (messages, options = {}) =>
  producing(producer => producer.send({ messages, acks, ...options }))

/** One partition after the other: where one leader has not heard of the topic yet, what went to the
 * others is sent again, too. */
async function sendToBoth(topic, count) {
  for (const partition of [0, 1]) {
    const values = numbered(count).filter((_, i) => i % 2 === partition)
    await send(values.map(value => ({ topic, value: bytes(value), partition })))
  }
}

// Its consumer's one fetch, as reading without a group goes.
async function fetchOnce(topic, partition, offset, by = consumer) {
  const { id, partitions } = await metadataOf(topic)
  const { responses } = await by.fetch({
    node: partitions[partition]?.leader ?? 1,
    maxWaitTime: 500,
    topics: [
      {
        topicId: id,
        partitions: [
          {
            partition,
            currentLeaderEpoch: -1,
            fetchOffset: BigInt(offset),
            lastFetchedEpoch: -1,
            partitionMaxBytes: 2_000_000
          }
        ]
      }
    ]
  })
  // Batches come whole: what is before the offset is the consumer's to leave out.
  return (responses[0]?.partitions[0]?.records ?? [])
    .flatMap(batch =>
      batch.records.map(record => ({
        offset: Number(batch.firstOffset) + record.offsetDelta,
        key: record.key?.toString() ?? null,
        value: record.value?.toString() ?? null,
        headers: record.headers.map(pair => pair.map(String)),
        partition
      }))
    )
    .filter(record => record.offset >= offset)
}

async function readFrom(topic, offset, count, partition = 0) {
  const records = []
  await waitUntil(`${count} records of ${topic}`, async () => {
    records.push(...(await fetchOnce(topic, partition, records.at(-1)?.offset + 1 || offset)))
    return records.length >= count
  })
  return records
}

async function readAll(topic) {
  const ends = (await consumer.listOffsets({ topics: [topic] })).get(topic)
  const records = []
  for (const [partition, end] of ends.entries()) {
    if (end > 0n) records.push(...(await readFrom(topic, 0, Number(end), partition)))
  }
  return records
}

const valuesOf = records => records.map(record => record.value)

// ---- Produce -----------------------------------------------------------------------------------

for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  if (codec !== 'none' && !compressionsAlgorithms[codec].available) {
    notApplicable(`codec-${codec}`, `Node.js has ${codec} from version 22.15 on`)
    continue
  }
  await attempt(`codec-${codec}`, async () => {
    await create(`codec-${codec}`)
    await send(to(`codec-${codec}`, numbered(500)), { compression: codec })
    expect(valuesOf(await readAll(`codec-${codec}`)), numbered(500))
  })
}

for (const [name, acks] of [
  ['0', 0],
  ['1', 1],
  ['all', -1]
]) {
  await attempt(`acks-${name}`, async () => {
    await create(`acks-${name}`)
    // With acks=0 nobody says that a leader does not know of the topic yet: with this it does.
    await send(to(`acks-${name}`, ['known']))
    await send(to(`acks-${name}`, numbered(100)), { acks })
    expect(valuesOf(await readFrom(`acks-${name}`, 1, 100)), numbered(100))
  })
}
notApplicable('acks-2', '@platformatic/kafka knows 0, 1 and all')

await attempt('keys', async () => {
  await create('keys', 4)
  await send(
    Array.from({ length: 500 }, (_, i) => ({
      topic: 'keys',
      key: bytes(`key ${i % 13}`),
      value: bytes(`${i}`)
    }))
  )
  const places = new Map()
  for (const record of await readAll('keys')) {
    places.set(record.key, [...(places.get(record.key) ?? []), record])
  }
  expect(places.size, 13)
  for (const those of places.values()) {
    expect(new Set(those.map(record => record.partition)).size, 1)
    // When one partition's leader has not heard of the topic yet, the others' are sent again, too.
    const numbers = [...new Set(those.map(record => Number(record.value)))]
    expect(
      numbers,
      [...numbers].sort((a, b) => a - b)
    )
  }
})

await attempt('headers', async () => {
  await create('headers')
  const headers = [
    ['name', '1'],
    ['name', '2'],
    ['empty', '']
  ]
  await send([
    { topic: 'headers', value: bytes('v'), headers: new Map(headers.map(pair => pair.map(bytes))) }
  ])
  expect((await readAll('headers'))[0].headers, headers)
})

await attempt('null-and-empty', async () => {
  await create('odd')
  const pairs = [
    ['', ''],
    ['k', null],
    [null, 'v'],
    ['k', '']
  ]
  for (const [key, value] of pairs) {
    await send([{ topic: 'odd', key: bytes(key), value: bytes(value), partition: 0 }])
  }
  expect(
    (await readAll('odd')).map(record => [record.key, record.value]),
    pairs
  )
})

await attempt('large-message', async () => {
  await create('large')
  await send(to('large', ['x'.repeat(1_000_000)]))
  expect((await readAll('large'))[0].value.length, 1_000_000)
})

await attempt('too-large', () =>
  expectError('MESSAGE_TOO_LARGE', () => send(to('large', ['x'.repeat(1_100_000)])))
)

await attempt('batches', async () => {
  await create('batches')
  await send(to('batches', numbered(3000)))
  expect(valuesOf(await readAll('batches')), numbered(3000))
})

await attempt('pipelining', async () => {
  await create('pipelining')
  const answers = await producing(producer =>
    Promise.all(
      numbered(300).map(value => producer.send({ acks, messages: to('pipelining', [value]) }))
    )
  )
  // Each answer belongs to its request.
  const records = await readAll('pipelining')
  answers.forEach(({ offsets }, i) =>
    expect(records[Number(offsets[0].offset)].value, `record ${i}`)
  )
})

await attempt('idempotent', async () => {
  await create('idempotent', 3)
  await producing(
    async producer => {
      for (let i = 0; i < 30; ++i) {
        await producer.send({
          acks,
          messages: Array.from({ length: 20 }, (_, j) => ({
            topic: 'idempotent',
            value: bytes(`${20 * i + j}`),
            partition: j % 3
          }))
        })
      }
    },
    { idempotent: true, retries: 2 }
  )
  const numbers = (await readAll('idempotent')).map(record => Number(record.value))
  expect(
    numbers.sort((a, b) => a - b),
    Array.from({ length: 600 }, (_, i) => i)
  )
})

// ---- Transact ----------------------------------------------------------------------------------

await attempt('transactions', async () => {
  await create('transactions', 2)
  await producing(
    async producer => {
      for (let i = 0; i < 4; ++i) {
        const transaction = await producer.beginTransaction()
        await transaction.send({
          acks,
          messages: Array.from({ length: 50 }, (_, j) => ({
            topic: 'transactions',
            value: bytes(`${50 * i + j}`),
            partition: j % 2
          }))
        })
        await (i % 2 === 0 ? transaction.commit() : transaction.abort())
      }
    },
    { idempotent: true, transactionalId: 'platformatic-transactions' }
  )
  const numbers = (await readByKcat('transactions')).map(record => Number(record.payload))
  expect(
    numbers.sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => (i < 50 ? i : i + 50))
  )
})

// It names producer 0 in epoch 0 where it knows of none, which only a coordinator without a producer for
// the transactional id takes for that.
notApplicable('fencing', 'asks for producer 0 in epoch 0 where it knows of none, and is itself fenced')

/** How many records are before where the group has committed, once its transactions are over. */
const patient = new Admin(reach)
async function committed(group, topic) {
  const [{ topics }] = await patient.listConsumerGroupOffsets({
    groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [0, 1] }] }],
    requireStable: true
  })
  return topics
    .flatMap(({ partitions }) => partitions)
    .reduce((sum, { committedOffset }) => sum + Math.max(0, Number(committedOffset)), 0)
}

const joining = { mode: 'committed', fallbackMode: 'earliest' }

/** A transaction: the next records go to `topic`, and where they end is committed. */
async function process20(stream, consumer, producer, topic, end) {
  const records = []
  while (records.length < 20) records.push((await stream.next()).value)
  const transaction = await producer.beginTransaction()
  await transaction.send({
    acks,
    messages: records.map(({ value }, i) => ({ topic, value, partition: i % 2 }))
  })
  await transaction.addConsumer(consumer)
  const last = new Map(records.map(record => [record.partition, record]))
  for (const record of last.values()) await transaction.addOffset(record)
  await transaction[end]()
}

await attempt('exactly-once', async () => {
  const group = 'exactly-once'
  const input = 'exactly-once-input'
  await create(input, 2)
  await create('exactly-once', 2)
  await sendToBoth(input, 60)
  const member = new Consumer({ ...reach, groupId: group })
  const open = () => member.consume({ topics: [input], ...joining, autocommit: false })
  await producing(
    async producer => {
      let stream = await open()
      await process20(stream[Symbol.asyncIterator](), member, producer, 'exactly-once', 'commit')
      expect(await committed(group, input), 20)
      await process20(stream[Symbol.asyncIterator](), member, producer, 'exactly-once', 'abort')
      expect(await committed(group, input), 20)
      await stream.close() // Another one begins where the group has committed.
      stream = await open()
      for (let i = 0; i < 2; ++i) {
        await process20(stream[Symbol.asyncIterator](), member, producer, 'exactly-once', 'commit')
      }
      await stream.close()
    },
    { idempotent: true, transactionalId: 'platformatic-exactly-once' }
  )
  expect(await committed(group, input), 60)
  await member.close()
  expect(sorted(await readCommitted('exactly-once', 60)), sorted(numbered(60)))
})

// ---- Consume -----------------------------------------------------------------------------------

await create('timed')
await send(
  to('timed', numbered(100)).map((message, i) => ({
    ...message,
    timestamp: BigInt(1_000_000 + i * 1000)
  }))
)

async function offsetOf(topic, timestamp) {
  return Number((await consumer.listOffsets({ topics: [topic], timestamp })).get(topic)[0])
}

await attempt('consume-beginning', async () => {
  expect(valuesOf(await readFrom('timed', await offsetOf('timed', -2n), 100)), numbered(100))
})

await attempt('consume-end', async () => {
  await create('end')
  await send(to('end', numbered(10)))
  const end = await offsetOf('end', -1n)
  expect(await fetchOnce('end', 0, end), [])
  await send(to('end', ['later']))
  expect(valuesOf(await readFrom('end', end, 1)), ['later'])
})

await attempt('consume-offset', async () => {
  expect(valuesOf(await readFrom('timed', 60, 40)), numbered(100).slice(60))
})

await attempt('consume-timestamp', async () => {
  expect(await offsetOf('timed', 1_029_500n), 30)
  expect(await offsetOf('timed', 2_000_000n), -1)
  expect(valuesOf(await readFrom('timed', 30, 70))[0], 'record 30')
})

await attempt('assign-seek', async () => {
  for (const offset of [90, 10, 50]) {
    expect(valuesOf(await readFrom('timed', offset, 100 - offset)), numbered(100).slice(offset))
  }
})

// ---- Administer --------------------------------------------------------------------------------

await attempt('metadata', async () => {
  await create('described', 3)
  const { partitions } = await metadataOf('described')
  expect(partitions.length, 3)
  for (const { leader, replicas } of partitions) {
    expect(sorted(replicas), [1, 2, 3])
    expect(replicas.includes(leader), true)
  }
})

await attempt('create-topics', async () => {
  await create('made', 3)
  await expectError('TOPIC_ALREADY_EXISTS', () => admin.createTopics({ topics: ['made'] }))
  await expectError('INVALID_REPLICATION_FACTOR', () =>
    admin.createTopics({ topics: ['wide'], replicas: 9 })
  )
})

await attempt('delete-topics', async () => {
  await create('doomed')
  await send(to('doomed', numbered(10)))
  await admin.deleteTopics({ topics: ['doomed'] })
  await waitUntil(
    'it is listed no more',
    async () => !(await admin.listTopics()).includes('doomed')
  )
  await create('doomed')
  await send(to('doomed', ['new']))
  expect(valuesOf(await readAll('doomed')), ['new'])
})

await attempt('create-partitions', async () => {
  await create('growing')
  await admin.createPartitions({ topics: [{ name: 'growing', count: 4 }] })
  await waitUntil(
    'it has 4 partitions',
    async () => (await metadataOf('growing')).partitions.length === 4
  )
})

const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: 'configured' }
async function configOf(name) {
  const [{ configs }] = await admin.describeConfigs({ resources: [resource] })
  return configs.find(config => config.name === name)?.value
}

await attempt('describe-configs', async () => {
  await create('configured')
  // The broker that is asked may learn of the topic a little later than the others.
  let value
  await waitUntil('the topic is known', async () => {
    value = await configOf('max.message.bytes').catch(() => null)
    return value !== null
  })
  expect(value, '1048588')
})

await attempt('alter-configs', async () => {
  await admin.alterConfigs({
    resources: [{ ...resource, configs: [{ name: 'retention.ms', value: '3600000' }] }]
  })
  await waitUntil('it has changed', async () => (await configOf('retention.ms')) === '3600000')
  await admin.incrementalAlterConfigs({
    resources: [
      {
        ...resource,
        configs: [
          {
            name: 'segment.ms',
            configOperation: IncrementalAlterConfigOperationTypes.SET,
            value: '7200000'
          }
        ]
      }
    ]
  })
  await waitUntil('another has changed', async () => (await configOf('segment.ms')) === '7200000')
  expect(await configOf('retention.ms'), '3600000')
})

await attempt('list-offsets', async () => {
  const ask = async timestamp => {
    const [{ partitions }] = await admin.listOffsets({
      topics: [{ name: 'timed', partitions: [{ partitionIndex: 0, timestamp }] }]
    })
    return Number(partitions[0].offset)
  }
  expect([await ask(-2n), await ask(-1n), await ask(1_029_500n)], [0, 100, 30])
})

await attempt('delete-records', async () => {
  await create('shortened')
  await send(to('shortened', numbered(100)))
  const [{ partitions }] = await admin.deleteRecords({
    topics: [{ name: 'shortened', partitions: [{ partition: 0, offset: 60n }] }]
  })
  expect(Number(partitions[0].lowWatermark), 60)
  expect(await offsetOf('shortened', -2n), 60)
  expect(valuesOf(await readFrom('shortened', 60, 40)), numbered(100).slice(60))
})

await attempt('describe-cluster', async () => {
  const cluster = await admin.metadata({ topics: [], forceUpdate: true })
  expect(cluster.id, 'AAAAAAAAAAAAAAAAAAAAAA')
  expect(sorted(cluster.brokers.keys()), [1, 2, 3])
  expect([1, 2, 3].includes(cluster.controllerId), true)
})

/** What each broker says it has of the topic's only partition, and how far it is behind. */
async function onDisks(topic) {
  const brokers = await admin.describeLogDirs({ topics: [{ name: topic, partitions: [0] }] })
  return brokers
    .map(({ broker, results }) => [
      Number(broker),
      ...results
        .flatMap(({ topics }) => topics)
        .filter(({ name }) => name === topic)
        .flatMap(({ partitions }) => partitions)
        .map(({ partitionSize, offsetLag }) => [Number(partitionSize), Number(offsetLag)])
    ])
    .sort(([a], [b]) => a - b)
}

await attempt('describe-log-dirs', async () => {
  await create('stored')
  // A broker makes its replica a little after it has learnt of the topic.
  const come = (what, holds) =>
    waitUntil(what, async () => {
      const replicas = await onDisks('stored')
      expect(
        replicas.map(([broker]) => broker),
        [1, 2, 3]
      )
      return replicas.every(([, ...of]) => of.length === 1 && of[0][1] === 0 && holds(of[0][0]))
    })
  await come('each disk has an empty log', size => size === 0)
  await send(to('stored', ['x'.repeat(100_000)]))
  await come('each disk has what was sent', size => size > 100_000 && size < 101_000)
})

/** With both partitions of a topic of that name. */
async function memberOf(group) {
  await create(group, 2)
  await sendToBoth(group, 2)
  const member = new Consumer({ ...reach, groupId: group })
  const stream = await member.consume({ topics: [group], ...joining, autocommit: true })
  const records = stream[Symbol.asyncIterator]()
  for (let i = 0; i < 2; ++i) await records.next()
  return {
    leave: async () => {
      await stream.close()
      await member.close()
    }
  }
}

await attempt('list-groups', async () => {
  const member = await memberOf('list-groups')
  expect((await admin.listGroups()).get('list-groups').state, 'STABLE')
  await member.leave()
  expect((await admin.listGroups()).get('list-groups').state, 'EMPTY')
})

await attempt('describe-groups', async () => {
  const member = await memberOf('describe-groups')
  const group = (await admin.describeGroups({ groups: ['describe-groups'] })).get('describe-groups')
  expect([group.state, group.protocol, group.members.size], ['STABLE', 'roundrobin', 1])
  const [{ assignments }] = group.members.values()
  expect(sorted(assignments.get('describe-groups').partitions), [0, 1])
  await member.leave()
})

await attempt('delete-groups', async () => {
  const remove = () => admin.deleteGroups({ groups: ['delete-groups'] })
  const member = await memberOf('delete-groups')
  await expectError('NON_EMPTY_GROUP', remove)
  await member.leave()
  expect(await committed('delete-groups', 'delete-groups'), 2)
  await remove()
  expect(await committed('delete-groups', 'delete-groups'), 0)
  await expectError('GROUP_ID_NOT_FOUND', remove)
  expect((await admin.listGroups()).has('delete-groups'), false)
})

notApplicable('group-cooperative', '@platformatic/kafka 1.35.0 has no cooperative assignor')
notApplicable('elect-leaders reassign', "not in @platformatic/kafka 1.35.0's admin client")

// ---- Errors ------------------------------------------------------------------------------------

await attempt('unknown-topic', () =>
  expectError('UNKNOWN_TOPIC_OR_PARTITION', () => admin.deleteTopics({ topics: ['nowhere'] }))
)

const impatient = new Consumer({ ...reach, groupId: 'unused', retries: 0 })

await attempt('out-of-range', () =>
  expectError('OFFSET_OUT_OF_RANGE', () => fetchOnce('timed', 0, 1_000_000, impatient))
)

// Its producer does not ask the cluster about a partition that is not there.
await attempt('invalid-partition', () =>
  expectError('UNKNOWN_TOPIC', () => fetchOnce('timed', 99, 0, impatient))
)

// ---- Failures ----------------------------------------------------------------------------------

await attempt('broker-killed', async () => {
  await create('killed', 3)
  await producing(
    async producer => {
      // Its retries go where they went first, and it asks for a new leader only once: what it gives
      // up is sent again.
      const sendAtLast = async messages => {
        for (let tries = 1; ; ++tries) {
          try {
            return await producer.send({ acks, messages })
          } catch (error) {
            if (tries === 20) throw error
          }
        }
      }
      const sends = []
      for (let i = 0; i < 60; ++i) {
        if (i === 20) await ask('kill 1')
        const messages = Array.from({ length: 10 }, (_, j) => ({
          topic: 'killed',
          value: bytes(`record ${10 * i + j}`),
          partition: j % 3
        }))
        sends.push(sendAtLast(messages))
        await new Promise(resolve => setTimeout(resolve, 10))
      }
      await Promise.all(sends)
    },
    { retries: 10 }
  )
  await ask('start 1')
  // What was sent again may be there twice.
  expect(sorted(new Set(valuesOf(await readAll('killed')))), sorted(numbered(600)))
})

await attempt('restart', async () => {
  await create('kept', 3)
  await send(
    numbered(300).map((value, i) => ({ topic: 'kept', value: bytes(value), partition: i % 3 }))
  )
  await ask('restart')
  expect(sorted(valuesOf(await readAll('kept'))), sorted(numbered(300)))
})

process.exit(0)
