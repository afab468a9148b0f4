import { connect } from 'mqtt';

/**
 * The subscriber as a process of its own. It notes when each text arrived, on the machine's monotonic clock, and answers
 * two messages: `count` with how many have arrived, `take` with everything since the last `take`, in order.
 */
const [url = '', topic = '#'] = process.argv.slice(2);
let arrivals: { text: string; atMs: number }[] = [];

const client = connect(url, { protocolVersion: 5, clientId: 'bench-subscriber', properties: { receiveMaximum: 1000 } });
client.on('message', (_, payload) => {
  const from = payload.indexOf(TEXT);
  const text = from < 0 ? '' : payload.toString('latin1', from + TEXT.length, payload.indexOf('"', from + TEXT.length));
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

const TEXT = '"text":"';
