import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { temporaryDirectory } from '../services/agents.js';
import { findBinaries } from '../services/binaries.js';
import { afterFile } from '../services/registry.js';

export interface Relayed {
  /** What the server behind answered. */
  readonly status: number;
  readonly body: string;
  /** What was passed on instead. */
  readonly shown: number;
}

/** Passes requests on to another server, and notes what that one answers; may hide an answer behind a status. */
export async function startRelay(
  target: string,
  hide: (count: number) => number | undefined = () => undefined,
) {
  const relayed: Relayed[] = [];
  const relay = createServer(async (request, response) => {
    const { authorization = '', 'content-type': type = '' } = request.headers;
    const answer = await fetch(target + request.url, {
      method: 'POST',
      headers: { authorization, 'content-type': type },
      body: await text(request),
    });
    const body = await answer.text();
    const shown = hide(relayed.length) ?? answer.status;
    relayed.push({ status: answer.status, body, shown });
    response.writeHead(shown).end(body);
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  afterFile(() => {
    relay.closeAllConnections();
    relay.close();
  });
  return { url: `http://127.0.0.1:${(relay.address() as AddressInfo).port}`, relayed };
}

/** An Alertmanager that tells the webhook of every alert at once. `http`: its `http_config`, as YAML in one line. */
export async function startAlertmanager(webhook: string, http: string) {
  const folder = temporaryDirectory();
  const config = join(folder, 'alertmanager.yml');
  writeFileSync(
    config,
    `route: {receiver: killswitch, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
  - name: killswitch
    webhook_configs: [{url: '${webhook}', send_resolved: true, http_config: ${http}}]
`,
  );
  const options = [
    `--config.file=${config}`,
    `--storage.path=${folder}`,
    '--web.listen-address=127.0.0.1:0',
    '--cluster.listen-address=',
  ];
  const child = spawn(findBinaries(['alertmanager']).alertmanager, options, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  afterFile(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const said: string[] = [];
  const lines = createInterface(child.stderr);
  const address = await new Promise<string>((resolve, reject) => {
    lines.on('line', line => {
      said.push(line);
      const [, found] = /Listening on.* address=(\S+)/.exec(line) ?? [];
      if (found) resolve(found);
    });
    ended.then(() =>
      reject(new Error(`Alertmanager ended before it listened: ${said.slice(-3).join(' | ')}`)),
    );
  });
  return {
    /** Tells it of an alert, by version 2 of its API. */
    async alert(labels: object, more: object = {}): Promise<void> {
      const response = await fetch(`http://${address}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([{ labels: { alertname: 'TokensBurnt', ...labels }, ...more }]),
      });
      if (!response.ok) throw new Error(`Alertmanager refused the alert: ${await response.text()}`);
    },
  };
}
