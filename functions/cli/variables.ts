/** A variable that only commands read, and what it is for, as `--help` and the settings reference say it. */
export interface CommandVariable {
  readonly name: string;
  readonly meaning: string;
}

export const configVariable: CommandVariable = {
  name: 'KILLSWITCH_CONFIG',
  meaning: 'the file; if absent, /etc/killswitch/killswitch.env, or else that in ~/.config/killswitch',
};

/** Of the commands that ask a server. */
export const serverVariables: readonly CommandVariable[] = [
  {
    name: 'KILLSWITCH_URL',
    meaning:
      'where it listens; if absent, its unix socket on this host (KILLSWITCH_SOCKET), or HOST and PORT',
  },
  {
    name: 'KILLSWITCH_TOKEN',
    meaning: 'the credential; or, with KILLSWITCH_SECRET as the server has it, one is made for each request',
  },
];
