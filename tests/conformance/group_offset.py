"""Waits until the group of group_program.py has committed an offset."""
import sys
import time

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

admin = KafkaAdminClient(bootstrap_servers=['kafka1:9092', 'kafka2:9092', 'kafka3:9092'])


def has_committed():
    try:
        return bool(admin.list_consumer_group_offsets('my-group'))
    except KafkaError as error:
        if not error.retriable:  # Who coordinates is still being settled.
            raise
        return False


until = time.monotonic() + 60
while not has_committed():
    if time.monotonic() > until:
        sys.exit('no offset within 60 s')
    time.sleep(0.1)
