/** What one look at the system found. */
export interface Check {
  /** stable name, for scripts */
  id: string
  state: 'ok' | 'warning' | 'failure' | 'skipped'
  /** what was seen, one clause */
  evidence: string
  /** the smallest thing that helps; `null` when nothing has to be done, or nothing can */
  mend: string | null
}

export const ok = (id: string, evidence: string): Check => ({
  id,
  state: 'ok',
  evidence,
  mend: null,
})

/** A run would measure, but worse than it could. */
export const warning = (id: string, evidence: string, mend: string | null): Check => ({
  id,
  state: 'warning',
  evidence,
  mend,
})

/** A run would not measure. */
export const failure = (id: string, evidence: string, mend: string | null): Check => ({
  id,
  state: 'failure',
  evidence,
  mend,
})

/** Not looked at, because of what came before. */
export const skipped = (id: string, evidence: string): Check => ({
  id,
  state: 'skipped',
  evidence,
  mend: null,
})
