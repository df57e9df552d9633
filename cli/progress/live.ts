import {
  Listr,
  ListrLogger,
  ProcessOutput,
  type DefaultRenderer,
  type ListrTaskWrapper,
  type SimpleRenderer,
} from 'listr2';

import type { SyncEvent } from '../../delivery/index.js';
import type { RunEvent } from '../../runtime/api.js';
import { count, duration } from '../output.js';
import { landed, howFar, syncSummary } from './words.js';
import type { Progress } from './progress.js';

type Wrapper = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

/** One line of the list: begins when its turn comes, ends when told. */
class Phase {
  readonly done: Promise<void>;
  private wrapper: Wrapper | undefined;
  ended = false;
  private finish!: () => void;
  private fail!: (error: Error) => void;

  constructor(private title: string) {
    this.done = new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
    this.done.catch(() => undefined); // shown by the list; nobody else awaits it
  }

  task(): { title: string; task: (_: unknown, wrapper: Wrapper) => Promise<void>; rendererOptions: object } {
    return {
      title: this.title,
      task: (_, wrapper) => {
        this.wrapper = wrapper;
        wrapper.title = this.title;
        return this.done;
      },
      rendererOptions: { persistentOutput: true, outputBar: 8 },
    };
  }

  say(title: string): void {
    this.title = title;
    if (this.wrapper !== undefined) this.wrapper.title = title;
  }

  /** Says more beside the title, until something else is said. */
  beside(text: string): void {
    if (this.wrapper !== undefined && !this.ended) this.wrapper.title = `${this.title} · ${text}`;
  }

  /** A line below, which stays. */
  keep(text: string): void {
    if (this.wrapper !== undefined) this.wrapper.output = text;
  }

  /** The first end counts. */
  end(title: string, failed = false): void {
    if (this.ended) return;
    this.ended = true;
    this.say(title);
    if (failed) this.fail(new Error(title));
    else this.finish();
  }
}

/** A list of phases that redraws itself. */
class Live {
  private readonly running: Promise<unknown>;

  constructor(
    stream: NodeJS.WriteStream,
    readonly phases: readonly Phase[],
  ) {
    const list = new Listr(
      phases.map((p) => p.task()),
      {
        concurrent: false,
        exitOnError: false,
        collectErrors: false,
        rendererOptions: {
          showErrorMessage: false,
          collapseErrors: false,
          logger: new ListrLogger({
            useIcons: false,
            toStderr: [],
            processOutput: new ProcessOutput(stream, stream, { leaveEmptyLine: false }),
          }),
        },
      },
    );
    this.running = list.run().catch(() => undefined);
  }

  /** The first that has not ended: one goes on at a time. */
  get current(): Phase | undefined {
    return this.phases.find((phase) => !phase.ended);
  }

  async end(): Promise<void> {
    for (const phase of this.phases) phase.end('not reached', true); // those that ended stay as they are
    await this.running;
  }
}

/** What goes on, redrawn in place. */
export class LiveProgress implements Progress {
  private readonly land = new Phase('Land sources');
  private readonly profiles = new Phase('Profiles');
  private readonly compute = new Phase('Compute');
  private readonly publish = new Phase('Publish');
  private live: Live | undefined;
  private failures = 0;
  private readonly deliver = new Phase('Deliver');
  private sending: Live | undefined;
  private undelivered = false;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  run(event: RunEvent): void {
    switch (event.event) {
      case 'run_started': {
        const phases = [...(event.sources > 0 ? [this.land] : []), this.profiles, this.compute, this.publish];
        this.live = new Live(this.stream, phases);
        return;
      }
      case 'landing_started':
        return this.land.say(`Land ${event.source} ${counted(event)}`);
      case 'landing_finished':
        this.land.keep(`${event.source}: ${landed(event)}`);
        if (event.index === event.total)
          this.land.end(`Landed ${event.total === 1 ? event.source : `${event.total} sources`}`);
        return;
      case 'profiles_started':
        this.land.end('Landed');
        return;
      case 'profiles_finished':
        return this.profiles.end(`Profiles ${dim(event.duration_ms)}`);
      case 'definition_started':
        this.profiles.end('Profiles');
        return this.compute.say(`Compute ${counted(event)} ${event.key}`);
      case 'definition_failed':
        this.failures++;
        return this.compute.keep(`✖ ${event.key}: ${event.error.message}`);
      case 'definition_finished':
        return;
      case 'step_progress':
        return this.live?.current?.beside(howFar(event));
      case 'publish_started': {
        const failed = this.failures > 0 ? `, ${count(this.failures)} failed` : '';
        this.compute.end(`Computed ${count(event.definitions)}${failed}`, this.failures > 0);
        return this.publish.say('Publish');
      }
      case 'publish_finished':
        return this.publish.end(`Published ${count(event.definitions)} ${dim(event.duration_ms)}`);
      default:
        return;
    }
  }

  sync(event: SyncEvent): void {
    const phase = this.deliver;
    this.sending ??= new Live(this.stream, [phase]);
    switch (event.event) {
      case 'destination_started':
        return phase.say(`${event.destination} → ${event.where}`);
      case 'destination_progress':
        return phase.say(`${event.destination}: ${syncSummary(event)}`);
      case 'destination_finished':
        this.undelivered ||= event.error !== null;
        return phase.keep(`${event.error === null ? '✔' : '✖'} ${event.destination}: ${syncSummary(event)}`);
    }
  }

  async end(): Promise<void> {
    await this.live?.end();
    this.live = undefined;
    this.deliver.end(this.undelivered ? 'Delivered what was taken' : 'Delivered', this.undelivered);
    await this.sending?.end();
    this.sending = undefined;
  }
}

function counted({ index, total }: { readonly index: number; readonly total: number }): string {
  return `${count(index)}/${count(total)}`;
}

function dim(ms: number): string {
  return `in ${duration(ms)}`;
}
