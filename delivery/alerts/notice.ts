/** What a channel is told, in words. */

/** Something an alert is on about, or something that is over. */
export interface NoticeItem {
  readonly alert: string;
  /** `definition`, `destination` or `project`, and its key. */
  readonly of: string;
  readonly key: string;
  readonly message: string;
  /** When it began, of what is over. */
  readonly since?: string;
}

/** What a channel is told at once. */
export interface Notice {
  readonly project: string;
  readonly target: string;
  /** ISO instant. */
  readonly at: string;
  readonly firing: readonly NoticeItem[];
  readonly recovered: readonly NoticeItem[];
}

/** One line that says how much there is. */
export function subjectLine({ project, target, firing, recovered }: Notice): string {
  const parts = [
    ...(firing.length > 0 ? [`${firing.length} ${firing.length === 1 ? 'alert' : 'alerts'}`] : []),
    ...(recovered.length > 0 ? [`${recovered.length} recovered`] : []),
  ];
  // What is quoted may hold line ends, and a subject is one line.
  return `Rollcall ${project} (${target}): ${parts.join(', ')}`.replace(/\s+/g, ' ');
}

/** A line for each thing. */
export const lines = ({ firing, recovered }: Notice): readonly string[] => [
  ...firing.map(({ alert, message }) => `[${alert}] ${message}`),
  ...recovered.map(({ alert, message, since }) => `[${alert}] recovered: ${message} (since ${since ?? ''})`),
];
