/**
 * Spans of a run for OpenTelemetry, through its API alone: who wants them registers an SDK of theirs (`node --import`), and without
 * one nothing is done. What a failure says may hold values of rows, so spans have its kind and never its text.
 */
import { context, SpanStatusCode, trace, type Attributes, type Context, type Span } from '@opentelemetry/api';
import { UserError } from '../compiler/diagnostics/index.js';
import { StatementError } from '../dialects/warehouse.js';
import { Cancelled, failureOf } from './retry.js';
import { version } from './version.js';

/** A run does one thing after the other, so what is open at any moment is a stack. */
export class Tracing {
  private readonly tracer = trace.getTracer('rollcall', version);
  private here: Context = context.active();

  /** Does some work as a span below the one that is open. A failure marks it, and goes on. */
  async span<T>(name: string, attributes: Attributes, work: (span: Span) => Promise<T>): Promise<T> {
    const outside = this.here;
    const span = this.tracer.startSpan(name, { attributes }, outside);
    this.here = trace.setSpan(outside, span);
    try {
      return await context.with(this.here, () => work(span));
    } catch (error) {
      markFailed(span, kindOf(error));
      throw error;
    } finally {
      this.here = outside;
      span.end();
    }
  }

  /** Begins spans below the one that is open, of what one statement does for several; `end` ends them all. */
  together(
    name: string,
    each: readonly Attributes[],
  ): { end(attributes: Attributes, error?: unknown): void } {
    const here = trace.getSpan(this.here);
    // Of thousands of definitions, only if somebody listens.
    const spans =
      here?.isRecording() === true
        ? each.map((attributes) => this.tracer.startSpan(name, { attributes }, this.here))
        : [];
    return {
      end: (attributes, error) => {
        for (const span of spans) {
          span.setAttributes(attributes);
          if (error !== undefined) markFailed(span, kindOf(error));
          span.end();
        }
      },
    };
  }
}

/** Marks a span as failed. */
export function markFailed(span: Span, kind: string): void {
  span.setAttribute('error.type', kind);
  span.setStatus({ code: SpanStatusCode.ERROR, message: kind });
}

/** What went wrong, in a word of ours: `statement-refused`, `locked`, `cancelled`. */
export function kindOf(error: unknown): string {
  if (error instanceof Cancelled) return 'cancelled';
  if (error instanceof UserError) return error.diagnostics[0]?.code ?? 'error';
  const cause = error instanceof Error && error.cause instanceof StatementError ? error.cause : error;
  if (cause instanceof StatementError) return `statement-${failureOf(cause)}`;
  return error instanceof Error ? error.name : 'error';
}
