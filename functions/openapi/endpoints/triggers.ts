import * as z from 'zod';
import { webhookAnswer } from '../../../lib/client/webhook-answer.js';
import { chatAnswer } from '../../chatops/answers.js';
import { type Endpoint, json, type Reply } from '../endpoint.js';
import * as examples from '../examples.js';

/** The values of the path parameter; a test compares them with the routes. */
export const webhookSources = [
  'standard',
  'github',
  'alertmanager',
  'grafana',
  'pagerduty',
  'sentry',
] as const;
export const chatPlatforms = ['slack', 'discord', 'mattermost'] as const;

const page = (description: string, text: string): Reply => ({
  description,
  content: {
    'text/html': {
      description: 'A page for a person.',
      example: `<!doctype html><title>killswitch</title><h1>${text}</h1>`,
    },
  },
});

const linkParams = z.object({
  token: z.string().describe('The single-use token that the link was made with.'),
});

const delivered = (status: number, receipt: object) => ({
  answers: [{ status, body: receipt }],
  ignored: [],
});

export const triggers: readonly Endpoint[] = [
  {
    operationId: 'receiveWebhook',
    method: 'post',
    path: '/hooks/{source}',
    tag: 'Triggers',
    summary: 'Stop agents through a webhook',
    description:
      'Accepts deliveries of the platforms that are set up, each with its own signature, and carries out the stops that they ask for. The same delivery sent again is the same operation.',
    params: z.object({ source: z.enum(webhookSources).describe('The platform that sends the delivery.') }),
    foreignBody: { 'application/json': 'A delivery in the format of the platform, as it was signed.' },
    replies: {
      200: json(
        'What came of each stop, or that the delivery asks for nothing.',
        webhookAnswer,
        delivered(200, examples.killReceipt),
      ),
      202: json(
        'Accepted, and something is not confirmed yet.',
        webhookAnswer,
        delivered(202, examples.openKillReceipt),
      ),
      503: json('A stop could not be carried out: send the delivery again.', webhookAnswer, {
        answers: [],
        ignored: [],
      }),
    },
    errors: [
      'invalid_request',
      'unauthenticated',
      'not_found',
      'body_too_large',
      'too_many_failures',
      'busy',
      'unconfigured',
    ],
  },
  {
    operationId: 'receiveChatCommand',
    method: 'post',
    path: '/chatops/{platform}',
    tag: 'Triggers',
    summary: 'Stop agents from a chat',
    description:
      'Accepts slash commands and buttons of the chats that are set up, each with its own signature. The chat shows the answer at once, and the result of a stop later.',
    params: z.object({ platform: z.enum(chatPlatforms).describe('The chat that sends the request.') }),
    foreignBody: {
      'application/json': 'An interaction in the format of the platform, as it was signed.',
      'application/x-www-form-urlencoded': 'A command in the format of the platform, as it was signed.',
    },
    replies: {
      200: json('What the chat shows; empty if the platform needs no answer.', chatAnswer, { type: 1 }),
    },
    errors: [
      'invalid_request',
      'unauthenticated',
      'not_found',
      'body_too_large',
      'too_many_failures',
      'busy',
      'unconfigured',
    ],
  },
  {
    operationId: 'showKillLink',
    method: 'get',
    path: '/links/{token}',
    tag: 'Triggers',
    summary: 'Show the page of a kill link',
    description: 'A page with one button, which says which agent it stops. Looking at it changes nothing.',
    params: linkParams,
    replies: {
      200: page('The agent that it would stop.', 'Stop agent a1?'),
      404: page('It is not a kill link.', 'This is not a kill link'),
      410: page('The link has expired.', 'This link is not valid any more'),
    },
    errors: ['unconfigured'],
  },
  {
    operationId: 'useKillLink',
    method: 'post',
    path: '/links/{token}',
    tag: 'Triggers',
    summary: 'Stop the agent of a kill link',
    description: 'Stops the agent that the single-use token is for. The link works once.',
    params: linkParams,
    replies: {
      200: page('The agent is stopped.', 'Agent a1 is dead'),
      202: page('Accepted, and not confirmed yet.', 'Accepted, not confirmed yet'),
      400: page('The status of the agent does not allow it.', 'Nothing was changed'),
      401: page('It was used before, has expired, or was not made here.', 'This link is not valid any more'),
      403: page('The token does not allow it.', 'Nothing was changed'),
      404: page('It is not a kill link, or there is no such agent.', 'This is not a kill link'),
      409: page('The record of the agent kept changing meanwhile.', 'Nothing was changed'),
      429: page('As 401, after too many from one network.', 'This link is not valid any more'),
      500: page('Internal error.', 'It is not known whether agent a1 was stopped'),
      503: page('The stop could not be forwarded.', 'It is not known whether agent a1 was stopped'),
    },
    errors: ['unconfigured'],
  },
];
