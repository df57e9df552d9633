/** Typed reading of a destination's settings. */
import type { SettingsProblem } from './destination.js';
import { objectIn, type Json } from './json.js';

/** A setting that is text and not empty, or undefined. */
export function textSetting(settings: Json, name: string): string | undefined {
  const value = settings[name];
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** A setting that is a number, or what stands in for it. */
export function numberSetting(settings: Json, name: string): number | undefined;
export function numberSetting(settings: Json, name: string, otherwise: number): number;
export function numberSetting(settings: Json, name: string, otherwise?: number): number | undefined {
  const value = settings[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

/** How long an attempt may take, in milliseconds. */
export const timeoutOf = (settings: Json): number => numberSetting(settings, 'timeout_ms', 30_000);

/** A setting that is an object of texts; empty when absent. */
export function textsSetting(settings: Json, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(objectIn(settings, name) ?? {}).filter(
      (e): e is [string, string] => typeof e[1] === 'string',
    ),
  );
}

/** The problem of a setting that has to be there and is not. */
export function required(settings: Json, name: string, what: string): readonly SettingsProblem[] {
  if (textSetting(settings, name) !== undefined) return [];
  return [{ message: `settings.${name} is missing`, hint: `give ${what}`, setting: name }];
}
