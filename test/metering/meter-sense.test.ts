import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/core/decimal.ts';
import type { CounterShape, Limits, ReadingPolicy } from '../../src/core/meter-settings.ts';
import type { Quantity } from '../../src/core/quantity.ts';
import type { MeterContent, Stamp } from '../../src/core/reading.ts';
import { counterRules } from '../../src/metering/counter-rules.ts';
import { type Entered, MeterBook } from '../../src/metering/meter-book.ts';
import { meterNote, readMeterNote } from '../../src/metering/meter-state.ts';

const START_MS = Date.parse('2026-11-23T08:00:00Z');
const HOURS: MeterContent = { device: 'generator', meter: 'hours', kind: 'counter', unit: 'h', raw: '', epoch: 0, quality: 'good' };

interface Case {
  readonly quantity?: Quantity;
  readonly shape?: CounterShape;
  readonly limits?: Limits;
  readonly policy?: ReadingPolicy;
}

/** A meter that is read, with what is published of it; `notes` are what the outbox has. */
class ReadMeter {
  readonly notes = new Map<string, string>();
  readonly #given: Case;
  #book = this.#opened();
  #minutes = 0;
  #boot = 'one';
  clock: Stamp['clock'] = 'synced';

  constructor(given: Case = {}) {
    this.#given = given;
  }

  /** What is published of values that are read a minute apart: value, epoch, and quality with its reason. */
  read(...values: readonly (string | undefined)[]): string[] {
    return values.flatMap((value) => this.enter(value === undefined ? undefined : Decimal.parse(value)).contents.map(spoken));
  }

  enter(value: Decimal | string | undefined, content: Partial<MeterContent> = {}, demanded = false): Entered {
    const { quantity = 'count', shape, limits, policy } = this.#given;
    this.#minutes += 1;
    const missing = value === undefined ? ({ quality: 'bad', reason: 'sentinel' } as const) : {};
    const entered = this.#book.enter([{ content: { ...HOURS, value, ...missing, ...content }, rules: { counter: counterRules(quantity, shape), limits }, policy, demanded }], this.at());
    this.store(entered);
    return entered;
  }

  store(entered: Entered): void {
    for (const [key, note] of Object.entries(entered.notes)) if (note !== null) this.notes.set(key, note);
    entered.settled('stored');
  }

  replaced(): ReturnType<MeterBook['replaced']> {
    const entered = this.#book.replaced(HOURS);
    if (entered !== undefined) this.store(entered);
    return entered;
  }

  pass(minutes: number): void {
    this.#minutes += minutes;
  }

  restart(boot = this.#boot): void {
    this.#boot = boot;
    this.#book = this.#opened();
  }

  at(): Stamp {
    return { wallMs: START_MS + this.#minutes * 60_000, monotonicMs: this.#minutes * 60_000, bootId: this.#boot, clock: this.clock };
  }

  #opened(): MeterBook {
    return new MeterBook((key) => this.notes.get(key));
  }
}

function spoken({ value, epoch, quality, reason }: MeterContent): string {
  return [value?.toString() ?? '-', `e${epoch}`, ...(quality === 'good' ? [] : [`${quality} ${reason ?? ''}`])].join(' ');
}

const PER_HOUR = { rateMaxPerHour: Decimal.of(60) };

describe('a counter', () => {
  it('that rolls over goes on above its width, without a new epoch, and after a restart too', () => {
    const meter = new ReadMeter({ shape: { bits: 15, rollover: true, ...PER_HOUR } });
    expect(meter.read('32766', '32767', '0')).toEqual(['32766 e0', '32767 e0', '32768 e0']);
    meter.restart();
    expect(meter.read('1', '2')).toEqual(['32769 e0', '32770 e0']);
  });

  it('of 32 bits that rolls over begins an epoch', () => {
    const meter = new ReadMeter({ shape: { bits: 32, rollover: true, ...PER_HOUR } });
    expect(meter.read('4294967295')).toEqual(['4294967295 e0']);
    const { contents, events } = meter.enter(Decimal.of(0));
    expect(contents.map(spoken)).toEqual(['0 e1']);
    expect(events).toEqual([{ device: 'generator', meter: 'hours', asset: undefined, unit: 'h', epoch: 1, cause: 'rollover', last: { value: Decimal.of(4_294_967_295), at: { wallMs: START_MS + 60_000, monotonicMs: 60_000, bootId: 'one', clock: 'synced' } }, first: Decimal.of(0) }]);
  });

  it('of four decimal digits rolls over at its modulus', () => {
    const meter = new ReadMeter({ shape: { modulus: new Decimal(10_000n, -1), rollover: true, ...PER_HOUR } });
    expect(meter.read('999.9', '0.1', '0.2')).toEqual(['999.9 e0', '1000.1 e0', '1000.2 e0']);
  });

  it('whose modulus no decimal number holds has no trail of digits', () => {
    const third = new Decimal(1_092_266_666_666_667n, -12);
    const meter = new ReadMeter({ shape: { modulus: third, rollover: true, ...PER_HOUR } });
    expect(meter.read('1092.25', '0.0167')).toEqual(['1092.25 e0', '1092.283367 e0']);
  });

  it('without a rate rolls over only when a second reading says so, and only from near its end to near its beginning', () => {
    expect(new ReadMeter({ shape: { bits: 16, rollover: true } }).read('65000', '12', '13')).toEqual(['65000 e0', '- e0 bad lower-than-last', '65549 e0']);
    expect(new ReadMeter({ shape: { bits: 16, rollover: true } }).read('40000', '12', '13')).toEqual(['40000 e0', '- e0 bad lower-than-last', '13 e1']);
    expect(new ReadMeter({ shape: { bits: 16, rollover: true } }).read('65000', '12', '65001')).toEqual(['65000 e0', '- e0 bad lower-than-last', '65001 e0']);
  });

  it('shows nothing above its width', () => {
    expect(new ReadMeter({ shape: { bits: 15, rollover: true } }).read('5', '32768', '6')).toEqual(['5 e0', '32768 e0 uncertain faster-than-plausible', '6 e0']);
  });

  it('that was set back begins an epoch when a second reading says so', () => {
    const meter = new ReadMeter({ shape: PER_HOUR });
    expect(meter.read('5000', '3', '4', '5')).toEqual(['5000 e0', '- e0 bad lower-than-last', '4 e1', '5 e1']);
  });

  it('that can never be set back stays without a value until a person says that it was replaced', () => {
    const meter = new ReadMeter({ shape: { reset: false, ...PER_HOUR } });
    expect(meter.read('5000', '3', '4', '5')).toEqual(['5000 e0', ...Array.from({ length: 3 }, () => '- e0 bad lower-than-last')]);
    expect(meter.replaced()).toMatchObject({ epoch: 1, events: [{ cause: 'person', epoch: 1, last: { value: Decimal.of(5000) } }] });
    meter.restart();
    expect(meter.read('6', '7')).toEqual(['6 e1', '7 e1']);
  });

  it('takes a single torn or noisy value for no reference, however often one comes', () => {
    const meter = new ReadMeter({ shape: PER_HOUR });
    expect(meter.read('100', '65636', '101', '3', '102', '65638', '1', '103')).toEqual([
      '100 e0',
      '65636 e0 uncertain faster-than-plausible',
      '101 e0',
      '- e0 bad lower-than-last',
      '102 e0',
      '65638 e0 uncertain faster-than-plausible',
      '- e0 bad lower-than-last',
      '103 e0',
    ]);
  });

  it('that is faster than it can be begins an epoch when a second reading says so: nobody counted what lies between', () => {
    const meter = new ReadMeter({ shape: PER_HOUR });
    expect(meter.read('100', '9000', '9001')).toEqual(['100 e0', '9000 e0 uncertain faster-than-plausible', '9001 e1']);
  });

  it('may have grown by as much as the time that has passed allows, also over a restart of the box', () => {
    const meter = new ReadMeter({ shape: PER_HOUR });
    meter.read('100');
    meter.pass(600);
    meter.restart('two');
    expect(meter.read('700')).toEqual(['700 e0']);
  });

  it('is not judged by a time that nobody knows', () => {
    const meter = new ReadMeter({ shape: PER_HOUR });
    meter.clock = 'unsynced';
    meter.read('100');
    meter.restart('two');
    expect(meter.read('90000', '90001')).toEqual(['90000 e0', '90001 e0']);
  });

  it('of hours runs no faster than time, without a word in the configuration', () => {
    const meter = new ReadMeter({ quantity: 'operating-time' });
    expect(meter.read('100', '101', '119.2', '101')).toEqual(['100 e0', '101 e0', '119.2 e0 uncertain faster-than-plausible', '101 e0']);
  });

  it('takes no value for a reference that its driver doubts', () => {
    const meter = new ReadMeter({ shape: PER_HOUR });
    meter.read('100');
    expect(meter.enter(Decimal.of(5000), { quality: 'uncertain', reason: 'unauthenticated' }).contents.map(spoken)).toEqual(['5000 e0 uncertain unauthenticated']);
    expect(meter.read('101')).toEqual(['101 e0']);
  });

  it('of starts counts no more of them than there can be', () => {
    const meter = new ReadMeter({ quantity: 'starts' });
    expect(meter.read('100', '101', '118', '65636', '119')).toEqual(['100 e0', '101 e0', '118 e0', '65636 e0 uncertain faster-than-plausible', '119 e0']);
  });

  it('keeps its epoch and its reference through readings without a value', () => {
    const meter = new ReadMeter({ shape: PER_HOUR });
    expect(meter.read('5000', '1', '2', undefined, '3')).toEqual(['5000 e0', '- e0 bad lower-than-last', '2 e1', '- e1 bad sentinel', '3 e1']);
  });

  it('may have rolled over more often than can be told when nobody looked for long', () => {
    const meter = new ReadMeter({ shape: { bits: 8, rollover: true, ...PER_HOUR } });
    meter.read('100');
    meter.pass(600);
    expect(meter.read('101', '102')).toEqual(['101 e0 uncertain rollovers-uncounted', '102 e0']);
  });

  it('may have done so too where it shows one rollover', () => {
    const meter = new ReadMeter({ shape: { bits: 8, rollover: true, ...PER_HOUR } });
    meter.read('100');
    meter.pass(600);
    expect(meter.read('99', '100')).toEqual(['355 e0 uncertain rollovers-uncounted', '356 e0']);
    meter.pass(300);
    expect(meter.read('99')).toEqual(['611 e0']);
  });
});

describe('a device with a serial number', () => {
  const serial = (meter: ReadMeter, text: string): void => void meter.enter(text, { meter: 'serial-number', kind: 'characteristic' });

  it('that has become another twice begins an epoch of its counters, however plausible their values are', () => {
    const meter = new ReadMeter({ shape: PER_HOUR });
    serial(meter, 'A-1');
    meter.read('100');
    serial(meter, 'B-2');
    expect(meter.read('101')).toEqual(['101 e0 uncertain serial-number-changed']);
    serial(meter, 'B-2');
    meter.restart();
    const { contents, events } = meter.enter(Decimal.of(102));
    expect(contents.map(spoken)).toEqual(['102 e1']);
    expect(events).toMatchObject([{ cause: 'serial-number', epoch: 1, last: { value: Decimal.of(100) }, first: Decimal.of(102) }]);
    expect(meter.read('103')).toEqual(['103 e1']);
  });

  it('that was torn once, or is empty, is still the same', () => {
    const meter = new ReadMeter({ shape: PER_HOUR });
    for (const text of ['A-1', 'A-?', 'A-1', '', 'A-1']) serial(meter, text);
    expect(meter.read('100', '101')).toEqual(['100 e0', '101 e0']);
    expect(meter.enter(Decimal.of(102)).events).toEqual([]);
  });

  it('begins one epoch when a person has said so before', () => {
    const meter = new ReadMeter({ shape: PER_HOUR });
    serial(meter, 'A-1');
    meter.read('100');
    meter.replaced();
    serial(meter, 'B-2');
    serial(meter, 'B-2');
    expect(meter.read('4', '5')).toEqual(['4 e1', '5 e1']);
  });
});

describe('limits', () => {
  const limits = { min: Decimal.of(-40), max: new Decimal(1205n, -1) };

  it('make a gauge outside of them uncertain', () => {
    const meter = new ReadMeter({ limits });
    const read = (text: string): string[] => meter.enter(Decimal.parse(text), { kind: 'gauge' }).contents.map(spoken);
    expect(['120.5', '120.51', '-40', '-40.001'].flatMap(read)).toEqual(['120.5 e0', '120.51 e0 uncertain above-maximum', '-40 e0', '-40.001 e0 uncertain below-minimum']);
  });

  it('keep a counter outside of them from being believed', () => {
    expect(new ReadMeter({ limits: { max: Decimal.of(1000) } }).read('100', '5000', '101')).toEqual(['100 e0', '5000 e0 uncertain above-maximum', '101 e0']);
  });
});

describe('the reading policy', () => {
  it('publishes at most one reading in an interval, but a change of quality at once', () => {
    const meter = new ReadMeter({ policy: { everyMs: 180_000 } });
    expect(meter.read('1', '2', '3', '4', '5', undefined, '6')).toEqual(['1 e0', '4 e0', '- e0 bad sentinel', '6 e0']);
  });

  it('publishes once a day what is read every minute', () => {
    const meter = new ReadMeter({ policy: { everyMs: 86_400_000 } });
    const days = Array.from({ length: 3 * 1440 + 1 }, (_, minute) => meter.read(String(minute))).flat();
    expect(days).toEqual(['0 e0', '1440 e0', '2880 e0', '4320 e0']);
  });

  it('publishes what differs from the last published by the deadband, not what creeps below it, and the same again after a heartbeat', () => {
    const meter = new ReadMeter({ policy: { deadband: new Decimal(5n, -1), heartbeatMs: 600_000 } });
    expect(meter.read('1', '1.4', '1.5', '1.9', '2')).toEqual(['1 e0', '1.5 e0', '2 e0']);
    expect(meter.read(...Array.from({ length: 20 }, () => '2'))).toEqual(['2 e0', '2 e0']);
  });

  it('publishes every change and nothing else with a deadband of 0', () => {
    const meter = new ReadMeter({ policy: { deadband: Decimal.of(0) } });
    expect(meter.read('1', '1', '1.0', '1.1', '1.1')).toEqual(['1 e0', '1.1 e0']);
    expect(meter.enter(Decimal.parse('1.1'))).toMatchObject({ contents: [], notes: {}, suppressed: { same: 1, tooSoon: 0 } });
  });

  it('publishes what is wished whatever it says', () => {
    const meter = new ReadMeter({ policy: { everyMs: 86_400_000, deadband: Decimal.of(10) } });
    expect(meter.read('1', '2')).toEqual(['1 e0']);
    expect(meter.enter(Decimal.of(2), {}, true).contents.map(spoken)).toEqual(['2 e0']);
    expect(meter.enter(Decimal.of(2), {}, true).contents.map(spoken)).toEqual(['2 e0']);
    expect(meter.read('3')).toEqual([]);
  });

  it('judges by what was measured and not published too, and remembers rollovers of it through a restart', () => {
    const meter = new ReadMeter({ shape: { bits: 8, rollover: true, rateMaxPerHour: Decimal.of(6000) }, policy: { everyMs: 3_600_000 } });
    expect(meter.read('0', '90', '180', '14', '104', '194', '28')).toEqual(['0 e0']);
    meter.restart();
    meter.pass(1);
    expect(readMeterNote(meter.notes.get('meter/generator/hours')).counter?.turns).toBe(2);
  });
});

describe('the note of a counter', () => {
  it('is read as it was written', () => {
    const meter = new ReadMeter({ shape: PER_HOUR });
    meter.read('5000.25', '1');
    const note = meter.notes.get('meter/generator/hours') ?? '';
    expect(meterNote(readMeterNote(note))).toBe(note);
    expect(readMeterNote(note).counter).toMatchObject({ epoch: 0, turns: 0, reference: { value: new Decimal(500_025n, -2) }, doubt: { value: Decimal.of(1) } });
  });

  it.each(['{"v":1,"counter":7}', '{"v":1,"counter":{"epoch":-1}}', '{"v":1,"sent":[],"serial":{"text":5,"swaps":0}}'])('that is %s counts as none', (note) => expect(readMeterNote(note)).toEqual({}));

  it('keeps the epoch where the rest is damaged', () => {
    expect(readMeterNote('{"v":1,"counter":{"epoch":3,"turns":"x","reference":{"value":"1","at":{"wallMs":"no"}}}}')).toEqual({ counter: { epoch: 3, turns: 0 } });
  });
});

describe('an epoch whose first reading could not be stored', () => {
  it('is told with the next one that can', () => {
    const book = new MeterBook(() => undefined);
    const rules = { counter: counterRules('count') };
    const at = (minutes: number): Stamp => ({ wallMs: START_MS + minutes * 60_000, monotonicMs: minutes * 60_000, bootId: 'one', clock: 'synced' });
    const enter = (value: number, minutes: number): Entered => book.enter([{ content: { ...HOURS, value: Decimal.of(value) }, rules }], at(minutes));
    enter(100, 0);
    enter(1, 1);
    const refused = enter(2, 2);
    const resting = enter(3, 3);
    expect([refused.events.length, resting.events.length]).toEqual([1, 0]);
    refused.settled('refused');
    expect(enter(4, 4).events).toEqual(refused.events);
  });
});
