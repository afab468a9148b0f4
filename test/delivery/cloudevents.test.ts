import { describe, expect, it } from 'vitest';
import { cloudEvent } from '../../src/delivery/layouts/cloudevents.ts';
import { topicOf } from '../../src/delivery/topics.ts';
import { rowOf, type StoredRow } from '../../src/outbox/row.ts';
import { assertContract } from '../support/contract.ts';
import { meterOf, scanOf } from '../support/open-outbox.ts';

const STAMP = { wallMs: Date.parse('2026-11-23T08:15:30.123Z'), monotonicMs: 4711, bootId: 'b0', clock: 'synced' as const };
const SOURCE = 'urn:tailgate:bedford:truck-17:3f9c1e7a';
const stored = (row: Partial<StoredRow>): StoredRow => ({
  sequence: 18342,
  kind: 'scan',
  subject: 'cab-scanner',
  takenMs: STAMP.wallMs,
  recordedMs: STAMP.wallMs + 27,
  historical: false,
  clock: 'synced',
  content: '',
  ...row,
});

describe('the CloudEvents layout', () => {
  it('gives a scan these bytes, in this release and every other of contract version 1', () => {
    const event = cloudEvent(SOURCE, stored(rowOf(scanOf('PUMP-00042', STAMP))));
    expect(event).toBe(
      '{"specversion":"1.0","type":"tailgate.scan.v1","source":"urn:tailgate:bedford:truck-17:3f9c1e7a","id":"18342","sequence":"00000000000000018342",' +
        '"time":"2026-11-23T08:15:30.123Z","recordedtime":"2026-11-23T08:15:30.150Z","subject":"cab-scanner","datacontenttype":"application/json",' +
        '"data":{"device":"cab-scanner","text":"PUMP-00042","hex":"50554D502D3030303432","role":"unknown","historical":false,"clock":{"state":"synced"}}}',
    );
    assertContract('scan/cab-scanner', Buffer.from(event));
  });

  it('gives a meter reading its exact digits', () => {
    const event = cloudEvent(SOURCE, stored({ ...rowOf(meterOf('12345.60', 'engine-hours', STAMP)), historical: true }));
    expect(event).toBe(
      '{"specversion":"1.0","type":"tailgate.reading.v1","source":"urn:tailgate:bedford:truck-17:3f9c1e7a","id":"18342","sequence":"00000000000000018342",' +
        '"time":"2026-11-23T08:15:30.123Z","recordedtime":"2026-11-23T08:15:30.150Z",' +
        '"subject":"generator/engine-hours","datacontenttype":"application/json",' +
        '"data":{"device":"generator","meter":"engine-hours","kind":"counter","value":12345.6,"unit":"h","raw":"12345.60","epoch":0,"quality":"good","historical":true,"clock":{"state":"synced"}}}',
    );
    assertContract('reading/generator', Buffer.from(event));
  });

  it('tells boot and monotonic time with an unsynced clock', () => {
    const event = cloudEvent(SOURCE, stored(rowOf(scanOf('A', { ...STAMP, clock: 'unsynced' }))));
    expect(event).toContain('"clock":{"state":"unsynced","boot":"b0","monotonic":4711}');
    assertContract('scan/cab-scanner', Buffer.from(event));
  });

  it('carries hostile text as data and nowhere else', () => {
    const hostile = '"},"id":"1","x":{"\u0000\u001b[2J#+/\u202e<img onerror=1>';
    const row = stored(rowOf(scanOf(hostile, STAMP)));
    const event = JSON.parse(cloudEvent(SOURCE, row)) as { id: string; data: { text: string } };
    expect(event).toMatchObject({ id: '18342', data: { text: hostile } });
    expect(topicOf(row)).toBe('scan/cab-scanner');
  });
});

describe('topics', () => {
  it.each([
    [{ kind: 'scan', subject: 'cab-scanner' }, 'scan/cab-scanner'],
    [{ kind: 'reading', subject: 'generator/engine-hours' }, 'reading/generator'],
    [{ kind: 'device-state', subject: 'generator' }, 'event/device-state'],
  ])('%j goes to %s', (row, topic) => {
    expect(topicOf(row)).toBe(topic);
  });
});

describe('the contract check', () => {
  it('refuses what the schemas do not know, so that it can fail', () => {
    const event = cloudEvent(SOURCE, stored(rowOf(scanOf('A', STAMP))));
    expect(() => assertContract('scan/cab-scanner', Buffer.from(event.replace('"role"', '"roll"')))).toThrow('must NOT have additional properties');
    expect(() => assertContract('scan/other', Buffer.from(event))).toThrow('carries the subject');
    expect(() => assertContract('scan/cab/scanner', Buffer.from(event))).toThrow('knows no topic');
  });
});
