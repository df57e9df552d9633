/** A count as people read it: 12,345. A locale's formatter would take as long to load as a small command does. */
export function figure(n: number): string {
  const [whole = '', ...fraction] = String(n).split('.');
  return [whole.replace(/\B(?=(\d{3})+$)/g, ','), ...fraction].join('.');
}
