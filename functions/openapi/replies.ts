import { problem } from '../../lib/client/problem.js';
import { type ErrorCode, errorRegistry, KillswitchError, toProblem } from '../../lib/domain/errors.js';
import { reference } from './components.js';
import type { Content, Endpoint } from './endpoint.js';

/** All errors of an operation: its own, and those of every operation of its kind. */
export function errorsOf({ scope, body, errors = [] }: Endpoint): readonly ErrorCode[] {
  return [
    ...new Set<ErrorCode>([
      // On every path: a URL with a user name, or with a dot segment.
      ...(['invalid_request', 'invalid_agent_id'] as const),
      ...(scope ? (['unauthenticated', 'forbidden', 'too_many_failures'] as const) : []),
      ...(body ? (['body_too_large', 'unsupported_media_type'] as const) : []),
      ...errors,
      'internal',
      // A gateway without settings refuses everything.
      ...(errors.includes('origins_unavailable') ? (['unconfigured'] as const) : []),
    ]),
  ];
}

interface ReplyObject {
  readonly description: string;
  readonly headers?: object;
  readonly content?: Readonly<Record<string, object>>;
}

const contentOf = ({ schema, example, description }: Content): object => ({
  schema: schema ? reference(schema) : { type: 'string', ...(description && { description }) },
  example,
});

const headersOf = (headers: Readonly<Record<string, string>>): object =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );

const mapped = <T>(values: Readonly<Record<string, T>>, map: (value: T) => object) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));

const text = { type: 'string' };

/** The headers of some problems. */
const problemHeaders: Partial<Readonly<Record<ErrorCode, object>>> = {
  unauthenticated: {
    'www-authenticate': { description: 'Always `Bearer`.', required: true, schema: text },
  },
  too_many_failures: {
    'retry-after': {
      description: 'Seconds until a failed credential is answered with 401 again.',
      required: true,
      schema: text,
    },
  },
  busy: { 'retry-after': { description: 'Seconds; only with `busy`.', schema: text } },
};

function problemReply(codes: readonly ErrorCode[]): ReplyObject {
  const headers = Object.assign({}, ...codes.map(code => problemHeaders[code])) as object;
  const examples = codes.map(code => [code, { $ref: `#/components/examples/${code}` }]);
  return {
    ...(Object.keys(headers).length > 0 && { headers }),
    description: `${codes.map(code => `${errorRegistry[code].title} (\`${code}\`)`).join(', or: ')}.`,
    content: {
      'application/problem+json': { schema: reference(problem), examples: Object.fromEntries(examples) },
    },
  };
}

/** Every answer of an operation, by its status. */
export function repliesOf(endpoint: Endpoint): Readonly<Record<string, ReplyObject>> {
  const replies: Record<string, ReplyObject> = {};
  for (const [status, { description, content, headers }] of Object.entries(endpoint.replies)) {
    replies[status] = {
      description,
      ...(headers && { headers: headersOf(headers) }),
      ...(content && { content: mapped(content, contentOf) }),
    };
  }
  const codes = errorsOf(endpoint);
  for (const status of new Set(codes.map(code => errorRegistry[code].status))) {
    const { description, content, headers } = problemReply(
      codes.filter(code => errorRegistry[code].status === status),
    );
    const own = replies[status];
    replies[status] = {
      ...own,
      ...(headers && { headers }),
      description: own ? `${own.description} Or: ${description}` : description,
      content: { ...own?.content, ...content },
    };
  }
  return replies;
}

/** One example of each problem. */
export const problemExamples = (codes: Iterable<ErrorCode>): Readonly<Record<string, object>> =>
  Object.fromEntries(
    [...codes].map(code => [
      code,
      {
        summary: errorRegistry[code].title,
        value: toProblem(new KillswitchError(code), '0193525c-6b00-7c3e-a3a1-000000000001'),
      },
    ]),
  );
