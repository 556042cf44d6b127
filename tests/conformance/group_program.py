"""Reads what comes to a topic, as a member of a group that knows its brokers by their names."""
import sys

from kafka import KafkaConsumer

consumer = KafkaConsumer(
    'my-topic',
    group_id='my-group',
    bootstrap_servers=['kafka1:9092', 'kafka2:9092', 'kafka3:9092'],
)

for message in consumer:
    sys.stdout.write(message.value.decode() + '\n')
    sys.stdout.flush()
