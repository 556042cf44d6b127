#!/usr/bin/env node
// What kafkajs can do with a cluster. Arguments: bootstrap.servers, or a member's (../groups.py).
import { createRequire } from 'node:module'
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

const directory = directoryOf('kafkajs')
const require = createRequire(`${directory}/package.json`)
const {
  AssignerProtocol,
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  Kafka,
  Partitioners,
  logLevel
} = require('kafkajs')
CompressionCodecs[CompressionTypes.Snappy] = require(directoryOf('kafkajs-snappy'))

if (process.argv.length < 3) process.exit(0)
const kafka = new Kafka({
  brokers: process.argv[2].split(','),
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 30 }
})

// To stop it waits for what it has asked for: at most that long.
const consuming = options => kafka.consumer({ maxWaitTimeInMs: 500, ...options })

async function beMember(topic, groupId) {
  const leaving = askedToLeave()
  const consumer = consuming({ groupId, sessionTimeout: 6000, heartbeatInterval: 500 })
  const tell = (partitions = []) => console.log('has', ...partitions)
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => tell(payload.memberAssignment[topic]))
  consumer.on(consumer.events.REBALANCING, () => tell())
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => console.log(`record ${message.value}`) })
  await leaving
  await consumer.disconnect()
}

if (process.argv.length > 3) {
  await beMember(...process.argv.slice(4)) // The only role that it has.
  process.exit(0)
}
console.log(`client kafkajs ${require('kafkajs/package.json').version}`)

const admin = kafka.admin()
await admin.connect()
// A refusal is to be seen at once, and not after thirty tries.
const impatient = kafka.admin({ retry: { retries: 0 } })
await impatient.connect()

async function producing(body, options = {}) {
  const producer = kafka.producer({
    allowAutoTopicCreation: true,
    createPartitioner: Partitioners.DefaultPartitioner,
    ...options
  })
  await producer.connect()
  try {
    return await body(producer)
  } finally {
    await producer.disconnect()
  }
}

const metadataOf = async topic => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]

/** Whether it was made. */
async function create(topic, numPartitions = 1, configEntries = []) {
  const topics = [{ topic, numPartitions, configEntries }]
  const isNew = await admin.createTopics({ topics, waitForLeaders: false })
  await waitUntil(`${topic} has leaders`, async () => {
    try {
      return (await metadataOf(topic)).partitions.every(({ leader }) => leader > 0)
    } catch {
      // The broker that was asked has not learnt of it yet.
      return false
    }
  })
  return isNew
}

const inPartition0 = values => values.map(value => ({ value, partition: 0 }))
const send = (topic, messages, options = {}) =>
  producing(producer => producer.send({ topic, messages, acks: -1, ...options }))
/** One partition after the other: where one leader has not heard of the topic yet, what went to the
 * others is sent again, too. */
async function sendToBoth(topic, count) {
  for (const partition of [0, 1]) {
    const values = numbered(count).filter((_, i) => i % 2 === partition)
    await send(
      topic,
      values.map(value => ({ value, partition }))
    )
  }
}
const valuesOf = records => records.map(record => record.payload)

// ---- Produce -----------------------------------------------------------------------------------

for (const [codec, compression] of [
  ['none', CompressionTypes.None],
  ['gzip', CompressionTypes.GZIP],
  ['snappy', CompressionTypes.Snappy]
]) {
  await attempt(`codec-${codec}`, async () => {
    await create(`codec-${codec}`)
    await send(`codec-${codec}`, inPartition0(numbered(500)), { compression })
    expect(valuesOf(await readByKcat(`codec-${codec}`)), numbered(500))
  })
}
notApplicable(
  'codec-lz4 codec-zstd',
  "kafkajs's plug-ins for lz4 and zstd are native code, to be compiled where they are installed"
)

for (const [name, acks] of [
  ['0', 0],
  ['1', 1],
  ['all', -1],
  ['2', 2]
]) {
  await attempt(`acks-${name}`, async () => {
    await create(`acks-${name}`)
    // With acks=0 nobody says that a leader does not know of the topic yet: with this it does.
    await send(`acks-${name}`, inPartition0(['known']))
    await send(`acks-${name}`, inPartition0(numbered(100)), { acks })
    let records = []
    await waitUntil('101 records', async () => {
      records = await readByKcat(`acks-${name}`)
      return records.length >= 101
    })
    expect(valuesOf(records).slice(1), numbered(100))
  })
}

await attempt('keys', async () => {
  await create('keys', 4)
  await send(
    'keys',
    Array.from({ length: 500 }, (_, i) => ({ key: `key ${i % 13}`, value: `${i}` }))
  )
  const places = new Map()
  for (const record of await readByKcat('keys')) {
    places.set(record.key, [...(places.get(record.key) ?? []), record])
  }
  expect(places.size, 13)
  for (const those of places.values()) {
    expect(new Set(those.map(record => record.partition)).size, 1)
    // When one broker has not heard of the topic yet, what went to the others is sent again, too.
    const numbers = [...new Set(those.map(record => Number(record.payload)))]
    expect(
      numbers,
      [...numbers].sort((a, b) => a - b)
    )
  }
})

await attempt('headers', async () => {
  await create('headers')
  await send('headers', [{ value: 'v', headers: { name: ['1', '2'], empty: '' } }])
  expect((await readByKcat('headers'))[0].headers, ['name', '1', 'name', '2', 'empty', ''])
})

await attempt('null-and-empty', async () => {
  await create('odd')
  const pairs = [
    ['', ''],
    ['k', null],
    [null, 'v'],
    ['k', '']
  ]
  for (const [key, value] of pairs) await send('odd', [{ key, value, partition: 0 }])
  expect(
    (await readByKcat('odd')).map(record => [record.key, record.payload]),
    pairs
  )
})

await attempt('large-message', async () => {
  await create('large')
  await send('large', inPartition0(['x'.repeat(1_000_000)]))
  expect((await readByKcat('large'))[0].payload.length, 1_000_000)
})

await attempt('too-large', () =>
  expectError('MESSAGE_TOO_LARGE', () => send('large', inPartition0(['x'.repeat(1_100_000)])))
)

await attempt('batches', async () => {
  await create('batches')
  await send('batches', inPartition0(numbered(3000)))
  expect(valuesOf(await readByKcat('batches')), numbered(3000))
})

await attempt('pipelining', async () => {
  await create('pipelining')
  const answers = await producing(
    producer =>
      Promise.all(
        numbered(300).map(value =>
          producer.send({ topic: 'pipelining', messages: inPartition0([value]) })
        )
      ),
    { maxInFlightRequests: 20 }
  )
  // Each answer belongs to its request.
  const records = await readByKcat('pipelining')
  answers.forEach(([{ baseOffset }], i) =>
    expect(records[Number(baseOffset)].payload, `record ${i}`)
  )
})

await attempt('idempotent', async () => {
  await create('idempotent', 3)
  await producing(
    async producer => {
      for (let i = 0; i < 30; ++i) {
        await producer.send({
          topic: 'idempotent',
          messages: Array.from({ length: 20 }, (_, j) => ({
            value: `${20 * i + j}`,
            partition: j % 3
          }))
        })
      }
    },
    { idempotent: true, maxInFlightRequests: 1, retry: { retries: 2 } }
  )
  const numbers = (await readByKcat('idempotent')).map(record => Number(record.payload))
  expect(
    numbers.sort((a, b) => a - b),
    Array.from({ length: 600 }, (_, i) => i)
  )
})

// ---- Transact ----------------------------------------------------------------------------------

const transacting = { idempotent: true, maxInFlightRequests: 1, retry: { retries: 5 } }

await attempt('transactions', async () => {
  await create('transactions', 2)
  await producing(
    async producer => {
      for (let i = 0; i < 4; ++i) {
        const transaction = await producer.transaction()
        await transaction.send({
          topic: 'transactions',
          messages: Array.from({ length: 50 }, (_, j) => ({
            value: `${50 * i + j}`,
            partition: j % 2
          }))
        })
        await (i % 2 === 0 ? transaction.commit() : transaction.abort())
      }
    },
    { ...transacting, transactionalId: 'kafkajs-transactions' }
  )
  const numbers = (await readByKcat('transactions')).map(record => Number(record.payload))
  expect(
    numbers.sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => (i < 50 ? i : i + 50))
  )
})

await attempt('fencing', async () => {
  await create('fencing')
  const options = { ...transacting, transactionalId: 'kafkajs-fencing' }
  const send = (transaction, value) =>
    transaction.send({ topic: 'fencing', messages: inPartition0([value]) })
  await producing(async zombie => {
    const lost = await zombie.transaction()
    await send(lost, 'zombie')
    await producing(async successor => {
      const transaction = await successor.transaction()
      await send(transaction, 'successor')
      await expectError('INVALID_PRODUCER_EPOCH', () => lost.commit())
      await transaction.commit()
    }, options)
  }, options)
  expect(valuesOf(await readByKcat('fencing')), ['successor'])
})

/** How many records are before where the group has committed. */
async function committed(groupId, topic) {
  const [{ partitions }] = await admin.fetchOffsets({ groupId, topics: [topic] })
  return partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0)
}

/** A transaction for ten records after the other, which commits where they end. The second one is
 * aborted, and `aborted` told how many records are done then. */
async function pipe(consumer, producer, input, output, aborted) {
  let transactions = 0
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch: { partition, messages }, resolveOffset }) => {
      const some = messages.slice(0, 10)
      const transaction = await producer.transaction()
      await transaction.send({
        topic: output,
        messages: some.map(({ value }, i) => ({ value, partition: i % 2 }))
      })
      const offset = `${Number(some.at(-1).offset) + 1}`
      await transaction.sendOffsets({
        consumerGroupId: output,
        topics: [{ topic: input, partitions: [{ partition, offset }] }]
      })
      if (++transactions === 2) {
        await transaction.abort()
        aborted(await committed(output, input))
        consumer.seek({ topic: input, partition, offset: some[0].offset })
      } else {
        await transaction.commit()
        resolveOffset(some.at(-1).offset)
      }
    }
  })
}

await attempt('exactly-once', async () => {
  const input = 'exactly-once-input'
  await create(input, 2)
  await create('exactly-once', 2)
  await sendToBoth(input, 60)
  const consumer = consuming({ groupId: 'exactly-once' })
  await consumer.connect()
  await consumer.subscribe({ topics: [input], fromBeginning: true })
  let doneWhenAborted
  await producing(
    async producer => {
      await pipe(consumer, producer, input, 'exactly-once', done => (doneWhenAborted = done))
      await waitUntil('all is committed', async () => (await committed('exactly-once', input)) === 60)
    },
    { ...transacting, transactionalId: 'kafkajs-exactly-once' }
  )
  await consumer.disconnect()
  expect(doneWhenAborted, 10)
  expect(sorted(await readCommitted('exactly-once', 60)), sorted(numbered(60)))
})

// ---- Consume -----------------------------------------------------------------------------------

notApplicable(
  'consume-beginning consume-end consume-offset consume-timestamp assign-seek out-of-range',
  'kafkajs reads as a member of a consumer group only'
)

// ---- Administer --------------------------------------------------------------------------------

await create('timed')
await send(
  'timed',
  numbered(100).map((value, i) => ({ value, partition: 0, timestamp: `${1_000_000 + i * 1000}` }))
)

await attempt('metadata', async () => {
  await create('described', 3)
  const { partitions } = await metadataOf('described')
  expect(partitions.map(partition => partition.partitionId).sort(), [0, 1, 2])
  for (const { leader, replicas } of partitions) {
    expect(replicas.sort(), [1, 2, 3])
    expect(replicas.includes(leader), true)
  }
})

await attempt('create-topics', async () => {
  expect(await create('made', 3, [{ name: 'retention.ms', value: '1234567' }]), true)
  expect(await create('made', 3), false)
  await expectError('INVALID_REPLICATION_FACTOR', () =>
    impatient.createTopics({ topics: [{ topic: 'wide', replicationFactor: 9 }] })
  )
})

await attempt('delete-topics', async () => {
  await create('doomed')
  await send('doomed', inPartition0(numbered(10)))
  await admin.deleteTopics({ topics: ['doomed'] })
  await waitUntil(
    'it is listed no more',
    async () => !(await admin.listTopics()).includes('doomed')
  )
  await create('doomed')
  await send('doomed', inPartition0(['new']))
  expect(valuesOf(await readByKcat('doomed')), ['new'])
})

await attempt('create-partitions', async () => {
  await create('growing')
  await admin.createPartitions({ topicPartitions: [{ topic: 'growing', count: 4 }] })
  await waitUntil(
    'it has 4 partitions',
    async () => (await metadataOf('growing')).partitions.length === 4
  )
})

async function configOf(topic, name) {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }]
  })
  return resources[0].configEntries.find(entry => entry.configName === name)?.configValue
}

await attempt('describe-configs', async () => {
  await create('configured', 1, [{ name: 'retention.ms', value: '7200000' }])
  // The broker that is asked may learn of the topic a little later than the others.
  let value
  await waitUntil('the topic is known', async () => {
    value = await configOf('configured', 'retention.ms').catch(() => null)
    return value !== null
  })
  expect(value, '7200000')
})

await attempt('alter-configs', async () => {
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name: 'configured',
        configEntries: [{ name: 'retention.ms', value: '3600000' }]
      }
    ]
  })
  await waitUntil(
    'it has changed',
    async () => (await configOf('configured', 'retention.ms')) === '3600000'
  )
})

await attempt('list-offsets', async () => {
  const [{ low, high }] = await admin.fetchTopicOffsets('timed')
  expect([low, high], ['0', '100'])
  const [{ offset }] = await admin.fetchTopicOffsetsByTimestamp('timed', 1_029_500)
  expect(offset, '30')
})

await attempt('delete-records', async () => {
  await create('shortened')
  await send('shortened', inPartition0(numbered(100)))
  await admin.fetchTopicOffsets('shortened') // From then on this client knows the topic's leader.
  await admin.deleteTopicRecords({
    topic: 'shortened',
    partitions: [{ partition: 0, offset: '60' }]
  })
  const [{ low, high }] = await admin.fetchTopicOffsets('shortened')
  expect([low, high], ['60', '100'])
  expect(valuesOf(await readByKcat('shortened')), numbered(100).slice(60))
})

await attempt('describe-cluster', async () => {
  const cluster = await admin.describeCluster()
  expect(cluster.clusterId, 'AAAAAAAAAAAAAAAAAAAAAA')
  expect(cluster.brokers.map(broker => broker.nodeId).sort(), [1, 2, 3])
  expect([1, 2, 3].includes(cluster.controller), true)
})

await attempt('reassign', async () => {
  await create('moved')
  await send('moved', inPartition0(numbered(100)))
  await admin.alterPartitionReassignments({
    topics: [{ topic: 'moved', partitionAssignment: [{ partition: 0, replicas: [3, 1] }] }]
  })
  await waitUntil(
    'it has moved',
    async () => JSON.stringify((await metadataOf('moved')).partitions[0].replicas) === '[3,1]'
  )
  expect(valuesOf(await readByKcat('moved')), numbered(100))
})

/** With both partitions of a topic of that name. */
async function memberOf(group) {
  await create(group, 2)
  await sendToBoth(group, 2)
  const member = consuming({ groupId: group })
  let records = 0
  await member.connect()
  await member.subscribe({ topics: [group], fromBeginning: true })
  await member.run({ eachMessage: async () => void ++records })
  await waitUntil('it reads', () => records === 2)
  return member
}

const describe = async group => (await admin.describeGroups([group])).groups[0]

await attempt('list-groups', async () => {
  const member = await memberOf('list-groups')
  // It asks in a version that tells no states.
  expect(
    (await admin.listGroups()).groups.filter(({ groupId }) => groupId === 'list-groups'),
    [{ groupId: 'list-groups', protocolType: 'consumer' }]
  )
  await member.disconnect()
  expect((await describe('list-groups')).state, 'Empty')
})

await attempt('describe-groups', async () => {
  const member = await memberOf('describe-groups')
  const { state, protocol, members } = await describe('describe-groups')
  expect([state, protocol, members.length], ['Stable', 'RoundRobinAssigner', 1])
  const { assignment } = AssignerProtocol.MemberAssignment.decode(members[0].memberAssignment)
  expect(assignment, { 'describe-groups': [0, 1] })
  await member.disconnect()
})

await attempt('delete-groups', async () => {
  const remove = () =>
    admin.deleteGroups(['delete-groups']).then(
      () => 'gone',
      ({ groups }) => groups[0].error.type
    )
  const member = await memberOf('delete-groups')
  expect(await remove(), 'NON_EMPTY_GROUP')
  await member.disconnect()
  expect(await committed('delete-groups', 'delete-groups'), 2)
  expect(await remove(), 'gone')
  expect(await committed('delete-groups', 'delete-groups'), 0)
  expect(await remove(), 'GROUP_ID_NOT_FOUND')
  const { groups } = await admin.listGroups()
  expect(groups.filter(({ groupId }) => groupId === 'delete-groups').length, 0)
})

notApplicable('elect-leaders describe-log-dirs', "not in kafkajs 2.2.4's admin client")
notApplicable('group-static', 'kafkajs 2.2.4 has no static members')
notApplicable('group-cooperative', 'kafkajs 2.2.4 has no cooperative assignor')
notApplicable('group-consumer', 'kafkajs 2.2.4 has classic groups only')

// ---- Errors ------------------------------------------------------------------------------------

await attempt('unknown-topic', () =>
  expectError('UNKNOWN_TOPIC_OR_PARTITION', () => impatient.deleteTopics({ topics: ['nowhere'] }))
)

notApplicable(
  'invalid-partition',
  'kafkajs drops a record for a partition that is not there, without asking the cluster'
)

// ---- Failures ----------------------------------------------------------------------------------

await attempt('broker-killed', async () => {
  await create('killed', 3)
  await producing(async producer => {
    const sends = []
    // A partition at a time: what of a send has to go elsewhere after its leader was lost, kafkajs
    // forgets when the other broker has answered to the rest of it.
    for (let i = 0; i < 180; ++i) {
      if (i === 60) await ask('kill 1')
      sends.push(
        producer.send({
          topic: 'killed',
          messages: [0, 1, 2].map(j => ({ value: `record ${3 * i + j}`, partition: i % 3 }))
        })
      )
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    await Promise.all(sends)
  })
  await ask('start 1')
  // What was sent again may be there twice.
  expect(sorted(new Set(valuesOf(await readByKcat('killed')))), sorted(numbered(540)))
})

await attempt('restart', async () => {
  await create('kept', 3)
  await send(
    'kept',
    numbered(300).map((value, i) => ({ value, partition: i % 3 }))
  )
  await ask('restart')
  expect(sorted(new Set(valuesOf(await readByKcat('kept')))), sorted(numbered(300)))
})

process.exit(0)
