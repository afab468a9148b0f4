import { connect } from 'mqtt';

/**
 * The subscriber as a process of its own. It notes when each text (or whatever stands behind the third argument) arrived, on
 * the machine's monotonic clock, and answers two messages: `count` with how many have arrived, `take` with everything since the last `take`, in order.
 */
const [url = '', topic = '#', before = '"text":"'] = process.argv.slice(2);
let arrivals: { text: string; atMs: number }[] = [];

const client = connect(url, { protocolVersion: 5, clientId: `bench-subscriber-${process.pid}`, properties: { receiveMaximum: 1000 } });
client.on('message', (_, payload) => {
  const from = payload.indexOf(before);
  const text = from < 0 ? '' : (/^[^",}]*/.exec(payload.toString('latin1', from + before.length, from + before.length + TEXT_BYTES_MAX))?.[0] ?? '');
  arrivals.push({ text, atMs: Number(process.hrtime.bigint()) / 1e6 });
});
client.on('connect', () => {
  client.subscribe(topic, { qos: 1 }, () => process.send?.({ ready: true }));
});
process.on('message', (question) => {
  if (question === 'count') process.send?.({ count: arrivals.length });
  if (question === 'take') {
    process.send?.({ arrivals });
    arrivals = [];
  }
});
process.on('disconnect', () => process.exit(0));

const TEXT_BYTES_MAX = 100;
