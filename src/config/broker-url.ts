import { z } from '../driver-kit/options.ts';

/** The address of an MQTT broker over TCP or TLS. */
export const brokerUrl = z.string().meta({ pattern: '^mqtts?://', examples: ['mqtts://broker.example.com:8883'] }).transform((text, context) => {
  const fault = urlFault(text);
  if (fault === undefined) return text;
  context.addIssue({ code: 'custom', message: fault });
  return z.NEVER;
});

/** Whether the address asks for TLS. */
export function isTls(url: string): boolean {
  return url.startsWith('mqtts:');
}

function urlFault(text: string): string | undefined {
  if (!/^mqtts?:\/\//.test(text)) return 'write mqtts://HOST or mqtt://HOST; other ways to a broker are not supported';
  if (!URL.canParse(text)) return 'this is no address; write mqtts://HOST or mqtts://HOST:PORT';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'user and password do not stand in the address; use "username" and "passwordFile"';
  if (url.hostname === '') return 'the name of the host is missing; write mqtts://HOST';
  if (url.port === '0') return 'port 0 does not exist; 8883 is usual with TLS, 1883 without';
  if ((url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '') return 'nothing may follow host and port';
  return undefined;
}
