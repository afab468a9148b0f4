import { describe, expect, test } from 'vitest';
import { blocksOf } from '../../../drivers/modbus/blocks.ts';
import { modbus } from '../../../drivers/modbus/driver.ts';
import { parseFraction, rounded } from '../../../drivers/modbus/fraction.ts';
import { observationLine } from '../../../src/acquisition/transcript-observation.ts';
import { valueAt } from '../../../src/config/yaml-source.ts';
import { LinkError, ProtocolError } from '../../../src/core/errors.ts';
import type { Observation } from '../../../src/core/observation.ts';
import { bytesOfHex } from '../../../src/driver-kit/bytes.ts';
import { profileOf } from '../../support/modbus-profile.ts';
import { withChecksum } from '../../support/modbus-slave.ts';

describe('blocks', () => {
  const spans = (meters: object, whole: object = {}): string[] =>
    blocksOf(profileOf(meters, whole).points, profileOf(meters, whole)).map(
      ({ function: code, start, count }) => `${code}:${start}+${count}`,
    );

  test('neighbours are read together, sorted by function and address', () => {
    expect(spans({ c: { address: 3, type: 'uint32' }, a: { address: 1 }, b: { address: 2 }, d: { address: 5, function: 4 } })).toEqual(['3:1+4', '4:5+1']);
  });

  test('a gap is spanned up to gapMax and never beyond', () => {
    const meters = { a: { address: 1 }, b: { address: 4 } };
    expect(spans(meters)).toEqual(['3:1+1', '3:4+1']);
    expect(spans(meters, { gapMax: 1 })).toEqual(['3:1+1', '3:4+1']);
    expect(spans(meters, { gapMax: 2 })).toEqual(['3:1+4']);
  });

  test('no question is longer than registersMax, and no value is cut', () => {
    const meters = { a: { address: 0 }, b: { address: 1, type: 'uint32' }, c: { address: 3, type: 'uint32' } };
    expect(spans(meters, { registersMax: 4 })).toEqual(['3:0+3', '3:3+2']);
    expect(spans(meters, { registersMax: 2 })).toEqual(['3:0+1', '3:1+2', '3:3+2']);
  });

  test('several meters of one register are read once', () => {
    const bit = { address: 7, type: 'bit' };
    expect(spans({ a: { ...bit, bit: 0 }, b: { ...bit, bit: 9 }, c: { address: 6, type: 'uint32' } })).toEqual(['3:6+2']);
  });

  test('a short value inside of a long one does not cut it', () => {
    expect(spans({ long: { address: 0, type: 'uint64' }, inside: { address: 1 } })).toEqual(['3:0+4']);
  });

  test('a point that wants to be alone is', () => {
    expect(spans({ a: { address: 1 }, b: { address: 2, alone: true }, c: { address: 3 } })).toEqual(['3:1+1', '3:2+1', '3:3+1']);
  });

  test('bits are counted as bits', () => {
    const coil = { function: 1, type: 'bit' };
    expect(spans({ a: { ...coil, address: 0 }, b: { ...coil, address: 31 } }, { gapMax: 40, registersMax: 2 })).toEqual(['1:0+32']);
    expect(spans({ a: { ...coil, address: 0 }, b: { ...coil, address: 32 } }, { gapMax: 40, registersMax: 2 })).toEqual(['1:0+1', '1:32+1']);
  });
});

describe('a poll', () => {
  test('adds the terms of a composite point, exact until the last step', async () => {
    const hours = { terms: [{ address: 10, type: 'uint32' }, { address: 12, weight: '1/60' }], quantity: 'operating-time', kind: 'counter' };
    expect(await polled({ hours }, ['03 06 00 00 30 39 00 14'])).toEqual([
      '{"kind":"meter","meter":"hours","quantity":"operating-time","meterKind":"counter","value":12345.3333,"raw":"12345 20"}',
    ]);
  });

  test('a composite point with one term missing has no value', async () => {
    const hours = { terms: [{ address: 10, type: 'uint32' }, { address: 12 }], noValue: { '0xFFFF': 'none' } };
    expect(await polled({ hours }, ['03 06 00 00 30 39 FF FF'])).toEqual([line('hours', '{"missing":"none (0xFFFF)"}', '12345 65535')]);
  });

  test('scales and shifts without a float in between', async () => {
    const meters = { t: { address: 0, type: 'int16', scale: '0.1', offset: '-273.15' }, big: { address: 1, type: 'uint64', scale: '0.001' } };
    expect(await polled(meters, ['03 0A 0B B8 FF FF FF FF FF FF FF FF'])).toEqual([
      line('t', '26.85', '3000'),
      line('big', '18446744073709551.615', '18446744073709551615'),
    ]);
  });

  test('a value that cannot be is none, and keeps its digits', async () => {
    const t = { address: 0, type: 'int16', scale: '0.1', minimum: -40, maximum: '120.5' };
    expect(await polled({ t }, ['03 02 04 B5'])).toEqual([line('t', '120.5', '1205')]);
    expect(await polled({ t }, ['03 02 04 B6'])).toEqual([line('t', '{"missing":"above the most there can be"}', '1206')]);
    expect(await polled({ t }, ['03 02 FE 6F'])).toEqual([line('t', '{"missing":"below the least there can be"}', '-401')]);
  });

  test('reads coils and bits of registers', async () => {
    const meters = { coil: { address: 3, function: 1, type: 'bit' }, run: { address: 5, type: 'bit', bit: 4 }, mode: { address: 5, mask: 0x0f } };
    expect(await polled(meters, ['01 01 01', '03 02 00 1A'])).toEqual([line('coil', '1', '1'), line('run', '1', '1'), line('mode', '10', '10')]);
  });

  test('begins with the serial number wherever it stands, since it tells whose the counters are', async () => {
    const serial = { address: 9, type: 'string', length: 1, quantity: 'text', kind: 'characteristic' };
    const groups: string[][] = [];
    await polled({ a: { address: 1 }, 'serial-number': serial }, ['03 02 41 31', '03 02 00 01'], {}, groups);
    expect(groups.flat().map((text) => (JSON.parse(text) as { meter: string }).meter)).toEqual(['serial-number', 'a']);
  });

  test('asks for the serial number again before it takes the first counter, where it was left unanswered', async () => {
    const serial = { address: 9, type: 'string', length: 1, quantity: 'text', kind: 'characteristic' };
    const meters = { m1: { address: 1 }, m5: { address: 5 }, 'serial-number': serial };
    const raws = async (answers: readonly string[]): Promise<string[]> => (await polled(meters, answers)).map((text) => valueAt(JSON.parse(text), ['raw'])).map(String);
    expect(await raws(['silent', '03 02 00 01', '03 02 41 31', '03 02 00 02', '03 02 00 05'])).toEqual(['4131', '2', '5']);
    expect(await raws(['silent', '03 02 00 01', 'silent', '03 02 00 02', '03 02 00 05'])).toEqual(['2', '5', '']);
    const never = lacking([], 125, [9]);
    const learnt = await never.poll(meters, undefined);
    await never.poll(meters, learnt);
    expect(never.asked).toEqual(['9+1', '1+1', '9+1', '1+1', '5+1', '1+1', '5+1', '9+1']);
  });

  test('of one meter begins with the serial number too, where it is read at all', async () => {
    const serial = { address: 9, type: 'string', length: 1, quantity: 'text', kind: 'characteristic' };
    const meters = { a: { address: 1 }, b: { address: 5 }, 'serial-number': serial };
    const narrowed = (meter: string, only?: readonly string[]): object => {
      const options = modbus.narrowed?.({ only, profile: profileOf(meters) }, meter);
      return { only: valueAt(options, ['only']) };
    };
    const read = async (answers: readonly string[], options: object): Promise<string[]> =>
      (await polled(meters, answers, options)).map((text) => (JSON.parse(text) as { meter: string }).meter);
    expect(await read(['03 02 41 31', '03 02 00 05'], narrowed('b'))).toEqual(['serial-number', 'b']);
    expect(await read(['03 02 41 31'], narrowed('serial-number'))).toEqual(['serial-number']);
    expect(await read(['03 02 00 05'], narrowed('b', ['a', 'b']))).toEqual(['b']);
  });

  test('emits what each question brought before the next one is asked', async () => {
    const groups: string[][] = [];
    await polled({ b: { address: 9 }, a: { address: 1 }, c: { address: 2 } }, ['03 04 00 01 00 02', '03 02 00 09'], {}, groups);
    expect(groups).toEqual([[line('a', '1', '1'), line('c', '2', '2')], [line('b', '9', '9')]]);
  });

  test('a coil that is not the first of its block has its own bit', async () => {
    const coil = { function: 1, type: 'bit' };
    const meters = { a: { ...coil, address: 3 }, b: { ...coil, address: 4 }, c: { ...coil, address: 12 } };
    expect(await polled(meters, ['01 02 02 00', '01 01 01'])).toEqual([line('a', '0', '0'), line('b', '1', '1'), line('c', '1', '1')]);
    expect(await polled(meters, ['01 02 02 02'], {}, [], { gapMax: 20 })).toEqual([line('a', '0', '0'), line('b', '1', '1'), line('c', '1', '1')]);
  });

  test('a point may have another byte order than its profile', async () => {
    const meters = { swapped: { address: 1, type: 'uint32', order: 'CDAB' }, plain: { address: 3, type: 'uint32' } };
    expect(await polled(meters, ['03 08 00 05 00 00 00 00 00 07'])).toEqual([line('swapped', '5', '5'), line('plain', '7', '7')]);
  });

  test('a block that is refused for one of its registers is divided until that one is found', async () => {
    const meters = { a: { address: 1 }, run: { address: 2, type: 'bit', bit: 0 }, stop: { address: 2, type: 'bit', bit: 1 }, c: { address: 3 } };
    expect(await polled(meters, ['83 02', '83 02', '03 02 00 01', '83 02', '03 02 00 03'])).toEqual([
      line('a', '1', '1'),
      line('run', '{"missing":"exception 2, illegal data address"}', '8302'),
      line('stop', '{"missing":"exception 2, illegal data address"}', '8302'),
      line('c', '3', '3'),
    ]);
  });

  test('a block that is refused for another reason is not asked again', async () => {
    const refused = '{"missing":"exception 4, device failure"}';
    expect(await polled({ a: { address: 1 }, b: { address: 2 } }, ['83 04'])).toEqual([line('a', refused, '8304'), line('b', refused, '8304')]);
  });

  test('a device that refuses a block and then falls silent did answer', async () => {
    const missing = '{"missing":"no answer"}';
    const meters = { a: { address: 1 }, b: { address: 2 }, c: { address: 9 } };
    expect(await polled(meters, ['83 02', 'silent', 'silent'])).toEqual([line('a', missing, ''), line('b', missing, ''), line('c', missing, '')]);
  });

  test('a block that nobody answers costs its own points only', async () => {
    const meters = { a: { address: 1 }, b: { address: 5 }, c: { address: 9 } };
    expect(await polled(meters, ['03 02 00 01', 'silent', '03 02 00 09'])).toEqual([
      line('a', '1', '1'),
      line('c', '9', '9'),
      line('b', '{"missing":"no answer"}', ''),
    ]);
    expect(await polled(meters, ['silent', '03 02 00 05', '83 02'])).toEqual([
      line('b', '5', '5'),
      line('c', '{"missing":"exception 2, illegal data address"}', '8302'),
      line('a', '{"missing":"no answer"}', ''),
    ]);
  });

  test('two unanswered blocks that are not neighbours do not end it', async () => {
    const meters = { a: { address: 1 }, b: { address: 5 }, c: { address: 9 }, d: { address: 13 } };
    const values = await polled(meters, ['silent', '03 02 00 05', 'silent', '03 02 00 0D']);
    expect(values.filter((value) => value.includes('missing'))).toHaveLength(2);
  });

  test('fails when nothing is answered, after two questions', async () => {
    const meters = { a: { address: 1 }, b: { address: 5 }, c: { address: 9 } };
    await expect(polled(meters, ['silent', 'silent'])).rejects.toMatchObject({ name: 'ProtocolError', fault: 'silent' });
  });

  test('a broken link is not taken for a silent device', async () => {
    await expect(polled({ a: { address: 1 }, b: { address: 5 } }, ['broken'])).rejects.toMatchObject({ name: 'LinkError' });
  });

  test('reads only what it is asked for', async () => {
    const meters = { a: { address: 1 }, b: { address: 5 } };
    expect(await polled(meters, ['03 02 00 05'], { only: ['b'] })).toEqual([line('b', '5', '5')]);
    await expect(polled(meters, [], { only: ['b', 'x'] })).rejects.toThrow('the profile has no meter "x". It has a, b');
  });
});

describe('what a device refuses', () => {
  const eight = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`m${at}`, { address: at }]));

  test('is learnt: later polls ask around it, and the lacking register alone', async () => {
    const device = lacking([3]);
    const learnt = await device.poll(eight, undefined);
    expect(device.asked).toEqual(['0+8', '0+4', '0+2', '2+2', '2+1', '3+1', '4+4']);
    expect(device.values).toBe(7);
    device.asked.length = 0;
    await device.poll(eight, learnt);
    expect(device.asked).toEqual(['0+3', '3+1', '4+4']);
    expect(device.values).toBe(7);
  });

  test('may also be a register in a gap, or too much at once', async () => {
    const gap = lacking([2]);
    const learnt = await gap.poll({ a: { address: 1 }, b: { address: 4 } }, undefined, { gapMax: 5 });
    gap.asked.length = 0;
    await gap.poll({ a: { address: 1 }, b: { address: 4 } }, learnt, { gapMax: 5 });
    expect(gap.asked).toEqual(['1+1', '4+1']);
    expect(gap.values).toBe(2);
    const small = lacking([], 3);
    let known = await small.poll(eight, undefined);
    for (let times = 0; times < 8; times += 1) known = await small.poll(eight, known);
    small.asked.length = 0;
    await small.poll(eight, known);
    expect(small.asked.every((span) => Number(span.split('+')[1]) <= 3)).toBe(true);
    expect(small.values).toBe(8);
  });

  test('without a word is learnt too: it is asked last, so that it keeps no other from being read', async () => {
    const meters = { m1: { address: 1 }, m5: { address: 5 }, m9: { address: 9 }, m13: { address: 13 } };
    const device = lacking([], 125, [5, 9]);
    const learnt = await device.poll(meters, undefined);
    expect([device.asked, device.values]).toEqual([['1+1', '5+1', '9+1'], 1]);
    device.asked.length = 0;
    const known = await device.poll(meters, learnt);
    expect([device.asked, device.values]).toEqual([['1+1', '13+1', '5+1', '9+1'], 2]);
    device.silent.length = 0;
    const again = await device.poll(meters, known);
    expect(device.values).toBe(4);
    device.asked.length = 0;
    await device.poll(meters, again);
    expect(device.asked).toEqual(['1+1', '5+1', '9+1', '13+1']);
  });

  test('without a word is asked in turns where it is much', async () => {
    const meters = { m1: { address: 1 }, m5: { address: 5 }, m9: { address: 9 }, m13: { address: 13 } };
    const device = lacking([], 125, [5, 9, 13]);
    let learnt: unknown;
    for (let times = 0; times < 3; times += 1) learnt = await device.poll(meters, learnt);
    expect(device.asked).toEqual(['1+1', '5+1', '9+1', '1+1', '13+1', '5+1', '1+1', '9+1', '13+1']);
  });

  test('costs no meter its value, wherever the lacking registers are', async () => {
    for (let bits = 0; bits < 256; bits += 1) {
      const missing = [0, 1, 2, 3, 4, 5, 6, 7].filter((at) => (bits >> at) % 2 === 1);
      const device = lacking(missing);
      const learnt = await device.poll(eight, undefined);
      expect(device.values).toBe(8 - missing.length);
      await device.poll(eight, learnt);
      expect(device.values).toBe(8 - missing.length);
    }
  });
});

describe('fractions', () => {
  test.each([
    ['1/3', 4, '0.3333'],
    ['2/3', 4, '0.6667'],
    ['1/2', 0, '1'],
    ['-1/2', 0, '-1'],
    ['-1/3', 4, '-0.3333'],
    ['44442000/3600', 4, '12345'],
    ['0.00001/3', 4, '0'],
    ['123456789.987654321', 2, '123456789.987654321'],
    ['1e3/7', 2, '142.86'],
  ])('%s at %i decimals is %s', (text, decimals, expected) => {
    const fraction = parseFraction(text);
    expect(fraction && rounded(fraction, decimals).toString()).toBe(expected);
  });

  test.each(['', '/', '1/', '/2', '1/0', '1/-2', '1/2/3', 'x', '1/2.5'])('"%s" is none', (text) => {
    expect(parseFraction(text)).toBeUndefined();
  });

  test('seconds in hours never fall and never stand still', () => {
    const perHour = { numerator: parseFraction('1')!.numerator, denominator: 3600n };
    let last = -1;
    for (let seconds = 44_442_000; seconds < 44_445_700; seconds += 1) {
      const hours = rounded({ ...perHour, numerator: parseFraction(String(seconds))!.numerator }, 4).toNumber();
      expect(hours).toBeGreaterThan(last);
      last = hours;
    }
  });
});

describe('options', () => {
  test('have defaults for all but address and profile', () => {
    const options = modbus.options.parse({ address: 1, profile: 'p' });
    expect(modbus.schedule(options)).toEqual({
      address: '1',
      everyMs: 60_000,
      responseTimeoutMs: 1000,
      silenceMs: 5,
      retries: 2,
      echo: false,
      numbered: false,
    });
  });

  test.each([{ address: 0 }, { address: 248 }, { address: 256, protocol: 'tcp' }, { protocol: 'udp' }, { address: 1.5 }, { every: '10' }, { every: '1 ms' }, { retries: 99 }, { baudRate: 9600 }])(
    '%j is refused',
    (wrong) => {
      expect(modbus.options.safeParse({ address: 1, profile: 'p', ...wrong }).success).toBe(false);
    },
  );
});

/** Polls with answers in order: the bytes behind the address and before the checksum, or "silent" or "broken". */
async function polled(
  meters: object,
  answers: readonly string[],
  options: object = {},
  groups: string[][] = [],
  whole: object = {},
): Promise<string[]> {
  const left = [...answers];
  const exchange = (): Promise<Uint8Array> => {
    const answer = left.shift() ?? 'none left';
    if (answer === 'silent') return Promise.reject(new ProtocolError({ where: 'test', what: 'silent', fault: 'silent' }));
    if (answer === 'broken') return Promise.reject(new LinkError({ where: 'test', what: 'broken' }));
    return Promise.resolve(withChecksum([1, ...bytesOfHex(answer)]));
  };
  const emit = (observations: readonly Observation[]): void => void groups.push(observations.map(observationLine));
  await modbus.poll({ exchange, nextNumber: () => 1 }, { ...modbus.options.parse({ address: 1, profile: 'p' }), ...options, profile: profileOf(meters, whole) }, emit, undefined);
  expect(left).toEqual([]);
  return groups.flat();
}

function line(meter: string, value: string, raw: string): string {
  return `{"kind":"meter","meter":"${meter}","quantity":"count","meterKind":"gauge","value":${value},"raw":"${raw}"}`;
}

/** A device without some registers, that gives only so many at once, or says nothing about some; it notes what it was asked and how many values the last poll brought. */
function lacking(registers: readonly number[], countMax = 125, silent: number[] = []): { asked: string[]; silent: number[]; values: number; poll: (meters: object, learnt: unknown, whole?: object) => Promise<unknown> } {
  const device = {
    asked: [] as string[],
    silent,
    values: 0,
    poll: (meters: object, learnt: unknown, whole: object = {}): Promise<unknown> => {
      const exchange = ({ request }: { readonly request: Uint8Array }): Promise<Uint8Array> => {
        const view = new DataView(request.buffer);
        const [start, count] = [view.getUint16(2), view.getUint16(4)];
        device.asked.push(`${start}+${count}`);
        if (silent.includes(start)) return Promise.reject(new ProtocolError({ where: 'test', what: 'silent', fault: 'silent' }));
        const refused = registers.some((register) => register >= start && register < start + count);
        if (refused || count > countMax) return Promise.resolve(withChecksum([1, 0x83, refused ? 2 : 3]));
        return Promise.resolve(withChecksum([1, 3, 2 * count, ...Array.from({ length: count }, (_, at) => [0, start + at]).flat()]));
      };
      device.values = 0;
      const emit = (observations: readonly Observation[]): void => {
        for (const observation of observations) {
          if (observation.kind !== 'meter' || (typeof observation.value === 'object' && 'missing' in observation.value)) continue;
          device.values += 1;
          expect(observation.raw).toBe(observation.meter === 'a' ? '1' : observation.meter === 'b' ? '4' : observation.meter.slice(1));
        }
      };
      return modbus.poll({ exchange, nextNumber: () => 1 }, { ...modbus.options.parse({ address: 1, profile: 'p' }), profile: profileOf(meters, whole) }, emit, learnt);
    },
  };
  return device;
}
