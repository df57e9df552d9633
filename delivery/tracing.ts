/**
 * Spans of a sync for OpenTelemetry, through its API alone. What a destination says when it refuses a message may repeat what the
 * message holds, so spans have counts and never texts.
 */
import { context, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api';
import type { Totals } from './courier.js';
import { version } from './version.js';

interface Synced {
  readonly status: string;
  readonly exit: number;
  readonly destinations: readonly unknown[];
}

interface Delivered extends Totals {
  readonly status: string;
  readonly waiting: number;
}

/** Does a sync as a span; its work is given the context for what is below it. */
export async function tracedSync<T extends Synced>(work: (below: Context) => Promise<T>): Promise<T> {
  return within('rollcall.sync', context.active(), async (span, below) => {
    const result = await work(below);
    span.setAttributes({
      'rollcall.status': result.status,
      'rollcall.destinations': result.destinations.length,
    });
    if (result.exit !== 0) markFailed(span, result.status);
    return result;
  });
}

/** Delivers to one destination as a span below. */
export async function tracedDestination<T extends Delivered>(
  { key, type }: { readonly key: string; readonly type: string },
  above: Context,
  work: () => Promise<T>,
): Promise<T> {
  return within('rollcall.destination', above, async (span) => {
    span.setAttributes({ 'rollcall.destination': key, 'rollcall.type': type });
    const result = await work();
    const { status, delivered, rejected, filtered, failed, waiting } = result;
    span.setAttributes({
      'rollcall.status': status,
      'rollcall.delivered': delivered,
      'rollcall.rejected': rejected,
      'rollcall.filtered': filtered,
      'rollcall.failed': failed,
      'rollcall.waiting': waiting,
    });
    if (status === 'failed' || status === 'stopped') markFailed(span, status);
    return result;
  });
}

async function within<T>(
  name: string,
  above: Context,
  work: (span: Span, below: Context) => Promise<T>,
): Promise<T> {
  // Asked for each time: a tracer stays with the provider there was when it was used first.
  const span = trace.getTracer('rollcall', version).startSpan(name, {}, above);
  const below = trace.setSpan(above, span);
  try {
    return await context.with(below, () => work(span, below));
  } catch (error) {
    markFailed(span, error instanceof Error ? error.name : 'error');
    throw error;
  } finally {
    span.end();
  }
}

function markFailed(span: Span, kind: string): void {
  span.setAttribute('error.type', kind);
  span.setStatus({ code: SpanStatusCode.ERROR, message: kind });
}
