// What the unit tests show against librdkafka's own stand-in holds against Apache Kafka: the same program, a real broker.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startKafka } from '../lib/kafka.mjs';
import { build, stopAll } from '../lib/servers.mjs';

after(stopAll);

test('a producer and a consumer of ours work on a real broker: each message once, those of a failed batch again', { timeout: 120_000 }, async () => {
    const kafka = await startKafka();
    const { stderr, stdout } = await promisify(execFile)(join(build, 'tests', 'unit', 'common_kafka_consumer_test'), [], {
        env: { ...process.env, KAFKA_BOOTSTRAP: kafka.bootstrap, WR_TEST: 'a_real_broker_works_alike' },
    });
    assert.match(stdout + stderr, /1 test\(s\) run[^]*PASSED[^]*1 test/);
    assert.doesNotMatch(stdout + stderr, /SKIPPED/);
});
