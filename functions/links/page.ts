import { html } from 'hono/html';

/** What the page of a kill link says. */
export type Said =
  | { readonly kind: 'ask'; readonly agentId: string; readonly exp: number }
  | {
      readonly kind: 'done';
      readonly agentId: string;
      readonly status: number;
      readonly message: string;
      /** Its processes were seen to be gone. */
      readonly verified: boolean;
    }
  /** Expired, used before, or not signed by us: which of them is not told. */
  | { readonly kind: 'over' }
  | { readonly kind: 'none' };

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

/** Title and content of each. */
function words(said: Said) {
  switch (said.kind) {
    case 'ask':
      return {
        title: html`Stop agent ${id(said.agentId)}?`,
        content: html`<p>It is killed at once; its work is kept. The link is good once, until
            <time>${new Date(said.exp * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC</time>.</p>
          <form method="post"><button>Stop it now</button></form>`,
      };
    case 'done':
      if (said.status === 200) {
        const title = said.verified
          ? html`Agent ${id(said.agentId)} is dead`
          : html`Nothing of agent ${id(said.agentId)} was seen running`;
        return { title, content: html`<p>${said.message}.</p>` };
      }
      return said.status === 202
        ? {
            title: html`Accepted, not confirmed yet`,
            content: html`<p>${said.message}.</p><p>It goes on being tried until it is seen to be done.</p>`,
          }
        : { title: html`Nothing was changed`, content: html`<p>${said.message}.</p>` };
    case 'over':
      return {
        title: html`This link does not hold any more`,
        content: html`<p>It was used before, its time is over, or it was not made here. Nothing was done just now.
          What a press before this one came to is not known here: ask the sender of the link, or ask for a new one.</p>`,
      };
    case 'none':
      return { title: html`This is no kill link`, content: html`<p>A part of it may be missing.</p>` };
  }
}

/** One card, and at most one button; without a script. */
export function linkPage(said: Said) {
  const { title, content } = words(said);
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>killswitch</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>${content}</main></body>
</html>`;
}
