import { ConfigurationError, PublishError } from '../core/errors.ts';
import type { MqttConfiguration } from './configuration.ts';
import { readPublic, readSecret } from './secret.ts';

/** How the broker is reached, with what the named files hold at this moment. */
export interface BrokerAccess extends Pick<MqttConfiguration, 'url' | 'clientId' | 'username'> {
  readonly password?: string | undefined;
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly keepaliveSeconds: number;
}

/** Reads passwords and certificates anew for each connection; what is wrong with a file is said as the broker's fault. */
export async function connectionFiles(mqtt: MqttConfiguration): Promise<BrokerAccess> {
  const { url, clientId, username, keepaliveMs, passwordFile, caFile, certificateFile, keyFile } = mqtt;
  const read = async (reader: (file: string) => Promise<string>, file: string | undefined): Promise<string | undefined> =>
    file === undefined ? undefined : reader(file);
  try {
    const [password, ca, certificate, key] = await Promise.all([
      read(readSecret, passwordFile),
      read(readPublic, caFile),
      read(readPublic, certificateFile),
      read(readSecret, keyFile),
    ]);
    return { url, clientId, username, password, ca, certificate, key, keepaliveSeconds: Math.round(keepaliveMs / 1000) };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new PublishError({ where: error.where, what: error.what, remedy: error.remedy, fault: 'transient', cause: error });
  }
}
