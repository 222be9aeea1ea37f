"""Completed days of closebell, each whole and once: `for day in days("localhost:9092", "prod", "desk-1")`."""
import bisect, hashlib, io, json, pathlib, zlib
from types import SimpleNamespace as Record
import fastavro, numpy
from confluent_kafka import Consumer, TopicPartition

SCHEMAS = {}  # by the eight bytes of their fingerprint
for file in pathlib.Path(__file__).parents[3].glob("schemas/published/*.avsc"):
    schema = json.loads(file.read_text())
    canonical = fastavro.schema.to_parsing_canonical_form(schema)
    SCHEMAS[bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))] = schema

def decode(value):
    schema, crc = SCHEMAS[value[2:10]], 0
    record = Record(**fastavro.schemaless_reader(io.BytesIO(value[10:]), schema))
    for name, kind in ((field["name"], field["column"]) for field in schema["fields"] if "column" in field):
        crc = zlib.crc32(getattr(record, name), crc)
        setattr(record, name, numpy.frombuffer(getattr(record, name), f"<{kind[0]}{int(kind[1:]) // 8}"))
    if crc != getattr(record, "crc", crc):
        raise ValueError(f"CB_WIRE_CRC: {schema['name']} has checksum {record.crc}, its columns give {crc}")
    return record

class Log(Consumer):  # partition 0 of any topic, read at any place; dates never fall along it
    def bounds(self, topic):
        return self.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)

    def at(self, topic, offset):
        self.assign([TopicPartition(topic, 0, offset)])
        message = self.poll(30)
        if message is None or message.error():
            raise ConnectionError(f"CB_BUS_UNREACHABLE: {topic} at {offset}: {message and message.error()}")
        return self.unassign() or (message.value(), dict(message.headers())["date"].decode())

    def first(self, topic, date):
        low, high = self.bounds(topic)
        return low + bisect.bisect_left(range(low, high), date, key=lambda offset: self.at(topic, offset)[1])

    def named(self, topic, date, filed, digest):  # a later revision is filed under a later session
        for offset in range(self.first(topic, date), self.first(topic, filed + "~")):
            if hashlib.sha256(value := self.at(topic, offset)[0]).hexdigest() == digest:
                return decode(value)
        raise ValueError(f"CB_BUS_GAP: {topic} has no message of {date} with sha256 {digest}")

def whole(log, path, c, filed):
    topics = [(s["set"], "factor-" + s["set"].lower(), s["hash"]) for s in c.sets] + [("ML_C", "ml-c", c.ml_c_hash)]
    named = ((name, path(topic), digest) for name, topic, digest in topics if digest and not c.retracted)
    factors = {name: log.named(topic, c.date, filed, digest) for name, topic, digest in named}
    m = factors.get("ML_C", Record(sets=(), weights=(), sa_weights=(), long_only_weights=(), flags=[]))
    parts = zip(m.sets, m.weights, m.sa_weights, m.long_only_weights)
    weights = {name: Record(weight=weight, sa=sa, long_only=long_only) for name, weight, sa, long_only in parts}
    kind = "retracted" if c.retracted else "day"
    return Record(**vars(c), type=kind, factors=factors, weights=weights, flags=m.flags)

def days(broker, prefix, group, start=None):
    """Asking for the next commits the last. A group that has committed nothing begins at a date, or with the newest."""
    path = lambda topic: f"{prefix}.closebell.{topic}.v1".lstrip(".")
    settings = {"bootstrap.servers": broker, "group.id": f"{prefix}.{group}".lstrip("."), "enable.auto.commit": False,
                "session.timeout.ms": 10_000, "max.poll.interval.ms": 86_400_000}  # a day may be worked on for a day
    with Log({**settings, "fetch.wait.max.ms": 10}) as log, Consumer(settings) as reader:
        def begin(_, places):
            for place in reader.committed(places, timeout=30):
                date = start or (log.at(topic, end - 1)[1] if (end := log.bounds(topic)[1]) else "")
                reader.assign([place if place.offset >= 0 else TopicPartition(topic, 0, log.first(topic, date))])
        reader.subscribe([topic := path("completed")], on_assign=begin)
        reports, quiet = log.bounds(path("status"))[1], 0
        while True:
            if (message := reader.poll(10)) is None:
                before, reports = reports, log.bounds(path("status"))[1]
                if (quiet := 0 if reports > before else quiet + 1) == 3:
                    raise TimeoutError("CB_SILENT: no worker has reported for 30 s")
                yield from [Record(type="heartbeat")] if quiet == 0 else []
            elif message.error():
                raise ConnectionError(f"CB_BUS_UNREACHABLE: {message.error()}")
            else:
                c, quiet = decode(message.value()), 0
                earlier = [decode(log.at(topic, at)[0]) for at in range(log.first(topic, c.date), message.offset())]
                if (c.date, c.revision) not in ((e.date, e.revision) for e in earlier):
                    yield whole(log, path, c, dict(message.headers())["date"].decode())
                reader.commit(message=message, asynchronous=False)
