import { styleText } from 'node:util';
import { printable } from '../printable.js';

type Format = Parameters<typeof styleText>[0];

/** Where the demonstration tells its story. */
export interface Terminal {
  title(text: string): void;
  section(text: string, aside?: string): void;
  /** A fact, under a name. */
  fact(name: string, text: string): void;
  line(text: string): void;
  /** Something that was looked for, and whether it was found so. */
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

/** Says nothing, for a story that is told as JSON. */
export const createSilentTerminal = (): Terminal => createTerminal({ write: () => undefined, colour: false });
