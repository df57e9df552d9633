/** Jobs: the one way statements are run. Each has an id of ours, so that a lost answer can be asked for again. */
import { randomUUID } from 'node:crypto';
import type { BigQuery, Job } from '@google-cloud/bigquery';
import type { CallOptions } from '../warehouse.js';
import { errorOf, isDuplicate, isLost, isMissing } from './errors.js';
import { jobLabels } from './labels.js';
import type { BigQuerySettings } from './settings.js';
import type { ApiRow, Field } from './values-out.js';

/** How long one request waits for a job before it asks again. */
const WAIT_MS = 10_000;
const PAGE_ROWS = 10_000;

/** A page of a finished job's result. */
export interface Page {
  readonly fields: readonly Field[];
  readonly rows: readonly ApiRow[];
  readonly next?: string;
  readonly rowsChanged?: number;
  /** Read for the statement, by the columns it names. */
  readonly bytes?: number;
}

/** What a job's statistics say; only what is looked at. */
export interface JobStatistics {
  readonly sessionInfo?: { readonly sessionId?: string };
  readonly totalBytesProcessed?: string;
  readonly query?: {
    readonly schema?: { readonly fields?: readonly Field[] };
    readonly totalBytesProcessed?: string;
  };
}

interface QueryResults {
  readonly jobComplete?: boolean;
  readonly schema?: { readonly fields?: readonly Field[] };
  readonly rows?: readonly ApiRow[];
  readonly pageToken?: string;
  readonly numDmlAffectedRows?: string;
  readonly totalBytesProcessed?: string;
}

export interface JobOptions extends CallOptions {
  readonly session?: string | undefined;
  readonly createSession?: boolean;
  /** One of ours that nobody else has; made up unless given. */
  readonly jobId?: string;
  readonly dryRun?: boolean;
}

export class Jobs {
  /** Where jobs ran so far: a session's have to run where it is. */
  #location: string | undefined;

  constructor(
    private readonly client: BigQuery,
    private readonly settings: BigQuerySettings,
  ) {
    this.#location = settings.location;
  }

  /** Starts a statement. */
  async start(sql: string, options: JobOptions = {}): Promise<Job> {
    options.signal?.throwIfAborted();
    const { session, createSession, dryRun, labels, jobId = `rollcall_${randomUUID()}` } = options;
    const request = {
      query: sql,
      useLegacySql: false,
      labels: jobLabels(labels),
      ...(!dryRun && { jobId }),
      ...(dryRun && { dryRun }),
      ...(this.#location !== undefined && { location: this.#location }),
      ...(this.settings.maximumBytesBilled !== undefined && {
        maximumBytesBilled: this.settings.maximumBytesBilled,
      }),
      ...(createSession && { createSession }),
      ...(session !== undefined && { connectionProperties: [{ key: 'session_id', value: session }] }),
    };
    try {
      const [job] = await this.client.createQueryJob(request);
      this.#location ??= job.location;
      return job;
    } catch (error) {
      const known = dryRun || !(isLost(error) || isDuplicate(error)) ? undefined : await this.find(jobId);
      if (known) return known;
      throw errorOf(error, sql);
    }
  }

  /** The job of an id, if there is one: a request that should have made it may have been lost, or its answer. */
  async find(jobId: string): Promise<Job | undefined> {
    try {
      const at = this.#location === undefined ? {} : { location: this.#location };
      const [job] = (await this.client.job(jobId, at).get()) as unknown as [Job];
      return job;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw errorOf(error, '');
    }
  }

  /** Waits for a job and gives the first page of its result; cancels it when told to stop. */
  async result(job: Job, sql: string, { signal }: CallOptions = {}): Promise<Page> {
    const cancel = (): void => void job.cancel().catch(() => undefined);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      for (;;) {
        signal?.throwIfAborted();
        const answer = await this.#ask(job, { timeoutMs: WAIT_MS });
        if (answer.jobComplete !== false) return pageOf(answer);
      }
    } catch (error) {
      throw errorOf(error, sql);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** A later page. */
  async page(job: Job, sql: string, token: string): Promise<Page> {
    try {
      return pageOf(await this.#ask(job, { pageToken: token }));
    } catch (error) {
      throw errorOf(error, sql);
    }
  }

  /** The rows as they are sent: nothing has become a float, or an object, on its way. */
  #ask(job: Job, query: Record<string, string | number>): Promise<QueryResults> {
    const { location } = job;
    const request = {
      uri: `/queries/${String(job.id)}`,
      qs: {
        ...query,
        maxResults: PAGE_ROWS,
        'formatOptions.useInt64Timestamp': true,
        ...(location !== undefined && { location }),
      },
    };
    return new Promise((resolve, reject) => {
      this.client.request(request, (error: Error | null, answer: unknown) => {
        if (error) reject(error);
        else resolve(answer as QueryResults);
      });
    });
  }

  /** What the engine says of a job. */
  async statistics(job: Job, sql: string): Promise<JobStatistics> {
    try {
      const known = job.metadata as
        { statistics?: JobStatistics; configuration?: { dryRun?: boolean } } | undefined;
      // A dry run is no job that could be asked for again.
      if (known?.configuration?.dryRun) return known.statistics ?? {};
      const [metadata] = (await job.getMetadata()) as unknown as [{ statistics?: JobStatistics }];
      return metadata.statistics ?? {};
    } catch (error) {
      throw errorOf(error, sql);
    }
  }
}

function pageOf({ schema, rows, pageToken, numDmlAffectedRows, totalBytesProcessed }: QueryResults): Page {
  return {
    fields: schema?.fields ?? [],
    rows: rows ?? [],
    ...(pageToken !== undefined && pageToken !== '' && { next: pageToken }),
    ...(numDmlAffectedRows !== undefined && { rowsChanged: Number(numDmlAffectedRows) }),
    ...(totalBytesProcessed !== undefined && { bytes: Number(totalBytesProcessed) }),
  };
}
