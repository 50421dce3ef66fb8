import { describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import type { Hold } from '../../../lib/agents/latch.js';
import type { TrailPage } from '../../../lib/audit/read.js';
import type { auditEntry, auditPage } from '../../../lib/client/audit-page.js';
import { clientShapes } from '../../../lib/client/client-shapes.js';
import { shapes } from '../../../lib/client/command-shapes.js';
import type { health } from '../../../lib/client/health.js';
import type { hold } from '../../../lib/client/latch-status.js';
import type { dismissal } from '../../../lib/client/operation-status.js';
import type { problem } from '../../../lib/client/problem.js';
import type { agentReceipt, layerOutcome, receipt } from '../../../lib/client/receipt.js';
import { agentIn } from '../../../lib/client/responses.js';
import { answer, reliedOn, type Stated, word } from '../../../lib/client/schema.js';
import type { AuditEntry } from '../../../lib/domain/audit-entry.js';
import type { Problem } from '../../../lib/domain/errors.js';
import type { AgentReceipt, LayerOutcome, Receipt } from '../../../lib/domain/outcome.js';
import type { Health } from '../../../lib/ports/runtime.js';
import type { Dismissed } from '../../../lib/stop/dismiss.js';

describe('the schemas of answers', () => {
  it('say what the core says, member by member', () => {
    expectTypeOf<Stated<typeof layerOutcome>>().toEqualTypeOf<LayerOutcome>();
    expectTypeOf<Stated<typeof agentReceipt>>().toEqualTypeOf<AgentReceipt>();
    // What only a gateway adds is not the core's to say.
    expectTypeOf<Omit<Stated<typeof receipt>, 'origins'>>().toEqualTypeOf<Omit<Receipt, never>>();
    expectTypeOf<Stated<typeof auditEntry>>().toEqualTypeOf<AuditEntry>();
    expectTypeOf<Stated<typeof auditPage>>().toEqualTypeOf<TrailPage>();
    expectTypeOf<Stated<typeof hold>>().toEqualTypeOf<Omit<Hold, 'operationId'>>();
    expectTypeOf<Stated<typeof dismissal>>().toEqualTypeOf<Dismissed>();
    expectTypeOf<Stated<typeof health>>().toEqualTypeOf<Health>();
    expectTypeOf<Stated<typeof problem>>().toEqualTypeOf<Readonly<Problem>>();
  });
});

describe('the receipt of a kill', () => {
  const outline = { message: 'm', operationId: 'o1', verified: false };

  it('has the part of one agent', () => {
    const whole = { ...outline, agentId: 'a1', pending: [], outcomes: [] };
    expect(agentIn(whole)).toEqual([whole]);
  });

  it('has no part while nothing is known of the agent', () => {
    expect(agentIn(outline)).toEqual([]);
    expect(shapes.kill.parse(outline)).toEqual(outline);
    expect(shapes.kill.safeParse({ ...outline, outcomes: [] }).success).toBe(false);
  });
});

describe('what is relied on in an answer', () => {
  const schema = answer({
    id: z.string(),
    word: word(['known']),
    note: z.string().exactOptional(),
    parts: z.array(answer({ name: z.string(), size: z.int().exactOptional() })),
  });

  it('is each member that is always there, however deep', () => {
    const whole = { id: 'a', word: 'known', parts: [{ name: 'b' }] };
    expect(reliedOn(schema).parse(whole)).toEqual(whole);
    for (const broken of [
      { ...whole, id: 1 },
      { ...whole, parts: [{}] },
      { id: 'a', parts: [] },
    ]) {
      expect(reliedOn(schema).safeParse(broken).success).toBe(false);
    }
  });

  it('is nothing of what a newer server, or another program, may say in its own way', () => {
    const odd = { id: 'a', word: 'newer', note: 5, parts: [{ name: 'b', size: 'large', more: 1 }], more: {} };
    expect(reliedOn(schema).parse(odd)).toEqual(odd);
  });

  it('is the ID alone in a record', () => {
    const odd = { agentId: 'a1', status: 7, labels: 'none', kill: [] };
    expect(clientShapes.agent.parse(odd)).toEqual(odd);
    expect(shapes.agents.parse({ agents: [odd] })).toEqual({ agents: [odd] });
    expect(clientShapes.agent.safeParse({ status: 'running' }).success).toBe(false);
  });
});
