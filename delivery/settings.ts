/** Typed reading of a destination's settings. */
import type { SettingsProblem } from './destination.js';

type Settings = Readonly<Record<string, unknown>>;

/** A setting that is text and not empty, or undefined. */
export function textSetting(settings: Settings, name: string): string | undefined {
  const value = settings[name];
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** A setting that is a number, or what stands in for it. */
export function numberSetting(settings: Settings, name: string): number | undefined;
export function numberSetting(settings: Settings, name: string, otherwise: number): number;
export function numberSetting(settings: Settings, name: string, otherwise?: number): number | undefined {
  const value = settings[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

/** A setting that is an object of texts; empty when absent. */
export function textsSetting(settings: Settings, name: string): Readonly<Record<string, string>> {
  const value = settings[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((e): e is [string, string] => typeof e[1] === 'string'),
  );
}

/** The problem of a setting that has to be there and is not. */
export function required(settings: Settings, name: string, what: string): readonly SettingsProblem[] {
  if (textSetting(settings, name) !== undefined) return [];
  return [{ message: `settings.${name} is missing`, hint: `give ${what}`, setting: name }];
}
