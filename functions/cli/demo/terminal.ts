import { styleText } from 'node:util';
import { printable } from '../printable.js';

type Format = Parameters<typeof styleText>[0];

/** What the demo prints. */
export interface Terminal {
  title(text: string): void;
  section(text: string, aside?: string): void;
  /** One line with a name before it. */
  fact(name: string, text: string): void;
  line(text: string): void;
  /** The result of a check. */
  check(what: string, held: boolean): void;
}

const NAME_WIDTH = 15;

export function createTerminal({
  write,
  colour,
}: {
  readonly write: (text: string) => void;
  readonly colour: boolean;
}): Terminal {
  const style = (format: Format, text: string): string =>
    colour ? styleText(format, printable(text), { validateStream: false }) : printable(text);
  const put = (text: string): void => write(`${text}\n`);
  return {
    title: text => put(style('bold', text)),
    section: (text, aside = '') => put(`\n${style('bold', text)}${aside && `  ${style('dim', aside)}`}`),
    fact: (name, text) => put(`  ${style('dim', name.padEnd(NAME_WIDTH))} ${printable(text)}`),
    line: text => put(`  ${printable(text)}`),
    check: (what, held) => put(`  ${held ? style('green', '✔') : style('red', '✘')} ${printable(what)}`),
  };
}

/** Prints nothing, for `--json`. */
export const createSilentTerminal = (): Terminal => createTerminal({ write: () => undefined, colour: false });
