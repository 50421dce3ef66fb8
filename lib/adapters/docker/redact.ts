const HIDDEN = '[redacted]';
const LIMIT = 1 << 20;

/** Names of settings whose values are secret, most likely. */
const SECRET_NAME =
  /secret|token|passw|passphrase|credential|private|cookie|session|signature|webhook|auth(?!or)|dsn|(^|[_.-])(pass|pwd|pw|pat|sas)([_.-]|$)|(^|[_.-]|api|access|encryption|master|ssh|gpg)_?key([_.-]|s?$)/i;

/**
 * Texts that are secret wherever they stand: a private key, the token formats of well-known services, a JWT. What is
 * searched is the agent's and may be long: each pattern begins at most once in a run of what it repeats, so that none
 * takes longer than the text is long.
 */
const SECRET_TEXT = [
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
  /(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
  /\b(sk|pk|rk|ghp|gho|ghu|ghs|ghr|glpat|xox[abeoprs]|whsec|npm|hf|pypi)[-_][\w-]{12,}/g,
  /\bgithub_pat_\w{20,}/g,
  /\b(AKIA|ASIA|AIza)[\w-]{12,}/g,
  /(?<=\b(bearer|basic)\s{1,8})(?<!\S)[\w.~+/=-]{8,}/gi,
];
/** The password in a URL. */
const URL_PASSWORD = /(?<![a-z0-9+.-])([a-z0-9+.-]+:\/\/[^\s/:@]*:)[^\s/@]+@/gi;
/** `--name=value` and `name=value`. */
const ASSIGNMENT = /^(-{0,2})([\w.-]+)=([\s\S]+)$/;
const FLAG = /^--?[\w.-]+$/;
/** A long value of letters and digits, as keys are. */
const OPAQUE = /^(?!\/)(?=.*\d)(?=.*[A-Za-z])[\w+/=-]{24,}$/;

function plain(text: string): string {
  const shown = SECRET_TEXT.reduce((rest, pattern) => rest.replace(pattern, HIDDEN), text);
  const [, dashes = '', name, value] = ASSIGNMENT.exec(shown) ?? [];
  if (name !== undefined && value !== undefined && SECRET_NAME.test(name))
    return `${dashes}${name}=${HIDDEN}`;
  return shown.replace(URL_PASSWORD, `$1${HIDDEN}@`);
}

/** `NAME=value`: here also what only looks like a key, for nothing else has to be read there. */
function variable(text: string): string {
  const [, name = '', value = ''] = /^([^=]*)=?([\s\S]*)$/.exec(text) ?? [];
  const isSecret = value !== '' && (SECRET_NAME.test(name) || OPAQUE.test(value));
  return `${name}=${isSecret ? HIDDEN : plain(value)}`;
}

/** In a list of arguments a secret may follow the flag that names it. */
const list = (items: readonly unknown[], one: (item: unknown) => unknown): unknown[] =>
  items.map((item, at) => {
    const before = items[at - 1];
    const isNamed = typeof before === 'string' && FLAG.test(before) && SECRET_NAME.test(before);
    return isNamed && typeof item === 'string' && !FLAG.test(item) ? HIDDEN : one(item);
  });

function clean(value: unknown, name: string): unknown {
  if (typeof value === 'string') return SECRET_NAME.test(name) && value !== '' ? HIDDEN : plain(value);
  if (Array.isArray(value)) {
    const isEnvironment = name === 'Env';
    return list(value, item =>
      isEnvironment && typeof item === 'string' ? variable(item) : clean(item, isEnvironment ? '' : name),
    );
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, clean(member, key)]));
}

/**
 * What the engine says of a container, as JSON of at most 1 MiB without what looks like a secret. It cannot know all
 * secrets: the file is for its owner alone all the same.
 */
export function redacted(described: unknown): string {
  const text = JSON.stringify(clean(described, ''), undefined, 2);
  return text.length <= LIMIT ? text : JSON.stringify({ left: 'it was too long' });
}
