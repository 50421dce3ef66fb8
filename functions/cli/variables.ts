/** A variable that only commands read, and what it is for, as `--help` and the settings reference say it. */
export interface CommandVariable {
  readonly name: string;
  readonly meaning: string;
}

export const configVariable: CommandVariable = {
  name: 'KILLSWITCH_CONFIG',
  meaning: 'the file (default: /etc/killswitch/killswitch.env, then ~/.config/killswitch/killswitch.env)',
};

/** Of the commands that ask a server. */
export const serverVariables: readonly CommandVariable[] = [
  {
    name: 'KILLSWITCH_URL',
    meaning: 'its URL (default: its unix socket on this host, KILLSWITCH_SOCKET, or else HOST and PORT)',
  },
  {
    name: 'KILLSWITCH_TOKEN',
    meaning: 'the credential; with KILLSWITCH_SECRET set to the server’s value, one is made for each request',
  },
];
