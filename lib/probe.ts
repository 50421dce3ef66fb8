/** A port's own word on whether it works; `detail` may be shown. */
export interface Health {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
  /** It can stop everything all the same without this. */
  readonly aside?: true;
}

export interface Probe {
  probe(): Promise<Health>;
}
