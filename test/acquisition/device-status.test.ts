import { describe, expect, test } from 'vitest';
import { type DeviceReport, DeviceStatus } from '../../src/acquisition/device-status.ts';
import { FakeClock } from '../support/fake-clock.ts';

function started(): { status: DeviceStatus; news: DeviceReport[]; clock: FakeClock } {
  const news: DeviceReport[] = [];
  const clock = new FakeClock();
  return { news, clock, status: new DeviceStatus({ device: 'cab', clock, changed: (report) => void news.push(report) }) };
}

describe('the status of a device', () => {
  test('tells what is new and nothing twice', () => {
    const { status, news } = started();
    status.failing('no such port');
    status.failing('no such port');
    status.failing('permission denied');
    status.open('/dev/ttyUSB0');
    status.open('/dev/ttyUSB0');
    status.open('/dev/ttyUSB0', 'a frame was damaged');
    status.failing('permission denied');
    expect(news.map(({ state, why }) => [state, why])).toEqual([
      ['failing', 'no such port'],
      ['failing', 'permission denied'],
      ['open', undefined],
      ['open', 'a frame was damaged'],
      ['failing', 'permission denied'],
    ]);
  });

  test('knows since when it is in its state, whatever the reasons meanwhile', async () => {
    const { status, clock } = started();
    await clock.advance(500);
    status.failing('one');
    await clock.advance(500);
    status.failing('another');
    expect(status.report()).toMatchObject({ state: 'failing', sinceMs: 1500, why: 'another' });
  });

  test('makes printable what devices, links and the system say, and cuts it', () => {
    const { status, news } = started();
    const long = `serial \u202e\u009b${'x'.repeat(3099)}`;
    status.failing(long);
    status.failing(long);
    status.open('/dev/\u001b[2J', '\u202e');
    expect(news).toHaveLength(2);
    expect(news[0]?.why).toMatch(/^serial \\u\{202e\}\\u\{9b\}x+… \(\+2108 characters, fnv [0-9a-f]{8}\)$/);
    expect(news[1]).toMatchObject({ link: String.raw`/dev/\u{1b}[2J`, why: String.raw`\u{202e}` });
  });
});
