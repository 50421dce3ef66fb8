/** A port's own word on whether it works; `detail` may be shown. */
export interface Health {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
  /** It can stop what it sees all the same: `/readyz` says `degraded`, and this process stays in service. */
  readonly aside?: true;
}

export interface Probe {
  probe(): Promise<Health>;
}
