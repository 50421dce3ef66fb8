import { actionsRunner } from './actions-runner.js';
import { aider } from './aider.js';
import { claude } from './claude.js';
import { claudeSquad } from './claude-squad.js';
import { cline } from './cline.js';
import { codex } from './codex.js';
import { conductor } from './conductor.js';
import { copilot } from './copilot.js';
import { crystal } from './crystal.js';
import type { Detector } from './detector.js';
import { devcontainers } from './devcontainers.js';
import { gastown } from './gastown.js';
import { gemini } from './gemini.js';
import { geminiSandbox } from './gemini-sandbox.js';
import { goose } from './goose.js';
import { mngr } from './mngr.js';
import { openclaw } from './openclaw.js';
import { opencode } from './opencode.js';
import { openhands } from './openhands.js';
import { openshell } from './openshell.js';
import { qwen } from './qwen.js';
import { sculptor } from './sculptor.js';
import { sweAgent } from './swe-agent.js';
import { uzi } from './uzi.js';
import { vibeKanban } from './vibe-kanban.js';

/** Every tool that is known. Where two know the same process, the first one names it. */
export const detectors: readonly Detector[] = [
  claude,
  codex,
  gemini,
  qwen,
  opencode,
  copilot,
  goose,
  cline,
  aider,
  openhands,
  sweAgent,
  devcontainers,
  geminiSandbox,
  actionsRunner,
  claudeSquad,
  vibeKanban,
  gastown,
  crystal,
  uzi,
  sculptor,
  conductor,
  openshell,
  openclaw,
  mngr,
];
