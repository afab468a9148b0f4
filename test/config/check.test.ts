import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkCommand } from '../../src/cli/check.ts';
import { brought, catalogueOf, fakes, folderOf, HEAD, WHOLE } from './support.ts';
import { HOSTILE } from '../support/hostile.ts';
import type { CodeIdVendor } from '../../src/core/code-id.ts';

const drivers = catalogueOf(fakes);

async function check(text: string, folder = folderOf(), scan?: string, codeIds?: CodeIdVendor): Promise<{ code: number; output: string }> {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, text);
  let output = '';
  const code = await checkCommand({ file, drivers, profileFolder: () => brought, scan: scan === undefined ? undefined : { text: scan, codeIds, year: 2026 }, write: (line) => { output += `${line}\n`; } });
  return { code, output: output.replaceAll(`${folder}/`, '') };
}

describe('tailgate check', () => {
  it('tells what will run and ends with 0', async () => {
    const text = `${HEAD}owner: { name: Field Services }
outbox: { sizeMax: 512 MiB }
devices:
  cab: { driver: scanner, port: { usb: { vendor: "0c2e", product: "0b6a" } } }
  generator: { driver: meter, port: "tcp://10.0.0.5:4001", address: 1, profile: genset, asset: { number: "11450" } }
`;
    const { code, output } = await check(text);
    expect(code).toBe(0);
    expect(output.replace(/\([0-9a-f]{12}\)/, '(HASH)')).toBe(`gateway.yaml (HASH)
gateway  truck-17 at bedford, owner Field Services
broker   mqtts://broker.example.com without a user, MQTT auto, delivered when the broker says so
outbox   /var/lib/tailgate, at most 512 MiB
device   cab: scanner on usb 0c2e:0b6a at 115200 8N1
           publishes to tailgate/v1/bedford/truck-17/scan/cab
device   generator: meter on tcp://10.0.0.5:4001
           profile genset, unverified: No device was read.
           asset 11450
           publishes to tailgate/v1/bedford/truck-17/reading/generator
OK
`);
  });

  it('says what is wrong and ends with 78', async () => {
    expect(await check(WHOLE.replace('scanner', 'scaner'))).toEqual({
      code: 78,
      output: `gateway.yaml: 1 problem
gateway.yaml:7:13  devices.cab.driver: there is no driver "scaner"; did you mean "scanner"?
     7 |     driver: scaner
       |             ^^^^^^
`,
    });
  });

  it.each([
    ['/nowhere/gateway.yaml', '/nowhere/gateway.yaml: there is no such file. Check the path'],
    ['/dev', '/dev: is a folder. Name a file'],
    ['/dev/zero', '/dev/zero: is larger than 1048576 bytes. Check that this is the right file'],
  ])('ends with 78 for %s', async (file, expected) => {
    const written: string[] = [];
    const code = await checkCommand({ file, drivers, profileFolder: () => brought, write: (text) => written.push(text) });
    expect({ code, written }).toEqual({ code: 78, written: [expected] });
  });

  it('does not wait for a pipe that nobody writes to', async () => {
    const folder = folderOf();
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const written: string[] = [];
    const code = await checkCommand({ file: join(folder, 'pipe'), drivers, profileFolder: () => brought, write: (text) => written.push(text) });
    expect({ code, written: written.join('').replaceAll(folder, '') }).toEqual({ code: 78, written: '/pipe: 1 problem\n/pipe  the file is empty' });
  });

  it('warns of files that are missing or readable by everybody, and ends with 0 all the same', async () => {
    const folder = folderOf({ password: 'x', 'own.key': 'x', 'own.pem': 'x' });
    chmodSync(join(folder, 'password'), 0o644);
    chmodSync(join(folder, 'own.key'), 0o640);
    chmodSync(join(folder, 'own.pem'), 0o644);
    const keys = `  username: truck\n  passwordFile: ${folder}/password\n  caFile: ${folder}/ca.pem\n  certificateFile: ${folder}/own.pem\n  keyFile: ${folder}/own.key\n`;
    const { code, output } = await check(WHOLE.replace('devices:', `${keys}devices:`), folder);
    expect(code).toBe(0);
    expect(output.split('\n').filter((line) => line.startsWith('warning'))).toEqual([
      'warning: mqtt.passwordFile: everybody on this machine may read this secret; run `chmod o-r password`',
      'warning: mqtt.caFile: ca.pem does not exist on this machine',
    ]);
  });

  it.each([
    ['WO-4711', ['scan     WO-4711', 'role work-order', 'identity WO-4711', 'answered as stored']],
    [']C1800406141415678\\x1d21A', ['scan     800406141415678\\u{1d}21A', 'symbology GS1-128', '(21) A', '(8004) 06141415678', 'role asset', 'identity (8004)06141415678', 'answered as stored']],
    [']d20109521234567882<GS>10\u001b[31m', ['role unknown', 'problem: AI 10: character 1 “\\u{1b}” is not in', 'answered as questioned']],
    ['\u202eHELLO', ['scan     \\u{202e}HELLO', 'role unknown']],
    ['WO-4711', ['context work order WO-4711 for the scans after it']],
    [`WO-\u202e${'9'.repeat(200)}`, ['context ends work order for the scans after it', 'problem: the code is empty or too long', 'answered as questioned']],
    ['WO-1\u001b[31m', ['context ends work order for the scans after it', 'answered as questioned']],
    ['TG!REPAIR', ['role command', 'identity none', 'command Repair: I begin to repair.', 'context activity repair for the scans after it', 'answered as stored']],
    ['TG!END-JOB', ['command End of job', 'context ends work order, location, activity for the scans after it']],
    ['TG!UNDO', ['command Undo the last scan', 'answered as stored when there is a scan to undo, otherwise as questioned']],
    ['TG!STATUS', ['answered as stored when everything is delivered, otherwise as questioned']],
    ['TG!DANCE', ['role command', 'problem: there is no such command code', 'answered as questioned']],
  ])('shows what the rules make of %j, and nothing that a terminal would obey', async (scan, expected) => {
    const { code, output } = await check(`${WHOLE}scans:\n  rules:\n    - { role: asset, ai: "8004" }\n    - { role: work-order, prefix: WO- }\n`, folderOf(), scan);
    expect(code).toBe(0);
    for (const line of expected) expect(output).toContain(line);
    expect(output).not.toMatch(/[^ -~\n“”]/);
  });

  it('takes the code id of a maker who is named off a code, and says what it means', async () => {
    expect((await check(WHOLE, folderOf(), 'd9521234567882', 'honeywell')).output).toContain('scan     9521234567882\n           symbology EAN-13\n           (01) 09521234567882  GTIN\n');
    expect((await check(WHOLE, folderOf(), '?9521234567882', 'honeywell')).output).toContain('problem: "?" is none of the code ids that are known of honeywell\n           answered as questioned');
    expect((await check(WHOLE, folderOf(), 'd9521234567882')).output).toContain('scan     d9521234567882\n');
  });

  it('shows the elements of a code in its order, those that stand there twice too', async () => {
    const { output } = await check(WHOLE, folderOf(), ']d20109521234567882<GS>21A<GS>17261231<GS>10LOT<GS>10OTHER');
    expect(output.split('\n').filter((line) => /^ +\(/.test(line)).map((line) => line.trim().split('  ')[0])).toEqual(['(01) 09521234567882', '(21) A', '(17) 261231', '(10) LOT', '(10) OTHER']);
    expect((await check(WHOLE, folderOf(), 'https://x.example/01/09521234567882/10/LOT?17=261231')).output).toMatch(/\(01\).*\n.*\(10\).*\n.*\(17\)/);
  });

  it('says what elements and the modifier of an identifier mean, and which days dates stand for', async () => {
    const spoken = async (code: string): Promise<readonly string[]> => (await check(WHOLE, folderOf(), code)).output.split('\n').map((line) => line.trim());
    const dated = await spoken(']d20109521234567882172611007007260101260200<GS>11260230');
    for (const line of ['(01) 09521234567882  GTIN', '(17) 261100  USE BY or EXPIRY, 2026-11-30', '(7007) 260101260200  HARVEST DATE', '(11) 260230  PROD DATE']) expect(dated).toContain(line);
    expect(await spoken(']C101095212345678827007260101260131')).toContain('(7007) 260101260131  HARVEST DATE, 2026-01-01, 2026-01-31');
    expect(await spoken(']C1010952123456788270037512312359')).toContain('(7003) 7512312359  EXPIRY TIME, 2075-12-31');
    expect(await spoken(']A3PUMP')).toContain('symbology Code 39, check character verified and left out');
    expect(await spoken(']X0PUMP')).toContain('symbology other');
  });

  it('shows hostile codes of any length as short, inert lines', async () => {
    const rules = 'scans:\n  rules:\n    - { role: badge, prefix: "<" }\n    - { role: asset, pattern: ".*" }\n';
    for (const code of HOSTILE) {
      const { code: exitCode, output } = await check(`${WHOLE}${rules}`, folderOf(), Buffer.from(code).toString('utf8'));
      expect(exitCode).toBe(0);
      expect(output).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
      for (const line of output.split('\n')) expect(line.length).toBeLessThan(1000);
    }
  });
});
