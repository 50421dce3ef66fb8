/** What a process has to show. Every member that is there has to hold. Never its name (comm): Node 24 overwrites it. */
export interface Clause {
  /** Matches the path of the executable, which is compared without ` (deleted)`. */
  readonly executable?: RegExp;
  /**
   * Matches the script that an interpreter (node, bun, deno, python) was started with, or `-m module`. An editor that
   * has the script open is no interpreter.
   */
  readonly script?: RegExp;
  /** Environment variables that it carries, whatever their values. */
  readonly environment?: readonly string[];
}

/** A process of the tool that is not the agent itself. */
export interface Role {
  /**
   * `daemon`: starts the others, and may start them again. `server`: does the work of several clients. `host`: holds the
   * terminal of one session. `spare`: waits to become a session. `hub`: passes on what others say.
   */
  readonly role: 'daemon' | 'server' | 'host' | 'spare' | 'hub';
  /** Its arguments: options stand anywhere among them, and other words come first, in this order. */
  readonly words: readonly string[];
  /** It starts a killed agent again after this long, in milliseconds: it has to be stopped first. */
  readonly respawns?: number;
  /** Where none of its clients is left it goes on with their work, and is then itself the agent. */
  readonly isAgent?: true;
  /** One process serves all agents of one home. */
  readonly shared?: 'home';
  /** First arguments of agents that do without it. */
  readonly without?: readonly string[];
}

/** What a container that the tool runs agents in has to show. Every member that is there has to hold. */
export interface ContainerClause {
  readonly name?: RegExp;
  /** `name`, or `name=value`. */
  readonly label?: string;
  readonly image?: RegExp;
  readonly command?: RegExp;
}

/**
 * How a tool is known by its processes and containers: data alone. No detector runs a program, and none reads more of a
 * process than /proc shows. `marks` and the like are `NAME`, or `NAME=prefix` where the value has to begin so.
 */
export interface Detector {
  /** As in the IDs of the agents that it finds: lower case letters, digits, hyphens. */
  readonly name: string;
  /** The tool as people call it. */
  readonly tool: string;
  /** The version that it was tried on. Absent: written after the tool's source, and what it finds says so. */
  readonly seen?: string;
  /**
   * `manager`: starts agents of other tools. What it starts are the findings, and their evidence names it. Default: `agent`.
   */
  readonly kind?: 'agent' | 'manager';
  /** The agent's own process: one of these holds. */
  readonly main?: readonly Clause[];
  /** What starts the main and passes signals to it, such as the script that npm installs. */
  readonly wrapper?: readonly Clause[];
  readonly roles?: readonly Role[];
  /** First arguments with which it is no agent, beside `--help` and `--version`. */
  readonly idle?: readonly string[];
  /** In the environment of all that the agent starts; usually not in its own. */
  readonly marks?: readonly string[];
  /** Other programs set the same ones, too: what carries them and lost its parent may not be this tool's. */
  readonly areMarksVague?: true;
  /** The variable among these whose value tells sessions apart. */
  readonly session?: string;
  /** The variable that holds the PID of the main. */
  readonly mainPid?: string;
  /** Where the tool keeps its state: the variable that says so, and the folder below the user's home if it is not set. */
  readonly home?: { readonly variable?: string; readonly folder: string };
  /** Where the tool says which session has which PID. */
  readonly sessionFiles?: {
    /** Below the tool's home, with `<pid>` and `<session>` where they stand. */
    readonly path: string;
    /** Members of the JSON text in it: what the path does not say, and the start time, to tell a file left behind. */
    readonly members?: { readonly session?: string; readonly pid?: string; readonly startTime?: string };
  };
  /** Where it puts worktrees, as the beginning of a path: from the root, from the user's home (`~/`), or below a repository. */
  readonly worktrees?: readonly string[];
  /** A container of the tool: one of these holds. */
  readonly containers?: readonly ContainerClause[];
  /**
   * Whether it went on after SIGSTOP and SIGCONT of its whole tree, without a terminal. An interactive one is only held
   * by its cgroup. Absent: not tried.
   */
  readonly pause?: 'signal' | 'cgroup';
}
