"""Ten files, line by line, to three brokers by their names: two of them have each line."""
import glob
import sys

from kafka import KafkaProducer

producer = KafkaProducer(
    bootstrap_servers=['kafka1:9092', 'kafka2:9092', 'kafka3:9092'],
    acks=2,
)

for name in sorted(glob.glob(sys.argv[1] + '/*')):
    with open(name, 'rb') as file:
        for line in file:
            producer.send('my-topic', line.rstrip(b'\n'))
producer.flush()
