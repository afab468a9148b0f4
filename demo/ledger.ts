import { join } from 'node:path';
import Database from 'better-sqlite3';
import { rowKey } from '../src/outbox/row-key.ts';

/** What the demo's parties say at the end, each from its own book. */
export interface Books {
  /** Codes for which the technician heard the *stored* beep. */
  readonly heard: ReadonlySet<string>;
  /** Texts of the scans that the receiver counted, one an identity. */
  readonly countedTexts: readonly string[];
  /** Identities that the receiver counted, scans and meter readings and events. */
  readonly counted: number;
  /** Meter readings among them. */
  readonly countedMeterReadings: number;
  readonly duplicates: number;
  readonly contradictions: number;
}

/** The ledger: does what was heard agree with what is stored and with what was counted? */
export interface Ledger {
  readonly scanned: number;
  readonly stored: number;
  readonly delivered: number;
  readonly countedOnce: number;
  readonly lost: number;
  readonly duplicatesDropped: number;
  /** Scans that were stored although their beep was lost with the gateway; the technician scanned them again. */
  readonly unheard: number;
  readonly addsUp: boolean;
}

/** Draws up the ledger from the books and the outbox's file; the gateway has to be stopped. */
export function drawUp(directory: string, books: Books): Ledger {
  const database = new Database(join(directory, 'outbox.db'), { readonly: true });
  const number = (sql: string): number => database.prepare<[], { n: number }>(sql).get()?.n ?? 0;
  const scans = number("SELECT count(*) AS n FROM scan_lane WHERE kind = 'scan'");
  const stored = number('SELECT (SELECT count(*) FROM scan_lane) + (SELECT count(*) FROM meter_lane) AS n');
  const delivered = number(`
    SELECT (SELECT count(*) FROM scan_lane, settled WHERE lane = 0 AND key - stream * ${rowKey(1, 0)} BETWEEN first AND last)
         + (SELECT count(*) FROM meter_lane, settled WHERE lane = 1 AND key - stream * ${rowKey(1, 0)} BETWEEN first AND last) AS n`);
  database.close();
  const counted = new Set(books.countedTexts);
  const lost = [...books.heard].filter((code) => !counted.has(code)).length;
  const unheard = scans - books.heard.size;
  const addsUp = lost === 0 && books.contradictions === 0 && stored === books.counted && stored === delivered && books.countedTexts.length === scans;
  return { scanned: books.heard.size, stored, delivered, countedOnce: books.counted, lost, duplicatesDropped: books.duplicates, unheard, addsUp };
}
