import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/core/decimal.ts';
import type { MeterObservation } from '../../src/core/observation.ts';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import { Intake } from '../../src/acquisition/intake.ts';
import { scanPlace, ScanSense } from '../../src/acquisition/scan-sense.ts';
import { StorageError } from '../../src/core/errors.ts';
import type { Reading } from '../../src/core/reading.ts';
import type { Notes, Recorded, RecordOptions } from '../../src/core/record.ts';
import type { ScanRule } from '../../src/core/scan-rule.ts';
import { MeterBook } from '../../src/metering/meter-book.ts';
import { rowOf } from '../../src/outbox/row.ts';
import { assertContract } from '../support/contract.ts';
import { cloudEvent } from '../../src/delivery/layouts/cloudevents.ts';
import { FakeClock } from '../support/fake-clock.ts';

const SOURCE = 'urn:tailgate:bedford:truck-17:3f9c1e7a';
const RULES: readonly ScanRule[] = [
  { role: 'badge', prefix: 'B-' },
  { role: 'work-order', prefix: 'WO-' },
  { role: 'location', prefix: 'L-' },
];
const HOUR_MS = 3_600_000;

interface Entry {
  readonly readings: readonly Reading[];
  readonly notes: Notes;
  readonly lingerMs: number;
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (fault: StorageError) => void;
}

/** A disk that commits when it is told to; the notes and rows outlive the intake, as they outlive a process. */
class Disk {
  readonly notes = new Map<string, string>();
  readonly rows: Reading[] = [];
  waiting: Entry[] = [];

  readonly record = (readings: readonly Reading[], notes: Notes = {}, { lingerMs = 0 }: RecordOptions = {}): Promise<Recorded> =>
    new Promise((resolve, reject) => void this.waiting.push({ readings, notes, lingerMs, resolve, reject }));

  async commit(): Promise<void> {
    for (const { readings, notes, resolve } of this.waiting.splice(0)) {
      const first = this.rows.length + 1;
      this.rows.push(...readings);
      for (const [key, value] of Object.entries(notes)) {
        if (value === null) this.notes.delete(key);
        else this.notes.set(key, value);
      }
      resolve({ source: SOURCE, sequences: readings.map((_, index) => first + index) });
    }
    await settle();
  }

  async refuse(): Promise<void> {
    for (const { reject } of this.waiting.splice(0)) reject(new StorageError({ where: 'outbox', what: 'the disk is full' }));
    await settle();
  }

  /** Commits until nothing waits any more. */
  async commitAll(): Promise<void> {
    await settle();
    while (this.waiting.length > 0) await this.commit();
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** A running gateway's intake; made anew on the same disk it is that of the next run. */
function started(disk = new Disk(), clock = new FakeClock()) {
  let isDelivered = true;
  const note = (key: string): string | undefined => disk.notes.get(key);
  const scans = new ScanSense({ note, contextTimeoutMs: 12 * HOUR_MS, isDelivered: () => isDelivered });
  const intake = new Intake({ clock, record: disk.record, meters: new MeterBook(note), scans, rules: RULES });
  const scan = (text: string, device = 'cab', contextGroup?: string): Promise<'questioned' | 'refused' | 'stored'> => {
    const status = new DeviceStatus({ device, clock, changed: () => undefined });
    const report = { observations: text.split('|').map((code) => ({ kind: 'scan' as const, bytes: Buffer.from(code) })), stamp: clock.stamp() };
    return intake.take(report, { mapping: { device, meters: {} }, place: scanPlace(device, contextGroup), status, lingerMs: 0 }).then(
      (verdict) => verdict ?? 'stored',
      () => 'refused' as const,
    );
  };
  const scanAll = async (...texts: readonly string[]) => {
    const answers = texts.map((text) => scan(text));
    await disk.commitAll();
    return Promise.all(answers);
  };
  return { disk, clock, intake, scan, scanAll, contexts: () => contextsOf(disk), undelivered: () => (isDelivered = false) };
}

function contextsOf({ rows }: Disk): readonly unknown[] {
  return rows.flatMap((row) => (row.kind === 'scan' ? [[row.content.text, row.content.context]] : []));
}

function undosOf({ rows }: Disk): readonly unknown[] {
  return rows.flatMap(({ kind, content }) => (kind === 'undo' ? [content] : []));
}

describe('the context of scans', () => {
  it('goes with the scans that follow, each kind until it is replaced or ended', async () => {
    const { scanAll, contexts } = started();
    await scanAll('B-1', 'WO-7', 'TG!REPAIR', 'PUMP', 'B-2', 'TG!END-JOB', 'PUMP', 'TG!OUT', 'PUMP');
    expect(contexts()).toEqual([
      ['B-1', undefined],
      ['WO-7', { technician: 'B-1' }],
      ['TG!REPAIR', { technician: 'B-1', workOrder: 'WO-7' }],
      ['PUMP', { technician: 'B-1', workOrder: 'WO-7', activity: 'repair' }],
      ['B-2', { workOrder: 'WO-7', activity: 'repair' }],
      ['TG!END-JOB', { technician: 'B-2', workOrder: 'WO-7', activity: 'repair' }],
      ['PUMP', { technician: 'B-2' }],
      ['TG!OUT', { technician: 'B-2' }],
      ['PUMP', undefined],
    ]);
  });

  it('goes with the scans of one frame too', async () => {
    const { scanAll, contexts } = started();
    await scanAll('B-1|PUMP|TG!OUT|PUMP');
    expect(contexts().slice(1)).toEqual([['PUMP', { technician: 'B-1' }], ['TG!OUT', { technician: 'B-1' }], ['PUMP', undefined]]);
  });

  it('is that of one device, or of all of a group, whatever they are called', async () => {
    const { disk, scan, contexts } = started();
    const scans = [scan('B-1', 'one', 'crew'), scan('PUMP', 'two', 'crew'), scan('DOOR', 'crew')];
    await disk.commitAll();
    await Promise.all(scans);
    expect(Object.fromEntries(contexts() as [string, unknown][])).toEqual({ 'B-1': undefined, PUMP: { technician: 'B-1' }, DOOR: undefined });
  });

  it('survives a restart', async () => {
    const { disk, clock, scanAll } = started();
    await scanAll('B-1', 'TG!INSPECT');
    const again = started(disk, clock);
    await again.scanAll('PUMP');
    expect(again.contexts().at(-1)).toEqual(['PUMP', { technician: 'B-1', activity: 'inspect' }]);
  });

  it('ends by itself', async () => {
    const { clock, scanAll, contexts } = started();
    await scanAll('B-1');
    await clock.advance(11 * HOUR_MS);
    await scanAll('WO-7');
    await clock.advance(HOUR_MS);
    await scanAll('PUMP');
    expect(contexts().slice(1)).toEqual([['WO-7', { technician: 'B-1' }], ['PUMP', { workOrder: 'WO-7' }]]);
  });

  it('is not that of a scan that was refused, not even for those that came before the refusal', async () => {
    const { disk, scan, scanAll, contexts } = started();
    await scanAll('B-1');
    const [refused, waiting] = [scan('B-2'), scan('PUMP')];
    await disk.refuse();
    await disk.commitAll();
    expect(await Promise.all([refused, waiting])).toEqual(['refused', 'stored']);
    await scanAll('DOOR');
    expect(contexts()).toEqual([['B-1', undefined], ['PUMP', { technician: 'B-1' }], ['DOOR', { technician: 'B-1' }]]);
  });

  it('holds up no scan that it does not concern', async () => {
    const { disk, scan } = started();
    void scan('B-1');
    void scan('PUMP', 'other');
    void scan('DOOR', 'other');
    expect(disk.waiting.map(({ readings }) => readings.map(({ device }) => device))).toEqual([['cab'], ['other'], ['other']]);
    await disk.commitAll();
  });

  it('is waited for at the end: what was taken is stored', async () => {
    const { disk, intake, scan } = started();
    void scan('B-1');
    void scan('PUMP');
    let isOver = false;
    const over = intake.settled().then(() => (isOver = true));
    await disk.commit();
    expect(isOver).toBe(false);
    await disk.commitAll();
    await over;
    expect(disk.rows).toHaveLength(2);
  });
});

describe('undo', () => {
  it('names the last scan once, and leaves everything stored', async () => {
    const { disk, scanAll } = started();
    expect(await scanAll('PUMP', 'DOOR', 'TG!STATUS', 'TG!UNDO', 'TG!UNDO')).toEqual(['stored', 'stored', 'stored', 'stored', 'questioned']);
    expect(undosOf(disk)).toEqual([{ device: 'cab', source: SOURCE, id: '2', text: 'DOOR' }]);
    expect(disk.rows.map(({ kind }) => kind)).toEqual(['scan', 'scan', 'scan', 'scan', 'undo', 'scan']);
    expect(disk.rows.at(-1)?.content).toMatchObject({ text: 'TG!UNDO', problems: ['nothing is undone: no scan of this device before it is known'] });
  });

  it('fits the contract, whatever the scan was', async () => {
    const { disk, scanAll } = started();
    await scanAll(`\u001b[31m${'<b>'.repeat(2000)}`, 'TG!UNDO');
    const rows = disk.rows.map((reading, index) => ({ reading, event: cloudEvent(SOURCE, { ...rowOf(reading), sequence: index + 1, recordedMs: 0, historical: false }) }));
    for (const { reading, event } of rows) assertContract(reading.kind === 'scan' ? 'scan/cab' : 'event/undo', Buffer.from(event));
    const [undo] = undosOf(disk) as { text: string }[];
    expect(undo?.text).toMatch(/^\\u\{1b\}\[31m<b>/);
    expect(undo?.text.length).toBeLessThan(300);
  });

  it('waits for the scan before it, and names no scan that comes after it or of another device', async () => {
    const { disk, scan } = started();
    const scans = [scan('PUMP'), scan('ELSE', 'other'), scan('TG!UNDO'), scan('DOOR')];
    await disk.commitAll();
    await Promise.all(scans);
    expect(undosOf(disk)).toMatchObject([{ id: '1', text: 'PUMP' }]);
    expect(contextsOf(disk).map((row) => (row as unknown[])[0])).toEqual(['PUMP', 'ELSE', 'TG!UNDO', 'DOOR']);
  });

  it('names the scan before one that was refused', async () => {
    const { disk, scan, scanAll } = started();
    await scanAll('PUMP');
    const refused = scan('DOOR');
    await disk.refuse();
    expect(await refused).toBe('refused');
    await scanAll('TG!UNDO');
    expect(undosOf(disk)).toMatchObject([{ text: 'PUMP' }]);
  });

  it('that was refused itself undoes nothing and can be scanned again', async () => {
    const { disk, scan, scanAll } = started();
    void scan('PUMP');
    await disk.commit();
    const refused = scan('TG!UNDO');
    await settle();
    await disk.refuse();
    expect(await refused).toBe('refused');
    expect(await scanAll('TG!UNDO')).toEqual(['stored']);
    expect(undosOf(disk)).toMatchObject([{ text: 'PUMP' }]);
  });

  it('ends the context that the scan made, and does not bring back the one before', async () => {
    const { scanAll, contexts } = started();
    await scanAll('B-1', 'WO-7', 'WO-8', 'TG!UNDO', 'PUMP');
    expect(contexts().at(-1)).toEqual(['PUMP', { technician: 'B-1' }]);
  });

  it('is forgotten by a restart: nothing is undone, and never another scan', async () => {
    const { disk, clock, scanAll } = started();
    await scanAll('PUMP', 'WO-7');
    expect(await started(disk, clock).scanAll('TG!UNDO', 'DOOR')).toEqual(['questioned', 'stored']);
    expect(undosOf(disk)).toEqual([]);
    expect(contextsOf(disk).at(-1)).toEqual(['DOOR', { workOrder: 'WO-7' }]);
  });

  it('names no tag that moves or departs, which nobody scanned', async () => {
    const { disk, clock, intake, scanAll } = started();
    await scanAll('PUMP');
    const status = new DeviceStatus({ device: 'cab', clock, changed: () => undefined });
    const leaving = { kind: 'scan', bytes: Buffer.from('3074257BF7194E4000001A85', 'hex'), tag: {}, presence: { kind: 'departed', count: 3 } } as const;
    const taken = intake.take({ observations: [leaving], stamp: clock.stamp() }, { mapping: { device: 'cab', meters: {} }, place: scanPlace('cab'), status, lingerMs: 0 });
    await disk.commitAll();
    await taken;
    await scanAll('TG!UNDO');
    expect(undosOf(disk)).toMatchObject([{ id: '1', text: 'PUMP' }]);
  });

  it('costs the flash nothing for each scan', async () => {
    const { disk, scan } = started();
    void scan('PUMP');
    expect(disk.waiting.map(({ notes }) => notes)).toEqual([{}]);
    await disk.commit();
    expect(disk.waiting).toEqual([]);
  });
});

describe('the delivery status', () => {
  it('is good when everything is delivered, and questioned when something waits', async () => {
    const { scanAll, undelivered } = started();
    expect(await scanAll('TG!STATUS')).toEqual(['stored']);
    undelivered();
    expect(await scanAll('TG!STATUS')).toEqual(['questioned']);
    expect(await scanAll('PUMP')).toEqual(['stored']);
  });
});

describe('meter readings inside one second', () => {
  /** An intake of one gauge that is read whenever it shows something. */
  function metered(disk = new Disk(), clock = new FakeClock()) {
    const running = started(disk, clock);
    const status = new DeviceStatus({ device: 'press', clock, changed: () => undefined });
    const shows = (value: number): Promise<string> => {
      const observation: MeterObservation = { kind: 'meter', meter: 'pressure', quantity: 'pressure', meterKind: 'gauge', value: Decimal.of(value), raw: String(value) };
      return running.intake.take({ observations: [observation], stamp: clock.stamp() }, { mapping: { device: 'press', meters: {} }, place: scanPlace('press'), status, lingerMs: 200 }).then(() => 'stored', () => 'refused');
    };
    const told = (): unknown[] => disk.rows.flatMap((row) => (row.kind === 'reading' ? [`${String(row.content.value)} ${new Date(row.stamp.wallMs).toISOString().slice(17, 23)}`] : []));
    return { ...running, status, shows, told };
  }

  it('are stored one a second, the newest when its second is over, whatever else comes', async () => {
    const { disk, clock, shows, told, status } = metered();
    for (const value of [1, 2, 3]) {
      void shows(value);
      await clock.advance(200);
    }
    await disk.commitAll();
    expect(told()).toEqual(['1 30.123']);
    await clock.advance(300);
    await disk.commitAll();
    expect(told()).toEqual(['1 30.123', '3 31.000']);
    expect(status.counts).toMatchObject({ readings: 2, tooSoon: 1, refused: 0 });
    expect(clock.timers).toBe(0);
  });

  it('are stored before an orderly stop is over', async () => {
    const { disk, clock, intake, shows, told } = metered();
    void shows(1);
    void shows(2);
    let isSettled = false;
    void intake.settled().then(() => (isSettled = true));
    await disk.commitAll();
    await clock.advance(800);
    expect([isSettled, told()]).toEqual([false, ['1 30.123']]);
    await clock.advance(80);
    expect(isSettled).toBe(false);
    await disk.commitAll();
    expect([isSettled, told()]).toEqual([true, ['1 30.123', '2 31.000']]);
  });

  it('are lost by a crash, and read again by the next run', async () => {
    const { disk, clock, shows, told } = metered();
    void shows(1);
    void shows(2);
    await disk.commitAll();
    clock.forget();
    await clock.advance(5000);
    const next = metered(disk, clock);
    void next.shows(2);
    await disk.commitAll();
    expect(told()).toEqual(['1 30.123', '2 35.123']);
  });

  it('that the disk refuses are counted, and the next one counts', async () => {
    const { disk, clock, shows, told, status } = metered();
    void shows(1);
    void shows(2);
    await disk.commitAll();
    await clock.advance(1000);
    await disk.refuse();
    expect(status.counts).toMatchObject({ readings: 1, refused: 1 });
    void shows(2);
    await disk.commitAll();
    expect(told()).toEqual(['1 30.123', '2 31.123']);
  });
});

describe('a reading on demand', () => {
  it('is published whatever its policy says, and no other meter that was read with it', async () => {
    const { disk, clock, intake } = started();
    const status = new DeviceStatus({ device: 'press', clock, changed: () => undefined });
    const meters = { pressure: { policy: { everyMs: 86_400_000 } }, level: { policy: { everyMs: 86_400_000 } } };
    const read = async (demanded?: { readonly meter?: string }): Promise<string[]> => {
      const before = disk.rows.length;
      const observations = ['pressure', 'level'].map((meter): MeterObservation => ({ kind: 'meter', meter, quantity: 'pressure', meterKind: 'gauge', value: Decimal.of(7), raw: '7' }));
      void intake.take({ observations, stamp: clock.stamp(), demanded }, { mapping: { device: 'press', meters }, status, lingerMs: 0, place: scanPlace('press') });
      await disk.commitAll();
      await clock.advance(2000);
      return disk.rows.slice(before).flatMap((row) => (row.kind === 'reading' ? [row.content.meter] : []));
    };
    expect(await read()).toEqual(['pressure', 'level']);
    expect(await read()).toEqual([]);
    expect(await read({ meter: 'level' })).toEqual(['level']);
    expect(await read({})).toEqual(['pressure', 'level']);
  });
});
