import { describe, expect, it } from 'vitest';
import { Outlet } from '../../src/delivery/outlet.ts';
import { FakeConnection } from '../support/fake-connection.ts';

const message = (topic: string) => ({ topic, payload: '{}' });

describe('the way out', () => {
  it('keeps state and replies back while the only place is taken, and readings while one of them waits', () => {
    const connection = new FakeConnection({ receiveMaximum: 1 });
    const outlet = new Outlet(connection);
    outlet.publish(message('reading'), () => undefined);
    outlet.post(message('state'), () => undefined);
    expect(connection.sent.map(({ message: { topic } }) => topic)).toEqual(['reading']);
    expect(outlet.room).toBe(0);
    connection.sent[0]?.answer();
    expect(connection.sent.map(({ message: { topic } }) => topic)).toEqual(['reading', 'state']);
    expect(outlet.room).toBe(0);
    connection.sent[1]?.answer();
    expect(outlet.room).toBe(1);
  });

  it('keeps one of several places free for state and replies, which go one at a time', () => {
    const connection = new FakeConnection({ receiveMaximum: 3 });
    const outlet = new Outlet(connection);
    expect(outlet.room).toBe(2);
    outlet.publish(message('a'), () => undefined);
    outlet.publish(message('b'), () => undefined);
    expect(outlet.room).toBe(0);
    outlet.post(message('state'), () => undefined);
    outlet.post(message('reply'), () => undefined);
    expect(connection.open).toHaveLength(3);
    connection.sent[2]?.answer();
    expect(connection.open.map(({ message: { topic } }) => topic)).toEqual(['a', 'b', 'reply']);
  });

  it.each(['', 'a/#', 'a/+/b', 'a\u0000', 'é'.repeat(32_768)])('refuses a topic that would end the connection (%#)', (topic) => {
    const connection = new FakeConnection();
    const outlet = new Outlet(connection);
    expect(outlet.refusal(message(topic))?.fault).toBe('poison');
    let told: unknown;
    outlet.post(message(topic), (fault) => (told = fault));
    expect([told === undefined, connection.sent.length]).toEqual([false, 0]);
  });
});
