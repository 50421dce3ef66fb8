import { html } from 'hono/html';

/** The states of the page of a kill link. */
export type LinkPage =
  | {
      readonly kind: 'confirm';
      readonly agentId: string;
      /** When the link expires: epoch seconds. */
      readonly exp: number;
    }
  | {
      readonly kind: 'result';
      readonly agentId: string;
      /** Of the answer to the kill. */
      readonly status: number;
      readonly message: string;
      /** Its processes were seen to be gone. */
      readonly verified: boolean;
    }
  /** Expired, used before, or not signed with the server's keys; the page does not say which. */
  | { readonly kind: 'invalid' }
  /** Not the token of a kill link. */
  | { readonly kind: 'notALink' };

const STYLE = `
:root { color-scheme: light dark; --ground: #f6f5f3; --ink: #1c1b1a; --soft: #6b6762; --red: #c8201a; --card: #fff; --line: #dcd8d2 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #161514; --ink: #f0eeeb; --soft: #a5a09a; --red: #e5443d; --card: #201e1d; --line: #3a3735 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 26rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem }
h1 { margin: 0 0 .5rem; font-size: 1.25rem; line-height: 1.3 }
p { margin: 0 0 1.25rem; color: var(--soft) }
p:last-child { margin: 0 }
code { font: .95em ui-monospace, monospace; color: var(--ink); overflow-wrap: anywhere }
button { width: 100%; padding: .9rem 1rem; border: 0; border-radius: .5rem; background: var(--red); color: #fff;
  font: 600 1.0625rem/1.2 system-ui, sans-serif; cursor: pointer }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px }
button:hover { filter: brightness(1.1) }
`;

const id = (agentId: string) => html`<code>${agentId}</code>`;

/** After 5xx the kill may have had an effect. */
const problemTitle = ({ agentId, status }: { readonly agentId: string; readonly status: number }) =>
  status < 500 ? html`Nothing was changed` : html`It is not known whether agent ${id(agentId)} was stopped`;

function titleAndContent(page: LinkPage) {
  switch (page.kind) {
    case 'confirm':
      return {
        title: html`Stop agent ${id(page.agentId)}?`,
        content: html`<p>It is killed at once; its work is kept. The link works once, until
            <time>${new Date(page.exp * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC</time>.</p>
          <form method="post"><button>Stop it now</button></form>`,
      };
    case 'result':
      if (page.status === 200) {
        const title = page.verified
          ? html`Agent ${id(page.agentId)} is dead`
          : html`Nothing of agent ${id(page.agentId)} was seen running`;
        return { title, content: html`<p>${page.message}.</p>` };
      }
      return page.status === 202
        ? {
            title: html`Accepted, not confirmed yet`,
            content: html`<p>${page.message}.</p><p>The server keeps trying until it has seen this done.</p>`,
          }
        : { title: problemTitle(page), content: html`<p>${page.message}.</p>` };
    case 'invalid':
      return {
        title: html`This link is not valid any more`,
        content: html`<p>It was used before, has expired, or was not made by this server. Nothing was done just now.
          This page does not know the result of an earlier press: ask the sender of the link, or ask for a new link.</p>`,
      };
    case 'notALink':
      return {
        title: html`This is not a kill link`,
        content: html`<p>A part of the address may be missing: copy the whole link.</p>`,
      };
  }
}

/** A page with one card and at most one button, without a script. */
export function renderLinkPage(page: LinkPage) {
  const { title, content } = titleAndContent(page);
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>killswitch</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>${content}</main></body>
</html>`;
}
