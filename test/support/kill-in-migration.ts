import { join } from 'node:path';
import Database from 'better-sqlite3';
import { prepareSchema } from '../../src/outbox/file/schema.ts';

/** Opens an outbox and kills itself right before its n-th statement, of which the transaction's own are two. */
const [directory = '', count = '0'] = process.argv.slice(2);
const file = join(directory, 'outbox.db');
const database = new Database(file);
database.pragma('synchronous = FULL');
let left = Number(count);

const killOr = <T>(run: () => T): T => {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
  return run();
};
const [exec, pragma] = [database.exec.bind(database), database.pragma.bind(database)];
Object.assign(database, {
  exec: (sql: string) => killOr(() => exec(sql)),
  pragma: (text: string, options?: { simple?: boolean }) => killOr(() => pragma(text, options)),
});
prepareSchema(database);
killOr(() => database.close());
