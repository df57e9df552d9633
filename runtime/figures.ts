/** A count as people read it: 12,345. */
export const figure = (n: number): string => n.toLocaleString('en-US');
