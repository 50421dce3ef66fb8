/**
 * Leaves the alternate screen, shows the cursor, and switches off mouse reports, focus reports and bracketed paste
 * (xterm's control sequences, DECSET): a program that was killed could not do it. The modes of the terminal itself Node
 * puts back by itself.
 */
const RESET = ['?1047l', '?25h', '?1000l', '?1002l', '?1003l', '?1004l', '?1006l', '?2004l', '0m']
  .map(sequence => `\u001b[${sequence}`)
  .join('');

export function resetScreen(): void {
  if (process.stderr.isTTY) process.stderr.write(`${RESET}\r`);
}
