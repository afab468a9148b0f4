import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { GatewayProcess } from '../../demo/gateway-process.ts';
import { ask, socketPath } from '../../src/operations/control-socket.ts';
import { temporaryFolder } from './folders.ts';

/** What `tailgate status --json` says, as far as tests look at it. */
export interface GatewayStatus {
  readonly clock: string;
  readonly broker: { readonly connected: boolean; readonly why?: string };
  readonly outbox: { readonly waiting: { readonly scan: number; readonly meter: number }; readonly settled: number; readonly fault?: string };
  readonly devices: readonly { readonly device: string; readonly state: string; readonly why?: string; readonly readings: number; readonly frames: number; readonly refused: number; readonly repeats: number; readonly discarded: Readonly<Record<string, number>> }[];
  readonly led?: { readonly state: string; readonly why?: string };
  readonly radio?: { readonly state: string; readonly why?: string; readonly starts: number; readonly heard: number };
  readonly alarms: readonly string[];
}

/** A configured gateway for the running test: the built program as a process, with its outbox in a folder of its own. */
export class TestGateway extends GatewayProcess {
  readonly outbox: string;
  readonly configurationFile: string;
  readonly logFile: string;

  private constructor(parts: { configurationFile: string; logFile: string; outbox: string }) {
    super(parts);
    this.outbox = parts.outbox;
    this.configurationFile = parts.configurationFile;
    this.logFile = parts.logFile;
  }

  /** Writes the configuration; `mqtt`, `scans`, `ble`, `more` (other sections by name) and `devices` are YAML flow mappings' contents. */
  static make({ mqtt, ble, devices, scans = '', more = {}, folder = temporaryFolder() }: { readonly mqtt: string; readonly ble?: string; readonly devices: Readonly<Record<string, string>>; readonly scans?: string; readonly more?: Readonly<Record<string, string>>; readonly folder?: string }): TestGateway {
    const outbox = join(folder, 'outbox');
    const configurationFile = join(folder, 'gateway.yaml');
    const lines = Object.entries(devices).map(([name, options]) => `  ${name}: { ${options} }`);
    const sections = Object.entries(more).map(([name, content]) => `${name}: { ${content} }\n`);
    writeFileSync(configurationFile, `gateway: truck-17\nsite: bedford\nmqtt: { clockWait: 0 s, ${mqtt} }\noutbox: { directory: ${outbox} }\nscans: { ${scans} }\n${ble === undefined ? '' : `ble: { ${ble} }\n`}${sections.join('')}devices:\n${lines.join('\n')}\n`);
    const gateway = new TestGateway({ configurationFile, logFile: join(folder, 'gateway.log'), outbox });
    onTestFinished(async () => void (await gateway.end('SIGKILL')));
    return gateway;
  }

  /** Asks it how it is. */
  async status(): Promise<GatewayStatus> {
    return (await ask(socketPath(this.outbox), 'status')) as GatewayStatus;
  }

  /** Waits until every device is open. */
  async untilOpen(): Promise<void> {
    const isOpen = async (): Promise<boolean> => (await this.status()).devices.every(({ state }) => state === 'open');
    const look = (): Promise<boolean> => {
      if (this.hasEnded) throw new Error(`the gateway has ended: ${readFileSync(this.logFile, 'utf8').slice(-2000)}`);
      return isOpen().catch(() => false);
    };
    await vi.waitUntil(look, { timeout: 30_000, interval: 20 });
  }

  /** Waits until its status fulfils an expectation. */
  async until(expectation: (status: GatewayStatus) => void, timeout = 15_000): Promise<void> {
    await vi.waitFor(async () => expectation(await this.status()), { timeout, interval: 20 });
  }
}
