import { join } from 'node:path';
import Database from 'better-sqlite3';
import { connectAsync } from 'mqtt';
import { SerialPort } from 'serialport';
import { openPty } from '../test/support/pty.ts';
import { monotonicMs } from './monotonic.ts';
import type { SubscriberProcess } from './subscriber-process.ts';

/** Rows a second that better-sqlite3 alone stores with synchronous FULL, at so many rows a commit. */
export function sqliteFloor(folder: string, rowsPerCommit: number, commits: number): number {
  const database = new Database(join(folder, `floor-${rowsPerCommit}.db`));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE row (key INTEGER PRIMARY KEY, content TEXT NOT NULL) STRICT');
  const insert = database.prepare('INSERT INTO row (content) VALUES (?)');
  const content = 'x'.repeat(200);
  const batch = database.transaction(() => {
    for (let row = 0; row < rowsPerCommit; row += 1) insert.run(content);
  });
  const startMs = performance.now();
  for (let commit = 0; commit < commits; commit += 1) batch();
  const seconds = (performance.now() - startMs) / 1000;
  database.close();
  return (commits * rowsPerCommit) / seconds;
}

/** Messages a second that mqtt.js alone brings to the subscriber at QoS 1, with the gateway's payload and window. */
export async function mqttFloor(parts: { readonly url: string; readonly topic: string; readonly window: number; readonly messages: number; readonly subscriber: SubscriberProcess }): Promise<number> {
  const { url, topic, window, messages, subscriber } = parts;
  const client = await connectAsync(url, { protocolVersion: 5, clientId: 'bench-floor' });
  const startMs = monotonicMs();
  let sent = 0;
  await new Promise<void>((resolve, reject) => {
    let acknowledged = 0;
    const next = (): void => {
      const text = `F-${String(sent).padStart(8, '0')}`;
      sent += 1;
      client.publish(topic, payloadLike(text, sent), { qos: 1, properties: { contentType: 'application/cloudevents+json' } }, (error) => {
        if (error !== null && error !== undefined) reject(error);
        acknowledged += 1;
        if (sent < messages) next();
        else if (acknowledged === messages) resolve();
      });
    };
    for (let flying = 0; flying < window; flying += 1) next();
  });
  const arrivals = await subscriber.take(messages);
  await client.endAsync(true);
  return messages / (((arrivals.at(-1)?.atMs ?? 0) - startMs) / 1000);
}

/** Lines a second that serialport alone reads from one pseudo-terminal. */
export async function serialFloor(lines: number): Promise<number> {
  const pty = openPty();
  const port = new SerialPort({ path: pty.path, baudRate: 115_200 });
  const line = Buffer.from('S-00000000\r');
  const total = lines * line.length;
  await new Promise((resolve) => void port.once('open', resolve));
  const startMs = performance.now();
  let received = 0;
  const done = new Promise<void>((resolve) => {
    port.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received >= total) resolve();
    });
  });
  for (let sent = 0; sent < lines; sent += LINES_PER_WRITE) await pty.write(Buffer.concat(Array.from({ length: Math.min(LINES_PER_WRITE, lines - sent) }, () => line)));
  await done;
  const seconds = (performance.now() - startMs) / 1000;
  await new Promise<void>((resolve) =>  port.close(() => resolve()));
  pty.close();
  return lines / seconds;
}

function payloadLike(text: string, sequence: number): string {
  const time = new Date().toISOString();
  return (
    `{"specversion":"1.0","type":"tailgate.scan.v1","source":"urn:tailgate:bench:bench:00000000","id":"${sequence}","sequence":"${String(sequence).padStart(20, '0')}",` +
    `"time":"${time}","recordedtime":"${time}","subject":"scanner-1","datacontenttype":"application/json","data":{"device":"scanner-1","text":"${text}",` +
    `"hex":"${Buffer.from(text).toString('hex').toUpperCase()}","role":"unknown","identity":{"value":"${text}"},"historical":false,"clock":{"state":"synced"}}}`
  );
}

const LINES_PER_WRITE = 20;
