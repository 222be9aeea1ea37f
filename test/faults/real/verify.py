"""Compares what a deployment published, stored and handed over with a fault-free one, sharing no code with closebell.

Arguments: a JSON object {broker, store, clean, prefix, cleanDays, days, dates, schemas}. `clean` is the prefix of the
fault-free deployment, or a file that an earlier call wrote with `keep`. Prints a JSON object: date -> differences.
"""

import io
import json
import os
import struct
import sys
import urllib.parse
import urllib.request
from collections import defaultdict

import fastavro
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

TOPICS = ['minutes', 'days', 'panels', 'inputs', 'jobs', 'results', 'factor-pv', 'factor-g', 'factor-c', 'factor-hf',
          'factor-dp', 'ml-c', 'completed', 'late', 'quarantine']
COLUMNS = {'f64': ('d', 8), 'f32': ('f', 4), 'i32': ('i', 4), 'u16': ('H', 2), 'u8': ('B', 1)}


def schemas_of(folder):
    """By the eight bytes of CRC-64-AVRO that stand in the header of a message."""
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as file:
            schema = json.load(file)
        canonical = fastavro.schema.to_parsing_canonical_form(schema)
        digest = bytes.fromhex(fastavro.schema.fingerprint(canonical, 'CRC-64-AVRO'))
        found[digest] = (schema['name'], fastavro.parse_schema(schema), schema)
    return found


def decode(value, schemas):
    if value[:2] != b'\xc3\x01':
        return None, None, None
    name, parsed, schema = schemas.get(value[2:10], schemas.get(value[9:1:-1], (None, None, None)))
    if name is None:
        return None, None, None
    return name, fastavro.schemaless_reader(io.BytesIO(value[10:]), parsed, None), schema


def messages_of(broker, prefix):
    consumer = Consumer({'bootstrap.servers': broker, 'group.id': 'verifier', 'enable.auto.commit': False,
                         'enable.partition.eof': True, 'fetch.wait.max.ms': 20})
    wanted = {f'{prefix}.closebell.{topic}.v1': topic for topic in TOPICS + ['market']}
    known = consumer.list_topics(timeout=30).topics
    places = [TopicPartition(path, partition, OFFSET_BEGINNING)
              for path in wanted if path in known for partition in known[path].partitions]
    consumer.assign(places)
    left = len(places)
    messages = []
    while left > 0:
        message = consumer.poll(30)
        if message is None:
            raise SystemExit('the broker gave nothing for 30 s')
        if message.error() is not None:
            if message.error().code() == -191:  # the end of a partition
                left -= 1
                continue
            raise SystemExit(str(message.error()))
        headers = dict(message.headers() or [])
        messages.append((wanted[message.topic()], message.partition(), message.offset(),
                         headers.get('date', b'').decode(), (message.key() or b'').decode(), message.value()))
    consumer.close()
    return sorted(messages, key=lambda message: message[:3])


def column(record, field):
    kind, size = COLUMNS[field['column']]
    data = record[field['name']]
    return struct.unpack('<%d%s' % (len(data) // size, kind), data)


def events_of(record, schema):
    """Each row of a batch with the names of its dictionary, so that it does not matter how a feed cut its batches."""
    fields = [field for field in schema['fields'] if 'column' in field]
    columns = {field['name']: (column(record, field), field.get('stride', 1)) for field in fields}
    rows = []
    for row in range(record['count']):
        values = {}
        for name, (data, stride) in columns.items():
            if not data:
                continue
            part = data[row * stride:(row + 1) * stride]
            if name == 'time':
                part = (record['base_time'] + part[0],)
            if name == 'raw_time':
                continue
            if name == 'instrument':
                part = (record['dictionary'][part[0]]['instrument'],)
            values[name] = part
        raw = columns['raw_time'][0]
        values['raw'] = record['base_time'] + raw[row] if raw else values['time'][0]
        values.setdefault('order_type', (0,))
        rows.append(sorted(values.items()))
    return rows


class Published:
    """What stands in the topics, by date: the first record of each key, repeats that differ, and the market's events."""

    def __init__(self, broker, prefix, schemas):
        self.first = defaultdict(dict)
        self.differing = defaultdict(list)
        events = defaultdict(dict)
        batches = {}
        for topic, partition, offset, date, key, value in messages_of(broker, prefix):
            name, record, schema = decode(value, schemas)
            if topic != 'market':
                # Where the cut lies in the log depends on how the feed cut its batches.
                if name == 'PartitionClosed':
                    record.pop('cut_offset')
                    value = json.dumps(record, sort_keys=True).encode()
                self.note(date, f'{topic}/{partition} {key}', value)
                continue
            if name in ('TickBatch', 'BookBatch'):
                chain = (date, record['channel'], partition)
                if batches.setdefault((chain, record['batch_number']), value) != value:
                    self.differing[date].append(f'batch {record["batch_number"]} of {chain} came again with other bytes')
                    continue
                for row in events_of(record, schema):
                    sequence = dict(row)['sequence'][0]
                    text = repr(row)
                    if events[chain].setdefault(sequence, text) != text:
                        self.differing[date].append(f'event {sequence} of {chain} came again with other values')
            elif name == 'ChainEnded':
                self.note(date, f'market/{partition} ended {record["channel"]}', repr(sorted(record.items())).encode())
            elif name in ('DayOpened', 'Reference'):
                self.note(date, f'market/{partition} {name}', value)
        for (date, channel, partition), rows in events.items():
            ordered = repr(sorted(rows.items())).encode()
            self.first[date][f'market/{partition} events of {channel}'] = ordered

    def note(self, date, key, value):
        if self.first[date].setdefault(key, value) != value:
            self.differing[date].append(f'{key} came again with other bytes')


def query(store, statement):
    url = f'http://{store}/exec?' + urllib.parse.urlencode({'query': statement})
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def stored(store, prefix, dates):
    """Rows of each table and date; when a row became known is when it was appended, which faults may move."""
    rows = defaultdict(dict)
    names = [row[0] for row in query(store, 'select table_name from tables()')['dataset']]
    for table in sorted(names):
        if not table.startswith(prefix + '_'):
            continue
        answer = query(store, f'select * from "{table}"')
        columns = [entry['name'] for entry in answer['columns']]
        kept = [i for i, name in enumerate(columns) if name != 'known_at']
        time = columns.index('event_time')
        by_date = defaultdict(list)
        for row in answer['dataset']:
            date = row[time][:10]
            by_date[date if date in dates else 'before'].append(repr([(columns[i], row[i]) for i in kept]))
        for date, found in by_date.items():
            rows[date]['table ' + table[len(prefix) + 1:]] = '\n'.join(sorted(found)).encode()
    return rows


def handed(file):
    days = {}
    repeats = []
    with open(file) as lines:
        for line in lines:
            kind, date, digest = line.split()
            if days.setdefault(date, digest) != digest:
                repeats.append(date)
    return days, repeats


def state_of(task, prefix, days_file):
    schemas = schemas_of(task['schemas'])
    published = Published(task['broker'], prefix, schemas)
    rows = stored(task['store'], prefix, set(task['dates']))
    days, repeats = handed(days_file)
    state = {}
    for date in task['dates']:
        found = {key: value.hex() for key, value in published.first[date].items()}
        found.update({key: value.hex() for key, value in rows[date].items()})
        found['subscriber'] = days.get(date, 'nothing')
        differing = list(published.differing[date])
        if date in repeats:
            differing.append('the subscriber was given the day again with other values')
        state[date] = {'found': found, 'differing': differing}
    return state


def main():
    task = json.loads(sys.argv[1])
    state = state_of(task, task['prefix'], task['days'])
    if 'keep' in task:
        with open(task['keep'], 'w') as file:
            json.dump(state, file)
        print(json.dumps({date: state[date]['differing'] for date in state}))
        return
    with open(task['clean']) as file:
        clean = json.load(file)
    result = {}
    for date in task['dates']:
        wanted, found = clean[date]['found'], state[date]['found']
        differences = list(state[date]['differing'])
        differences += [f'{key} is missing' for key in sorted(wanted.keys() - found.keys())]
        differences += [f'{key} is too much' for key in sorted(found.keys() - wanted.keys())]
        differences += [f'{key} differs' for key in sorted(wanted.keys() & found.keys()) if wanted[key] != found[key]]
        result[date] = differences
    print(json.dumps(result))


main()
